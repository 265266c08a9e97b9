"""Whether the calibration set is large enough: each half of it has to make a file that answers like the other's."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ressq_export.formats.tflite_int8 import quantise_tflite
from ressq_export.network.ranges import Ranges
from ressq_export.progress import Screen
from ressq_export.quantization.gate import Gate
from ressq_export.quantization.quantizer import Candidate, Quantizer
from ressq_export.quantization.ranges import measure_ranges

# Share of answers. Halves of 32 to 512 pictures differ on 0.1 to 0.6 % on average, on 0.9 % at most (docs/int8.md).
MOST_APART = 0.02


@dataclass(frozen=True)
class CalibrationStability:
    """Two int8 `.tflite` files, with ranges from one half each of the calibration pictures, on the validation split.

    n: pictures that both answered.
    agreement: share of them with the same answer.
    difference: between their metric, a share, at least 0.
    width_ratio: how much wider one half's range is than the other's, where that is most; at least 1.
    tensor: where that is.
    """

    n: int
    agreement: float
    difference: float
    width_ratio: float
    tensor: str

    @property
    def stable(self) -> bool:
        """False where more than MOST_APART of the answers differ, and more than one."""
        return self.n - round(self.n * self.agreement) <= max(1, self.n * MOST_APART)

    def __str__(self) -> str:
        return (
            f"int8 hangs on the calibration pictures: with ranges from one half of them or the other "
            f"{1 - self.agreement:.1%} of the answers to {self.n} validation pictures differ ({self.tensor}: one range "
            f"is {self.width_ratio:.2f} times as wide)"
        )

    def to_json(self) -> dict[str, object]:
        """The card's `calibration.stability`, rounded to 6 digits."""
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(self).items()}


def measure_stability(
    candidate: Candidate, quantizer: Quantizer, halves: Sequence[Sequence[bytes]], gate: Gate, screen: Screen
) -> CalibrationStability | None:
    """What the choice of calibration pictures does to `int8.tflite`; None where there are no two halves.

    The float network stays as the steps left it; only the ranges are taken again, by the candidate's rule.

    Args:
        candidate: what the int8 files were made from.
        quantizer: what made it.
        halves: the calibration pictures as two lists, or none where they are too few.
        gate: knows the validation split.
        screen: shows how far it is.

    Raises:
        CalibrationError: a layer answers nothing but zero to one half.
        ConversionError: the quantizer failed.
    """
    if not halves:
        return None
    progress = screen.stage("calibration in two halves")
    network, folder = candidate.networks["tflite"], quantizer.new_folder()
    source = quantizer.float_file(network, "onnx")
    ranges = [measure_ranges(source, half, candidate.choose) for half in halves]
    paths = {name: folder / f"{name}.tflite" for name in ("first", "second")}
    for spreads, path in zip(ranges, paths.values(), strict=True):
        quantise_tflite(quantizer.float_file(network, "tflite"), spreads, path, quantizer.log)
    found = gate.measure_between(paths["first"], paths["second"], progress)
    return CalibrationStability(found.n, found.agreement, abs(found.drop), *_widest_ratio(*ranges))


def _widest_ratio(first: Ranges, second: Ranges) -> tuple[float, str]:
    ratios = {tensor: first[tensor].width / second[tensor].width for tensor in first}
    widest = max(ratios, key=lambda key: max(ratios[key], 1 / ratios[key]))
    return max(ratios[widest], 1 / ratios[widest]), widest
