"""How many calibration pictures are enough: int8 files from disjoint halves of ever larger sets, compared.

`python benchmarks/calibration_halves.py RUN` prints a Markdown table, ranges by min/max and by least square error.
"""

import sys
import tempfile
from pathlib import Path
from statistics import mean

from ressq_export.bench import FORMATS, Bench, Candidate
from ressq_export.calibration import draw_from_training, halve, read_pixels
from ressq_export.chatter import Log
from ressq_export.evaluation import one_thread
from ressq_export.gate import Gate
from ressq_export.halves import Halves, compare_halves
from ressq_export.network import DeployedNetwork, deploy
from ressq_export.progress import Screen
from ressq_export.remedies import LADDER
from ressq_export.run import Run, read_run

COUNTS = (32, 64, 128, 256, 512)
SEEDS = (0, 1, 2)


def measure(run: Run, network: DeployedNetwork, folder: Path) -> None:
    """Print the table's rows."""
    spec, screen, log = run.checkpoint.pixels, Screen(None), Log(folder / "log")
    known = Bench(network, (), (), spec, folder, log)
    floats = {kind: known.float_file(network, kind) for kind in FORMATS}
    judge = (gate := Gate(run.pictures("val"), spec)).judge(floats["tflite"], screen)
    for rung in LADDER[:2]:
        for count in COUNTS:
            found: list[Halves] = []
            drops = []
            for seed in SEEDS:
                drawn = draw_from_training(run.split, run.data, count, seed)
                pixels = read_pixels(drawn, spec)
                bench = Bench(network, pixels, (), spec, folder, log)
                bench.register(network, floats)
                candidate = rung.apply(Candidate(dict.fromkeys(FORMATS, network), {}), bench)
                drops.append(judge(bench.quantise(candidate))["int8.tflite"])
                compared = compare_halves(candidate, bench, halve(drawn, pixels), gate, screen)
                found += [compared] if compared else []
            rows = (
                f"{mean(one.agreement for one in found):.2%} ({min(one.agreement for one in found):.2%})",
                f"{max(one.difference for one in found) * 100:.2f}",
                max(f"{one.width_ratio:.2f} {one.place}" for one in found),
                ", ".join(f"{one.drop * 100:.2f}" for one in drops),
            )
            print(f"| {rung.name} | {count} | {' | '.join(rows)} |", flush=True)


if __name__ == "__main__":
    run = read_run(Path(sys.argv[1]), None)
    normalise = run.checkpoint.normalise
    with one_thread(), tempfile.TemporaryDirectory() as name:
        measure(run, deploy(run.checkpoint.build(), normalise.mean, normalise.std, 1.0), Path(name))
