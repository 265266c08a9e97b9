"""A window of a recording as a model's input: the contract, what `input` in a card says of it, and its fingerprint."""

from __future__ import annotations

from array import array
from math import isfinite
from time import perf_counter

from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.lean_stdlib import dump_json, sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from ressq_runtime.engines.tensor import TensorSpec
    from ressq_runtime.inputs.input_spec import Outputs, Say
    from ressq_runtime.inputs.recording import Recording
    from ressq_runtime.inputs.series_answer import RecordingAnswer, WindowPlaces

    Prepared = tuple[list[bytes], float, float, WindowPlaces]

MOST_LENGTH, MOST_CHANNELS, MOST_NAME, MOST_RATE = 65_536, 1024, 100, 1e6
_NUMBERS = ("mean", "deviation", "low", "high")
# Samples that share a value of the golden series, one noise on the other.
_CELLS = (32, 8, 1)


class Channel:
    """A column of a recording.

    name, unit: as in the recordings; "" for a unit that is not known.
    mean, deviation, low, high: of the training recordings, in that unit; the deviation is above 0.
    """

    __slots__ = ("deviation", "high", "low", "mean", "name", "unit")

    def __init__(
        self, name: str, unit: str = "", mean: float = 0.0, deviation: float = 1.0, low: float = 0.0, high: float = 0.0
    ) -> None:
        self.name = name
        self.unit = unit
        self.mean = float(mean)
        self.deviation = float(deviation)
        self.low = float(low)
        self.high = float(high)

    def to_json(self) -> dict[str, object]:
        """An entry of the card's `input.channels`."""
        return {key: getattr(self, key) for key in ("name", "unit", *_NUMBERS)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Channel) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Channel({', '.join(f'{key}={value!r}' for key, value in self.to_json().items())})"


class SeriesSpec:
    """The network's input: float32 [1, length, channels], the sensor's own values, row by row.

    length: of a window, samples; rate: samples a second; hop: from the start of a window to that of the next, samples.
    """

    __slots__ = ("channels", "hop", "length", "rate")
    noun, suffixes = "recording", "CSV or WAV recordings"

    def __init__(self, length: int, rate: float, hop: int, channels: Sequence[Channel]) -> None:
        self.length = length
        self.rate = float(rate)
        self.hop = hop
        self.channels = tuple(channels)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the channels, in their order."""
        return tuple(channel.name for channel in self.channels)

    @classmethod
    def read(cls, path: str, found: dict[str, object], tensors: Sequence[TensorSpec]) -> SeriesSpec:
        """The spec in a card's `input`, for a model with these inputs.

        Raises:
            ArtefactError: as `from_json`, or the model's input has another size.
            EngineError: it is not one of float32 values.
        """
        spec = cls.from_json(found, path)
        wanted = (1, spec.length, len(spec.channels))
        if len(tensors) != 1 or tensors[0].dtype != "float32":
            raise EngineError(
                f"{path}: found the input {'; '.join(map(str, tensors))}, wanted one of float32 {[*wanted]}; "
                "export it again"
            )
        if tensors[0].shape != wanted:
            raise ArtefactError(
                f"{path}: found an input of {[*tensors[0].shape]}, wanted the card's {[*wanted]}; export it again"
            )
        return spec

    @classmethod
    def from_json(cls, found: dict[str, object], path: str = "input") -> SeriesSpec:
        """The spec in a card's `input`.

        Raises:
            ArtefactError: a value is missing or out of its range, or the fingerprint is another.
        """
        length, rate, hop, channels = (found.get(key) for key in ("length", "rate", "hop", "channels"))
        if not (type(length) is int and type(hop) is int and 1 <= hop <= length <= MOST_LENGTH):
            raise _refuse(path, f"length {length!r:.20} and hop {hop!r:.20}", f"1 <= hop <= length <= {MOST_LENGTH}")
        if not (_is_number(rate) and 0 < rate <= MOST_RATE):  # type: ignore[operator]
            raise _refuse(path, f"rate {rate!r:.20}", f"more than 0 and at most {MOST_RATE:g}")
        if not (isinstance(channels, list) and 1 <= len(channels) <= MOST_CHANNELS):
            raise _refuse(path, "no list of channels", f"1 to {MOST_CHANNELS}")
        read = [_read_channel(channel, path) for channel in channels]
        if len({channel.name for channel in read}) < len(read):
            raise _refuse(path, "two channels of one name", "a name for each")
        spec = cls(length, float(rate), hop, read)  # type: ignore[arg-type]
        if found.get("fingerprint") != spec.fingerprint:
            raise _refuse(path, f"the fingerprint {found.get('fingerprint')!r:.70}", f"{spec.fingerprint!r}")
        return spec

    def to_json(self) -> dict[str, object]:
        """The card's `input`, fingerprint included."""
        return {"kind": "series", **self._contract(), "fingerprint": self.fingerprint}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the contract; equal fingerprints mean equal windows of every recording."""
        return sha256_hex(dump_json(self._contract(), compact=True).encode())

    def _contract(self) -> dict[str, object]:
        channels = [channel.to_json() for channel in self.channels]
        return {"length": self.length, "rate": self.rate, "hop": self.hop, "channels": channels}

    def prepare(self, source: str | bytes | Recording, clock: Callable[[], float] = perf_counter) -> Prepared:
        """The bytes of each window of a recording, the seconds to read and to cut it, and where the windows lie.

        Raises:
            RecordingError: it can't be read, has another rate, or is shorter than a window.
        """
        from ressq_runtime.inputs.series_answer import prepare

        return prepare(self, source, clock)

    def run(self, run: Callable[[bytes], Outputs], data: Sequence[bytes]) -> list[Outputs]:
        """The outputs of the model for each window."""
        return [run(window) for window in data]

    def answer(self, say: Say, outputs: Sequence[Outputs], places: WindowPlaces) -> RecordingAnswer:
        """What the task says of the mean of the windows' outputs, and of each."""
        from ressq_runtime.inputs.series_answer import answer

        return answer(say, outputs, places)

    def whole(self, outputs: Sequence[Outputs]) -> Outputs:
        """The mean of the windows' outputs."""
        from ressq_runtime.inputs.series_answer import average

        return average(outputs)

    def parts(self, outputs: Sequence[Outputs]) -> Sequence[Outputs]:
        """The outputs of each window."""
        return outputs

    def is_source(self, name: str) -> bool:
        """True for a recording's name."""
        from ressq_runtime.inputs.recording import is_recording

        return is_recording(name)

    def list_files(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The recordings below a folder, and its other files; each sorted by path."""
        from ressq_runtime.inputs.folders import list_files
        from ressq_runtime.inputs.recording import is_recording

        return list_files(folder, is_recording)

    def make_golden(self, seed: int) -> bytes:
        """The bytes of a golden window, the same on every machine: noise within two deviations of each channel's mean.

        Its steps are sixteenths of a deviation, made of integers; the rest is one product and one sum in double.
        """
        from ressq_runtime.inputs.noise import mix

        values = array("f")
        for row in range(self.length):
            for number, channel in enumerate(self.channels):
                cells = (mix((seed << 40) + (number << 24) + (cell << 18) + row // cell) for cell in _CELLS)
                step = sum(noise % 21 for noise in cells) - 30  # -30 to 30
                values.append(channel.mean + channel.deviation * (step / 16))
        return values.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeriesSpec) and self._contract() == other._contract()

    def __hash__(self) -> int:
        return hash((self.length, self.rate, self.hop, self.channels))

    def __repr__(self) -> str:
        return f"SeriesSpec(length={self.length}, rate={self.rate:g}, hop={self.hop}, channels={[*self.names]})"


def _read_channel(found: Any, path: str) -> Channel:
    if not isinstance(found, dict):
        raise _refuse(path, f"a channel {found!r:.40}", "an object")
    name, unit = found.get("name"), found.get("unit")
    if not (isinstance(name, str) and isinstance(unit, str) and 0 < len(name) <= MOST_NAME >= len(unit)):
        raise _refuse(path, f"a channel called {name!r:.40}", f"a name and a unit of at most {MOST_NAME} letters")
    numbers = [found.get(key) for key in _NUMBERS]
    if not all(map(_is_number, numbers)):
        raise _refuse(path, f"{name}: {numbers!r:.80}", f"numbers for {', '.join(_NUMBERS)}")
    channel = Channel(name, unit, *map(float, numbers))  # type: ignore[arg-type]
    if channel.deviation <= 0 or channel.low > channel.high:
        raise _refuse(path, f"{name}: {numbers!r:.80}", "a deviation above 0, and low below high")
    return channel


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and isfinite(value)  # type: ignore[arg-type]


def _refuse(path: str, found: str, wanted: str) -> ArtefactError:
    return ArtefactError(f"{path}: found {found} in the card's input, wanted {wanted}; export the artefact again")
