"""The short form of every benchmark, and one page of all of them: what `make bench` calls after `make demo`.

    python benchmarks/run_all.py [--out bench]

Writes bench/report.html, within 20 minutes: each benchmark has a share of them, and what it leaves is the next one's.
What can't run here (the emulated boards need root on Debian 12) or was not done in its time is named on stderr and on
the page; exit code 1 only where nothing could be measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from page.content import Page, Section
from page.html import pages_to_html
from render import load_page

HERE = Path(__file__).resolve().parent


class Part(NamedTuple):
    """A script, its arguments, its report's name, and the seconds it may take besides what those before it left."""

    script: str
    arguments: tuple[str, ...]
    report: str
    seconds: int


# Twenty minutes in all, on two cores. The ones that say most come first; the second makes the peers' environments at
# its first run, and the third the emulated boards.
PARTS = (
    Part("fp32_vs_int8.py", ("--quick",), "fp32_vs_int8", 150),
    Part("peers.py", ("--rounds", "5", "--pictures", "2"), "peers", 300),
    Part("pi.py", ("--board", "pi5"), "pi-pi5", 300),
    Part("paper_table.py", ("--quick",), "paper_table", 60),
    Part("scale.py", ("--quick",), "scale", 120),
    Part("cold_start.py", ("--rounds", "10"), "cold_start", 30),
    Part("training.py", ("--quick",), "training", 240),
)


def main(argv: list[str] | None = None) -> int:
    """Runs every part, writes report.html, and returns the exit code."""
    parser = argparse.ArgumentParser(description="The short form of every benchmark.")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=HERE.parent / "bench", help="default: bench")
    out = parser.parse_args(argv).out
    started = monotonic()
    pages, missing = run_parts(PARTS, out)
    if not pages:
        print("run_all.py: nothing could be measured: " + "; ".join(missing), file=sys.stderr)
        return 1
    pages[0] = with_missing(pages[0], missing)
    (out / "report.html").write_bytes(pages_to_html(pages, "Benchmarks"))
    print(f"wrote {out / 'report.html'} ({(monotonic() - started) / 60:.0f} minutes)")
    return 0


def run_parts(parts: Sequence[Part], out: Path) -> tuple[list[Page], list[str]]:
    """The pages of the parts that ran, and why the others did not."""
    pages, missing = [], []
    until = monotonic()
    for part in parts:
        report = out / f"{part.report}.json"
        report.unlink(missing_ok=True)  # or an old one would pass for today's
        print(f"\n$ python benchmarks/{part.script} {' '.join(part.arguments)}", flush=True)
        started, until = monotonic(), until + part.seconds
        command = [sys.executable, str(HERE / part.script), *part.arguments, "--out", str(out)]
        code, said = run(command, until - started)
        if report.is_file():
            pages.append(load_page(report))
            if code:
                pages[-1] = replace(
                    pages[-1], alarms=[*pages[-1].alarms, f"{part.script} ended with exit code {code}: {said}"]
                )
            print(f"{pages[-1].verdict} ({monotonic() - started:.0f} s)", flush=True)
        else:
            missing.append(said if said.startswith(part.script) else f"{part.script}: {said}")
            print(missing[-1], file=sys.stderr, flush=True)
    return pages, missing


def run(command: list[str], seconds: float) -> tuple[int, str]:
    """A command's exit code and the last line that it says on stderr; all that it started ends with its time."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return 1, f"not done in {seconds:.0f} s"
        finally:
            with suppress(ProcessLookupError):  # all ended by themselves
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, (said.strip().splitlines() or [f"exit code {process.returncode}"])[-1]


def with_missing(page: Page, missing: list[str]) -> Page:
    """The page, and at its end what could not be measured at all."""
    if not missing:
        return page
    return replace(page, sections=[*page.sections, Section("Benchmarks that did not run", [f"* {m}" for m in missing])])


if __name__ == "__main__":
    sys.exit(main())
