"""A fresh process that answers one small photo, against one that only imports what a plain script needs.

    python benchmarks/cold_start.py [PHOTO] [--rounds 30] [--model FILE] [--out bench]

    ressq-infer PHOTO
    python -c "import numpy, PIL.Image, ai_edge_litert.interpreter"

In turn, after a run of each that is not counted; the ratio is taken pair by pair. Beside the wall clock stands the
processor time, which other processes disturb less.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from PIL import Image

from circumstances import Watch, describe_machine
from page.content import Bars, Page, Section, Table
from page.write import say_where, write
from spreads import show, spread

IMPORTS = "import numpy, PIL.Image, ai_edge_litert.interpreter"
ASKED = 1.1


class Cost(NamedTuple):
    """Of one process: seconds on the wall clock, and seconds of processors, its own and the kernel's for it."""

    wall_s: float
    cpu_s: float


def main(argv: list[str] | None = None) -> int:
    """Measures and prints; exit code 1 where starting takes longer than asked."""
    arguments = _parse(argv)
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        photo = arguments.photo or draw_photo(Path(folder) / "photo.jpg")
        pairs = measure(answer_command(photo, arguments.model), import_command(), arguments.rounds)
    found = {"benchmark": "cold_start", "rounds": arguments.rounds, **summarise(pairs), **watch.describe()}
    if arguments.json:
        print(json.dumps(found))
    else:
        for name in ("wall", "cpu"):
            ours, theirs, (ratio, low, high) = (found[f"{name}_{key}"] for key in ("ours_ms", "imports_ms", "ratio"))
            print(f"{name}: ressq-infer {ours:.0f} ms, the imports {theirs:.0f} ms, {ratio:.2f} [{low:.2f}-{high:.2f}]")
        for warning in found["warnings"]:
            print(f"do not quote: {warning}")
    print(say_where(write(found, to_page(found), arguments.out)), file=sys.stderr)
    return int(found["wall_ratio"][0] > ASKED)


def measure(ours: list[str], theirs: list[str], rounds: int) -> list[tuple[Cost, Cost]]:
    """(ours, theirs), in turn."""
    run(ours)
    run(theirs)
    return [(run(ours), run(theirs)) for _ in range(rounds)]


def run(command: list[str]) -> Cost:
    """What one process costs, from starting it to its end.

    Raises:
        SystemExit: it failed: its time would say nothing.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile("w+") as said:
        started = perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}: {said.read()[-300:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def summarise(pairs: list[tuple[Cost, Cost]]) -> dict[str, Any]:
    """Per clock: medians in ms, and the ratio of the pairs as [median, 10th percentile, 90th percentile]."""
    found: dict[str, Any] = {}
    for index, name in enumerate(("wall", "cpu")):
        ratios = [ours[index] / theirs[index] for ours, theirs in pairs]
        found[f"{name}_ours_ms"] = 1000 * median(ours[index] for ours, _ in pairs)
        found[f"{name}_imports_ms"] = 1000 * median(theirs[index] for _, theirs in pairs)
        found[f"{name}_ratio"] = spread(ratios)
    return found


def to_page(report: dict[str, Any]) -> Page:
    """Both processes by both clocks."""
    rows, series = [], {}
    for name, title in (("wall", "by the clock"), ("cpu", "processors")):
        ours, theirs = (report[f"{name}_{who}_ms"] for who in ("ours", "imports"))
        rows.append([title, f"{ours:.0f}", f"{theirs:.0f}", show(report[f"{name}_ratio"])])
        series[title] = [ours, theirs]
    table = Table(["milliseconds", "ressq-infer", "the imports alone", "ratio"], rows)
    plot = Bars("A fresh process", "milliseconds", ["ressq-infer, one photo", "a plain script's imports"], series)
    text = [
        f"{report['rounds']} pairs of processes: a whole answer against `{IMPORTS}`. Median [10th-90th percentile]."
    ]
    verdict = f"A whole answer takes {report['cpu_ratio'][0]:.2f} of the processor time of a plain script's imports"
    section = Section("From start to end", text, table, [plot])
    return Page("cold_start", "Cold start", verdict, report["warnings"], [section], [describe_machine(report)])


def answer_command(photo: Path | str, model: str | None = None) -> list[str]:
    """`ressq-infer` as it is installed beside this Python."""
    script = Path(sysconfig.get_path("scripts")) / "ressq-infer"
    return [sys.executable, str(script), str(photo), *(["--model", model] if model else [])]


def import_command() -> list[str]:
    """What a plain script has done before its first line of its own."""
    return [sys.executable, "-c", IMPORTS]


def draw_photo(path: Path) -> Path:
    """A picture of 400x441 pixels with as much detail as a photo has."""
    noise = Image.effect_noise((100, 110), 60).resize((400, 441), Image.Resampling.BICUBIC)
    Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)]).save(path, quality=92)
    return path


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("cold_start.py", description="One answer against the imports of a plain script.")
    add = parser.add_argument
    add("photo", nargs="?", help="a small photo (default: a drawn one of 400x441 pixels)")
    add("--model", metavar="FILE", help="an artefact (default: the built-in one)")
    add("--rounds", type=int, default=30, help="pairs of processes (default 30)")
    add("--json", action="store_true")
    add("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="where the report goes (default bench)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
