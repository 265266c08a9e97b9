"""What an answer costs on a Raspberry Pi, from file to label: exact instruction counts on emulated boards.

    python benchmarks/pi.py [--board pi5] [--check] [--model FILE] [--photos SMALL LARGE] [--out bench]

`ressq-infer` against benchmarks/plain_script.py, one photo of 400x441 and one of 12 megapixels, whole process; then
each further large photo; then the stages of one answer; then an inference in every interpreter that the board has,
beside the fewest instructions that its multiply-adds take; then networks that answer for each pixel, and a whole
process from file to mask against benchmarks/plain_masks.py. Writes bench/pi-BOARD.json, .md, .html and plots. --check
fails where a count is more than 2 % above benchmarks/reference.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from board.engines import PROGRAM, count_engines, name_row, read_marks
from board.masks import count_heads, count_processes
from board.models import make_random
from board.report import compare, to_page
from page.markdown import to_markdown
from page.write import say_where, write
from ressq_runtime import read_card
from ressq_runtime.artefact.installed import BUILTIN

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
EMULATOR = str(ROOT / "tools" / "pi" / "pi.sh")
BOARDS = ("pi5", "pi4", "pi3", "pi2-32")
SIZES = {"400x441": (400, 441), "4000x3000": (4000, 3000)}
# Both answer some pictures first, so that a further one is really just one more.
FEW, MORE = 2, 4
MASK_BOARDS = ("pi5", "pi4")  # an emulated one takes minutes for a network that answers for each pixel
VERSIONS = """
import sys, importlib.metadata as metadata
print("Python", sys.version.split()[0], *(f"{found.name} {found.version}" for found in metadata.distributions()))
"""
STAGES = ("Python and ctypes", "imports, card, model", "decode", "crop", "inference", "rank")
STEADY_STAGES = ("next: decode", "next: crop", "next: inference", "next: rank")


def main(argv: list[str] | None = None) -> int:
    """Counts, prints, writes, and compares if asked; returns the exit code."""
    arguments = _parse(argv)
    # One core: with a second one ressq-infer decodes ahead, and the plugin counts one thread only.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    bench = arguments.out
    bench.mkdir(parents=True, exist_ok=True)
    set_up()
    photos = dict(zip(SIZES, arguments.photos or make_photos(bench), strict=True))
    models = arguments.model or [Path(BUILTIN), make_random(bench / "random_fp32.tflite")]
    worse: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        site = install(Path(folder))
        for board in arguments.board or BOARDS[:1]:
            result = measure(board, site, models, photos)
            result["engines"] = rows = count_engines(board, bench, partial(count_inference, board, site))
            result["counts"] |= {name_row(row): row["instructions"] for row in rows if "instructions" in row}
            if board in MASK_BOARDS:
                result["counts"] |= measure_masks(board, site, bench, photos)
            page = to_page(result)
            print(to_markdown(page))
            print(say_where(write(result, page, bench)), file=sys.stderr)
            if arguments.check:
                reference = BENCHMARKS / "reference" / f"pi-{board}.json"
                known = reference.exists()
                worse += compare(result, json.loads(reference.read_text())) if known else [f"{board}: no {reference}"]
    for line in worse:
        print(f"pi.py: {line}", file=sys.stderr)
    return 1 if worse else 0


def set_up() -> None:
    """The emulator, unless it is there."""
    home = Path(os.environ.get("PI_HOME") or Path.home() / ".cache" / "ressq-pi")
    if not (home / "icount.so").exists():
        subprocess.run([EMULATOR, "setup"], check=True)


def make_photos(folder: Path) -> list[Path]:
    """The two drawn photos, kept for the next run."""
    from board.photos import make_photo

    paths = [folder / f"photo-{name}.jpg" for name in SIZES]
    return [path if path.exists() else make_photo(path, *SIZES[name]) for name, path in zip(SIZES, paths, strict=True)]


def install(folder: Path) -> Path:
    """A folder with the runtime as pip installs it, its command in bin/; of a copy, for a build writes beside it."""
    left_out = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    source, site = shutil.copytree(ROOT / "runtime", folder / "runtime", ignore=left_out), folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-compile", "--target", str(site), str(source)], check=True)
    return site


def measure(board: str, site: Path, models: list[Path], photos: dict[str, Path]) -> dict[str, Any]:
    """All counts of a board, by name, and what they were counted with."""
    run(board, site, "-m", "compileall", "-q", str(site))
    counts: dict[str, int] = {"python": count(board, site, "-c", "pass")[1]}
    floors: dict[str, int] = {}
    command, plain = str(site / "bin" / "ressq-infer"), str(BENCHMARKS / "plain_script.py")
    for model in models:
        card = read_card(model)
        if card is None:
            raise SystemExit(f"{model}: found a model without a card, wanted an artefact of ressq-export")
        kind = card.scheme.split()[0]
        floors[kind] = card.data["model"]["multiply_adds"]  # type: ignore[index]
        for name, photo in photos.items():
            for times in (1, FEW, MORE) if name == list(photos)[-1] else (1,):
                pictures, key = [str(photo)] * times, f"{kind} {name} x{times}"
                ours, counts[f"{key} ressq-infer"] = count(
                    board, site, command, *pictures, "--model", str(model), "--threads", "1", "--json"
                )
                theirs, counts[f"{key} plain script"] = count(board, site, plain, str(model), *pictures)
                check_labels(ours, theirs, card.labels, times)
        stages = str(BENCHMARKS / "board" / "stages.py"), str(model), str(photos["4000x3000"])
        marks = count_marks(board, site, *stages)[1]
        for stage, before, after in zip((*STAGES, *STEADY_STAGES), [0, *marks], marks, strict=False):
            counts[f"{kind} 4000x3000 stage {stage}"] = after - before
    return {
        "benchmark": "pi",
        "board": board,
        "versions": run(board, site, "-c", VERSIONS).strip(),
        "multiply_adds": floors,
        "counts": counts,
    }


def measure_masks(board: str, site: Path, bench: Path, photos: dict[str, Path]) -> dict[str, int]:
    """Counts of networks that answer for each pixel, by name."""
    command, plain = str(site / "bin" / "ressq-infer"), str(BENCHMARKS / "plain_masks.py")
    found = count_heads(board, bench, partial(count_marks, board, site))
    return found | count_processes(bench, photos, command, plain, partial(count, board, site))


def check_labels(ours: str, theirs: str, labels: list[str], times: int) -> None:
    """A count of another answer, or of fewer, is no count."""
    found = [json.loads(line)["predictions"][0]["label"] for line in ours.splitlines()]
    wanted = [labels[int(line.split()[0])] for line in theirs.splitlines()]
    if found != wanted or len(found) != times:
        raise SystemExit(f"pi.py: found the answers {found}, wanted the plain script's {wanted}; nothing is counted")


def count(board: str, site: Path, *arguments: str) -> tuple[str, int]:
    """(what a program printed, instructions of its whole process)."""
    said = run(board, site, *arguments, verb="count").splitlines()
    return "\n".join(said[:-1]), json.loads(said[-1])["total"]


def count_inference(board: str, runtime: Path, site: str, model: str) -> tuple[dict[str, int], list[float]]:
    """One inference in the interpreter of a site of tools/pi: instructions up to each mark, and the scores."""
    return read_marks(run(board, runtime, str(PROGRAM), model, verb="count", site=site))


def count_marks(board: str, site: Path, *arguments: str) -> tuple[str, list[int]]:
    """(the JSON that a program printed, instructions up to each mark that it makes)."""
    lines = [line for line in run(board, site, *arguments, verb="count").splitlines() if line.startswith("{")]
    marks = [found["total"] for found in map(json.loads, lines) if "mark" in found]
    return "\n".join(line for line in lines if "total" not in json.loads(line)), marks


def run(board: str, runtime: Path, *arguments: str, verb: str = "run", site: str = "litert") -> str:
    """What a Python program prints on a board, with the interpreter of that site."""
    environment = {**os.environ, "PYTHONPATH": str(runtime), "SITE": site}
    done = subprocess.run(
        [EMULATOR, verb, board, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode != 0:
        raise SystemExit(
            f"pi.py: {board}: {' '.join(arguments)[:200]} gave exit code {done.returncode}:\n{done.stderr[-2000:]}"
        )
    return done.stdout


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("pi.py", description="Instructions of an answer on emulated Raspberry Pis.")
    add = parser.add_argument
    add("--board", action="append", choices=BOARDS, help="may be repeated (default: pi5)")
    add("--check", action="store_true", help="fail where a count rose by more than 2 %% over the reference")
    add("--model", action="append", type=Path, help="default: the built-in int8 one, and its like in fp32")
    add("--photos", nargs=2, type=Path, metavar=("SMALL", "LARGE"), help="default: drawn from a seed")
    add("--out", type=Path, metavar="FOLDER", default=ROOT / "bench", help="default: bench")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
