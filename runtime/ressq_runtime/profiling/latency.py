"""Latency of one stage: the samples themselves, and the figures one quotes of them.

Percentiles interpolate linearly between the two nearest samples (Hyndman and Fan's type 7), as numpy and
litert-benchmark do. The headline of MLPerf's single stream is p90.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Fewer samples hold less than ten beyond the 99th percentile: the figure would be one sample's luck.
FEWEST_FOR_P99 = 1000


@dataclass(frozen=True)
class LatencyProfile:
    """Wall-clock samples of one stage, milliseconds, in the order taken.

    stage       what was timed: `decode`, `inference`, ...
    first_ms    the first call, kept apart: it pays for page faults and lazy allocation, and averaging it in
                would hide both numbers
    samples_ms  the calls after the warm-up
    """

    stage: str
    first_ms: float
    samples_ms: tuple[float, ...]

    @property
    def count(self) -> int:
        """Number of samples, the first call left out."""
        return len(self.samples_ms)

    @property
    def mean_ms(self) -> float:
        """Arithmetic mean of the samples."""
        return fsum(self.samples_ms) / self.count

    @property
    def sd_ms(self) -> float:
        """Standard deviation estimated from the samples (divided by n - 1, as litert-benchmark does); 0 for one."""
        mean = self.mean_ms
        return sqrt(fsum((sample - mean) ** 2 for sample in self.samples_ms) / max(1, self.count - 1))

    @property
    def rounded_samples(self) -> list[float]:
        """The samples to a microsecond, as they are saved."""
        return [round(sample, 3) for sample in self.samples_ms]

    def percentile_ms(self, percent: float) -> float:
        """The value that `percent` per cent of the samples do not exceed."""
        return percentile(self.samples_ms, percent)

    def to_json(self) -> dict[str, float | int | None]:
        """The figures under litert-benchmark's keys; p99_ms is None below 1000 samples."""
        return {
            "warmup_first_ms": round(self.first_ms, 3),
            "num_runs": self.count,
            "avg_ms": round(self.mean_ms, 3),
            "min_ms": round(min(self.samples_ms), 3),
            "max_ms": round(max(self.samples_ms), 3),
            "median_ms": round(self.percentile_ms(50), 3),
            "std_ms": round(self.sd_ms, 3),
            "p90_ms": round(self.percentile_ms(90), 3),
            "p95_ms": round(self.percentile_ms(95), 3),
            "p99_ms": round(self.percentile_ms(99), 3) if self.count >= FEWEST_FOR_P99 else None,
        }


def percentile(samples: Sequence[float], percent: float) -> float:
    """The percentile of one or more samples, by linear interpolation between the two nearest.

    Raises:
        ValueError: no samples, or percent outside 0..100.
    """
    if not samples or not 0 <= percent <= 100:
        raise ValueError(f"found {len(samples)} samples and percent {percent}, wanted one or more and 0 to 100")
    ordered = sorted(samples)
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
