"""A WAV file as a recording: PCM of 8, 16, 24 or 32 bits, each channel of it a channel, in shares of full scale."""

from __future__ import annotations

from array import array
from io import BytesIO

from ressq_runtime.errors import RecordingError


def read_wav(path: str, source: str | bytes) -> tuple[int, float, array[float], int]:
    """Channels, samples a second, the values of a WAV file, sample by sample, and how many samples its header promises.

    Raises:
        RecordingError: it is broken, empty or not PCM.
    """
    import wave

    try:
        with wave.open(BytesIO(source) if isinstance(source, bytes) else source, "rb") as file:
            count, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            promised = file.getnframes()
            data = file.readframes(promised)
    except (wave.Error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise RecordingError(f"{path}: found no WAV that can be read ({error}), wanted PCM; save it so") from error
    whole = len(data) - len(data) % (count * width)
    if not whole or not rate:
        raise RecordingError(f"{path}: found no sample, wanted sound; record it again")
    return count, float(rate), _scale(data[:whole], width), promised


def _scale(data: bytes, width: int) -> array[float]:
    """Values from -1 to 1, float32."""
    if width == 1:
        return array("f", [(value - 128) / 128 for value in data])
    if width == 3:
        raw = [int.from_bytes(data[at : at + 3], "little", signed=True) for at in range(0, len(data), 3)]
        return array("f", [value / (1 << 23) for value in raw])
    values = array("h" if width == 2 else "i", data)
    full = 1 << (8 * width - 1)
    return array("f", [value / full for value in values])
