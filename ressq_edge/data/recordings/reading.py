"""All recordings of a data folder, read by the runtime's reader: of one rate, with the same channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from ressq_edge.errors import SplitError
from ressq_runtime.errors import RecordingError
from ressq_runtime.inputs.recording import RATE_TOLERANCE, Recording, read_recording
from ressq_runtime.inputs.series_spec import Channel

Values = NDArray[np.float32]  # (samples, channels)


def read_all(
    root: Path, names: Sequence[str], channels: Sequence[str], rate: float | None, tick: Callable[[], None]
) -> dict[str, Recording]:
    """Name -> recording; `tick` is called once each.

    Args:
        root: the data folder.
        names: of the recordings, relative to it.
        channels: to take; none: those of the first recording, which all must have.
        rate: of files that do not tell.
        tick: what it raises ends the reading.

    Raises:
        RecordingError: one can't be read, or lacks a channel.
    """
    found: dict[str, Recording] = {}
    for name in names:
        recording = read_recording(str(root / name), tuple(channels), rate)
        channels = channels or recording.names
        found[name] = recording
        tick()
    return found


def agree_on_rate(recordings: Mapping[str, Recording], asked: float | None, default: float | None = None) -> float:
    """Samples a second: those that most recordings have, or what was asked, else the default, where they tell none.

    Raises:
        SplitError: they differ, tell none and none was asked, or tell another than was asked.
    """
    told = {name: recording.rate for name, recording in recordings.items() if recording.rate}
    if not told:
        rate = asked or default
        if rate is None:
            raise SplitError(
                "the recordings: found no column of time, wanted one, or their rate; give --rate 50, say, in samples a "
                "second, or --window and --hop in samples where that does not matter"
            )
        return rate
    rate = asked or _round(median(told.values()))
    other = {name: found for name, found in told.items() if abs(found - rate) > RATE_TOLERANCE * rate}
    if other:
        name, found = next(iter(other.items()))
        if asked:
            raise SplitError(
                f"{name}: found {found:.4g} samples a second by its time, wanted --rate {asked:g}; leave --rate out: "
                "it is for files that do not tell"
            )
        raise SplitError(
            f"{name}: found {found:.4g} samples a second, wanted {rate:.4g} as most of {len(told)} recordings have; "
            f"{len(other)} differ: leave them out, or record them again"
        )
    return rate


def _round(rate: float) -> float:
    """To three digits, where that changes less than a clock may be wrong."""
    return float(f"{rate:.3g}")


def stretches_of(recording: Recording) -> list[Values]:
    """Its stretches without gaps, (samples, channels) each."""
    width = len(recording.names)
    return [np.frombuffer(stretch.values, np.float32).reshape(-1, width) for stretch in recording.stretches]


def measure_channels(recordings: Sequence[Recording]) -> tuple[Channel, ...]:
    """Mean, deviation and range of each channel over these recordings, which are those for training.

    Raises:
        RecordingError: a channel never changes.
    """
    values = np.concatenate([stretch for recording in recordings for stretch in stretches_of(recording)])
    found = values.astype(np.float64)
    first = recordings[0]
    constant = [name for name, spread in zip(first.names, found.std(0), strict=True) if not spread > 0]
    if constant:
        raise RecordingError(
            f"the training recordings: found the same value throughout in {', '.join(constant)}, wanted channels that "
            "tell something; take the column out of the files"
        )
    means, deviations, lows, highs = found.mean(0), found.std(0), found.min(0), found.max(0)
    return tuple(
        Channel(name, unit, *(float(f"{of[number]:.9g}") for of in (means, deviations, lows, highs)))
        for number, (name, unit) in enumerate(zip(first.names, first.units, strict=True))
    )
