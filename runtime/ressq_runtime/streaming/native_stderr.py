"""What OpenCV and FFmpeg write to stderr while they open a stream: why it failed, at times with the whole address."""

from __future__ import annotations

import os
import re
import sys
from tempfile import TemporaryFile

from ressq_runtime.addresses import hide_secrets
from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_STDERR = 2
# What OpenCV sets FFmpeg by, each time it opens something; AV_LOG_QUIET.
_LEVEL, _QUIET = "OPENCV_FFMPEG_LOGLEVEL", "-8"
# A line of FFmpeg: `[rtsp @ 0x55d0c8a0] method DESCRIBE failed: 401 Unauthorized`.
_FFMPEG = re.compile(r"^\[\w+ @ \w+\] (.+)$", re.MULTILINE)


def wait_and_listen(wait: Callable[[], None], name: str, shown: str) -> None:
    """Waits; then tells what was written meanwhile, as the reason of a failure or as it was, without the address.

    From then on FFmpeg is silent, since nobody will listen when the stream is opened again.

    Raises:
        PictureError: what `wait` raised, with FFmpeg's reason.
    """
    if os.environ.get(_LEVEL) == _QUIET:
        del os.environ[_LEVEL]
    with TemporaryFile() as file:
        fault = _wait_while_stderr_goes_to(file.fileno(), wait)
        file.seek(0)
        text = hide_secrets(file.read().decode(errors="replace").replace(name, shown))
    if fault is None:
        sys.stderr.write(text)
        os.environ.setdefault(_LEVEL, _QUIET)
    elif reasons := _FFMPEG.findall(text):
        found, _, advice = str(fault).partition(";")
        raise PictureError(f"{found} ({reasons[-1]});{advice}") from fault
    else:
        raise fault


def _wait_while_stderr_goes_to(descriptor: int, wait: Callable[[], None]) -> PictureError | None:
    try:
        kept = os.dup(_STDERR)
    except OSError:  # closed
        kept = descriptor
    sys.stderr.flush()
    os.dup2(descriptor, _STDERR)
    try:
        wait()
    except PictureError as fault:
        return fault
    finally:
        os.dup2(kept, _STDERR)
    return None
