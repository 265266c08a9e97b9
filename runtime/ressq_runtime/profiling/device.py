"""What board this is and how it feels: the facts that belong beside every latency figure.

Everything is read from files, under a root that tests replace; what a system does not tell stays None.
"""

from __future__ import annotations

import glob
import os
import platform
import sys
from dataclasses import asdict, dataclass

# Bits of the firmware's throttling word (Raspberry Pi documentation, vcgencmd get_throttled).
_THROTTLED_BITS = {
    0: "under-voltage now",
    1: "frequency capped now",
    2: "throttled now",
    3: "soft temperature limit now",
    16: "under-voltage has occurred",
    17: "frequency capping has occurred",
    18: "throttling has occurred",
    19: "soft temperature limit has occurred",
}
_VCGENCMD_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Device:
    """A board at one moment.

    model          `Raspberry Pi 5 Model B Rev 1.0`, or the CPU's name
    machine        architecture: `aarch64`
    cores          of the whole machine
    affinity       cores this process may use, by number; None where the system has no such notion
    governor       of the CPU frequency, `a/b` where cores differ
    frequency_mhz  of the fastest core, now
    temperature_c  of the hottest sensor, now
    throttled      what the firmware reports, in words; None: it reports nothing
    os, python     names and versions
    memory_mb      installed
    """

    model: str
    machine: str
    cores: int
    affinity: tuple[int, ...] | None
    governor: str | None
    frequency_mhz: float | None
    temperature_c: float | None
    throttled: tuple[str, ...] | None
    os: str
    python: str
    memory_mb: int | None

    @property
    def warnings(self) -> list[str]:
        """Why a latency measured now may not repeat; empty when nothing speaks against it."""
        found = [] if self.governor in (None, "performance") else [f"governor is {self.governor}, not performance"]
        return found + list(self.throttled or ())

    def to_json(self) -> dict[str, object]:
        """The fields and the warnings, for a report."""
        return {**asdict(self), "warnings": self.warnings}


def describe_device(root: str = "/") -> Device:
    """The board this process runs on, now; `proc`, `sys`, `etc` and `usr` lie under `root`."""
    cpuinfo = _fields(_read(root, "proc/cpuinfo"))
    installed = _megabytes(root, "proc/meminfo", "MemTotal")
    return Device(
        model=_read(root, "proc/device-tree/model") or cpuinfo.get("model name") or platform.processor() or "unknown",
        machine=platform.machine(),
        cores=os.cpu_count() or 1,
        affinity=tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else None,
        governor=_governor(root),
        frequency_mhz=_largest(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq"),
        temperature_c=_largest(root, "sys/class/thermal/thermal_zone*/temp"),
        throttled=_throttled(root),
        os=_fields(_read(root, "etc/os-release"), "=").get("PRETTY_NAME", "").strip('"') or platform.platform(),
        python=f"{platform.python_implementation()} {platform.python_version()} {_word_bits()}-bit",
        memory_mb=None if installed is None else int(installed),
    )


def peak_memory_mb(root: str = "/") -> float | None:
    """The most memory this process has had resident so far, in MiB; None where the system does not tell."""
    if (peak := _megabytes(root, "proc/self/status", "VmHWM")) is not None:
        return peak
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024  # bytes on macOS, KiB elsewhere


def _read(root: str, path: str) -> str:
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read().strip("\0 \n")
    except OSError:  # not this system's, or not for us to read
        return ""


def _fields(text: str, separator: str = ":") -> dict[str, str]:
    """`key: value` lines as a dict; of a repeated key the first."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(separator)
        found.setdefault(key.strip(), value.strip())
    return found


def _governor(root: str) -> str | None:
    pattern = os.path.join(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    return "/".join(sorted({_read("", path) for path in glob.glob(pattern)} - {""})) or None


def _largest(root: str, pattern: str) -> float | None:
    """The largest number in the files, a thousandth of it: kHz to MHz, or millidegrees to degrees."""
    texts = [_read("", path) for path in glob.glob(os.path.join(root, pattern))]
    return max((int(text) / 1000 for text in texts if text.lstrip("-").isdigit()), default=None)


def _word_bits() -> int:
    return 64 if sys.maxsize > 2**32 else 32  # of this Python: on a 32-bit Pi OS the kernel says aarch64


def _megabytes(root: str, path: str, key: str) -> float | None:
    kilobytes = _fields(_read(root, path)).get(key, "").partition(" ")[0]
    return int(kilobytes) / 1024 if kilobytes.isdecimal() else None


def _throttled(root: str) -> tuple[str, ...] | None:
    """The firmware's word, decoded: from the kernel where it shows it, else by asking vcgencmd."""
    files = glob.glob(os.path.join(root, "sys/devices/platform/soc*/*firmware/get_throttled"))
    text = _read("", files[0]) if files else _ask_vcgencmd(os.path.join(root, "usr/bin/vcgencmd"))
    try:
        word = int(text.rpartition("=")[2], 16)
    except ValueError:
        return None
    return tuple(words for bit, words in _THROTTLED_BITS.items() if word >> bit & 1)


def _ask_vcgencmd(program: str) -> str:
    if not os.path.isfile(program):
        return ""
    import subprocess

    command = [program, "get_throttled"]
    try:
        asked = subprocess.run(  # noqa: S603 - the firmware's own tool, by its full path
            command, capture_output=True, text=True, timeout=_VCGENCMD_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):  # no right to ask the firmware, or it does not answer
        return ""
    return asked.stdout.strip()
