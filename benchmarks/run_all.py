"""The short form of every benchmark, and one page of all of them: what `make bench` calls after `make demo`.

    python benchmarks/run_all.py [--out bench]

Writes bench/report.html. What can't run here (the emulated boards need root on Debian 12) is named on stderr and on the
page; exit code 1 only where nothing could be measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic

from page.content import Page, Section
from page.html import pages_to_html
from render import load_page

HERE = Path(__file__).resolve().parent
# A script, its arguments, its report. The ones that say most come first.
PARTS = (
    ("fp32_vs_int8.py", ("--quick",), "fp32_vs_int8"),
    ("peers.py", ("--rounds", "5", "--pictures", "2"), "peers"),
    ("paper_table.py", ("--quick",), "paper_table"),
    ("scale.py", ("--quick",), "scale"),
    ("cold_start.py", ("--rounds", "10"), "cold_start"),
    ("pi.py", ("--board", "pi5"), "pi-pi5"),
)
_TIMEOUT_S = 600


def main(argv: list[str] | None = None) -> int:
    """Runs every part, writes report.html, and returns the exit code."""
    parser = argparse.ArgumentParser(description="The short form of every benchmark.")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=HERE.parent / "bench", help="default: bench")
    out = parser.parse_args(argv).out
    pages, missing = run_parts(PARTS, out)
    if not pages:
        print("run_all.py: nothing could be measured: " + "; ".join(missing), file=sys.stderr)
        return 1
    pages[0] = with_missing(pages[0], missing)
    (out / "report.html").write_bytes(pages_to_html(pages, "Benchmarks"))
    print(f"wrote {out / 'report.html'}")
    return 0


def run_parts(parts: tuple[tuple[str, tuple[str, ...], str], ...], out: Path) -> tuple[list[Page], list[str]]:
    """The pages of the parts that ran, and why the others did not."""
    pages, missing = [], []
    for script, arguments, name in parts:
        report = out / f"{name}.json"
        report.unlink(missing_ok=True)  # or an old one would pass for today's
        started = monotonic()
        print(f"\n$ python benchmarks/{script} {' '.join(arguments)}", flush=True)
        where = () if script == "pi.py" else ("--out", str(out))
        command = [sys.executable, str(HERE / script), *arguments, *where]
        try:
            done = subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=_TIMEOUT_S
            )
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        except subprocess.TimeoutExpired:
            said = f"not done in {_TIMEOUT_S} s"
        if report.is_file():
            pages.append(load_page(report))
            print(f"{pages[-1].verdict} ({monotonic() - started:.0f} s)", flush=True)
        else:
            missing.append(said if said.startswith(script) else f"{script}: {said}")
            print(missing[-1], file=sys.stderr, flush=True)
    return pages, missing


def with_missing(page: Page, missing: list[str]) -> Page:
    """The page, and at its end what could not be measured at all."""
    if not missing:
        return page
    return replace(page, sections=[*page.sections, Section("Benchmarks that did not run", [f"* {m}" for m in missing])])


if __name__ == "__main__":
    sys.exit(main())
