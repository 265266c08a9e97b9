"""What was going on while a benchmark ran: the machine, and what others took of it."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from ressq_runtime.profiling.device import describe_device

# A process waiting for a core before the first figure, where that is all the system tells; cores that other programs
# had meanwhile.
MOST_LOAD, MOST_OTHERS = 0.5, 0.1
# The fields of /proc/stat that are work: user, nice, system, irq, softirq, steal. Idle and waiting are not.
_BUSY = (0, 1, 2, 5, 6, 7)


class Watch:
    """Begins with the first figure; `describe` after the last, when all processes that were started have ended."""

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._before = describe_device(root)
        self._load = _load()
        self._started = monotonic()
        self._busy, self._own = _busy_s(root), _own_s()

    def describe(self) -> dict[str, Any]:
        """The circumstances, ready for JSON.

        `others_cores` is what other programs used of the machine, in cores (None: the system does not tell);
        `warnings` says why the figures should not be quoted.
        """
        busy = _busy_s(self._root)
        others = None
        if busy is not None and self._busy is not None:
            spent = busy - self._busy - (_own_s() - self._own)
            others = round(max(0.0, spent / max(monotonic() - self._started, 1e-3)), 2)
        after = describe_device(self._root)
        return {
            **describe_call(),
            "machine": self._before.to_json(), "machine_after": after.to_json(), "load_before": self._load,
            "load_after": _load(), "others_cores": others,
            "warnings": [*find_load(self._load, others), *dict.fromkeys(self._before.warnings + after.warnings)],
        }  # fmt: skip


def find_load(load_before: float, others_cores: float | None) -> list[str]:
    """Why a machine was too busy to measure on; empty for a quiet one.

    The load average is a minute's: behind another benchmark it is that one's, which disturbs nobody any more.
    """
    if others_cores is None:
        busy = load_before > MOST_LOAD
        return [f"load average {load_before:.2f} before the first figure, wanted at most {MOST_LOAD}"] if busy else []
    if others_cores > MOST_OTHERS:
        return [f"other programs used {others_cores:.2f} cores meanwhile, wanted at most {MOST_OTHERS}"]
    return []


def describe_machine(report: dict[str, Any]) -> str:
    """One line about where and when."""
    machine = report["machine"]
    state = {"governor": machine["governor"], "°C": machine["temperature_c"]}
    known = "".join(f", {name} {value}" for name, value in state.items() if value is not None)
    others = report["others_cores"]
    load = f"load {report['load_before']:.2f}" + ("" if others is None else f", others used {others} cores")
    board = f"{machine['model']}, {machine['cores']} cores, {machine['os']}, {machine['python']}"
    return f"`{' '.join(report['command'])}`: {board}{known}; {load}; {report['date']}."


def describe_call() -> dict[str, Any]:
    """Command and date: all that a share of right answers needs, which no load bends."""
    return {
        "command": [_without_home(argument) for argument in sys.argv],
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def say_call(report: dict[str, Any]) -> str:
    """One line about `describe_call`; a report of before may lack its date."""
    return f"`{' '.join(report['command'])}`" + (f"; {report['date']}." if "date" in report else ".")


def _without_home(argument: str) -> str:
    """Where somebody keeps their files is nobody's business: the report may be published."""
    return Path(argument).name if Path(argument).is_absolute() else argument


def _load() -> float:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0


def _own_s() -> float:
    """Seconds of processors that this process and its ended children used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _busy_s(root: str) -> float | None:
    """Seconds that all processors worked since the start of the system."""
    try:
        ticks = [int(field) for field in Path(root, "proc/stat").read_text("ascii").splitlines()[0].split()[1:]]
    except OSError:
        return None
    return sum(ticks[index] for index in _BUSY) / os.sysconf("SC_CLK_TCK")
