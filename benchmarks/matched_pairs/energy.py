"""What an inference takes of the battery, where the board tells it.

Asked in this order: a power sensor of the INA2xx family (the whole board, if it sits in its supply line), the
Raspberry Pi 5's power controller (`vcgencmd pmic_read_adc`: its rails, without what its conversion loses), RAPL (an
x86's package).
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import NamedTuple

_SAMPLE_S, _VCGENCMD_TIMEOUT_S = 0.1, 5.0
# `     VDD_CORE_A current(7)=1.2345A`, and the same with _V and volt.
_RAIL = re.compile(r"(\w+)_([AV]) (?:current|volt)\(\d+\)=([\d.]+)")
NO_METER = (
    "the board tells no energy: found no INA2xx sensor, no power controller of a Raspberry Pi 5, and no RAPL counter "
    "that may be read"
)


class Meter(NamedTuple):
    """A sensor: its name, and either the joules so far or the watts now."""

    name: str
    joules: Callable[[], float] | None = None
    watts: Callable[[], float] | None = None


def find_meter(root: str = "/") -> Meter | None:
    """The best sensor of the board whose files lie under `root`; None: it has none that may be read."""
    for sensor in sorted(Path(root, "sys/class/hwmon").glob("hwmon*/power1_input")):
        name = _read(sensor.with_name("name"))
        if name.startswith("ina") and _read(sensor).isdigit():
            return Meter(name, watts=partial(_read_micro, sensor))
    program = Path(root, "usr/bin/vcgencmd")
    if program.is_file() and _read_rails(program) > 0:
        return Meter("pmic_read_adc", watts=lambda: _read_rails(program))
    counter = Path(root, "sys/class/powercap/intel-rapl:0/energy_uj")
    if _read(counter).isdigit():
        return Meter("RAPL package", joules=partial(_read_micro, counter))
    return None


def measure_energy(
    meter: Meter, works: Sequence[Callable[[], object]], rounds: int, seconds: float
) -> list[dict[str, float]]:
    """For each piece of work, called over and over for so long in each round: `mj` per call and `watts`, medians of
    the rounds; what the board takes when idle is in them."""
    rows: list[list[tuple[float, float]]] = [[] for _ in works]
    for _ in range(rounds):
        for work, row in zip(works, rows, strict=True):
            row.append(_measure_once(meter, work, seconds))
    return [
        {"mj": round(median(mj for mj, _ in row), 3), "watts": round(median(watts for _, watts in row), 3)}
        for row in rows
    ]


def _measure_once(meter: Meter, work: Callable[[], object], seconds: float) -> tuple[float, float]:
    """(millijoules per call, watts)."""
    if meter.joules:
        before, (calls, taken) = meter.joules(), _repeat(work, seconds)
        joules = meter.joules() - before
    else:
        calls, taken, joules = _sample(meter, work, seconds)
    return 1000 * joules / calls, joules / taken


def _sample(meter: Meter, work: Callable[[], object], seconds: float) -> tuple[int, float, float]:
    """(calls, seconds, joules): the sensor is read while the work runs."""
    assert meter.watts
    found: list[float] = [meter.watts()]
    done = threading.Event()

    def read() -> None:
        assert meter.watts
        while not done.wait(_SAMPLE_S):
            found.append(meter.watts())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        calls, taken = _repeat(work, seconds)
    finally:
        done.set()
        reader.join()
    return calls, taken, fmean(found[1:] or found) * taken


def _repeat(work: Callable[[], object], seconds: float) -> tuple[int, float]:
    calls, started = 0, perf_counter()
    while (taken := perf_counter() - started) < seconds:
        work()
        calls += 1
    return calls, taken


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # not this board's, or for root alone
        return ""


def _read_micro(path: Path) -> float:
    return int(_read(path)) / 1e6


def _read_rails(program: Path) -> float:
    """Watts of all rails whose current and voltage are told; 0: none."""
    try:
        asked = subprocess.run(
            [str(program), "pmic_read_adc"], capture_output=True, text=True, timeout=_VCGENCMD_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0.0
    told = {(rail, unit): float(value) for rail, unit, value in _RAIL.findall(asked.stdout)}
    return sum(value * told.get((rail, "V"), 0.0) for (rail, unit), value in told.items() if unit == "A")
