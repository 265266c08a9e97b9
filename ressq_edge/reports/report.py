"""What a run leaves for a person: metrics.csv, curves.png, the task's plots and summary.md."""

import csv
import io
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from ressq_edge.atomic import write_text
from ressq_edge.charts.run import draw_curves
from ressq_edge.config import form_size
from ressq_edge.data.split import Split
from ressq_edge.network.checkpoint import Checkpoint
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.segmentation import SegmentationNet
from ressq_edge.session import Start
from ressq_edge.tasks.task import Findings
from ressq_edge.training.samples import PictureSamples, Samples
from ressq_edge.training.stages import Stages
from ressq_edge.training.train import ask_sample, predict


def write_metrics(run: Path, rows: list[dict[str, Any]]) -> None:
    """Write RUN/metrics.csv, one row an epoch; all of it each time, so that it is always whole.

    Raises:
        OutputError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(run / "metrics.csv", text.getvalue())


def write_report(
    run: Path,
    data: Path,
    start: Start,
    rows: list[dict[str, Any]],
    val: Samples,
    best: Checkpoint,
    network: Sequence[str],
    stages: Stages | None = None,
    tell: Callable[[Tensor], Sequence[str]] = lambda _: (),
) -> list[str]:
    """Write curves.png, confusion.png and summary.md from the best checkpoint; -> notes on its answers.

    Args:
        run, data: the folders.
        start: of the run.
        rows: of metrics, one an epoch.
        val: the validation samples.
        best: the best checkpoint.
        network: what there is to say of it, a line each.
        stages: where the time went, if that is to be told.
        tell: what else the outputs for the validation samples tell, a sentence each.

    Raises:
        OutputError: a file cannot be written.
    """
    task, model = start.task, best.build()
    shows = isinstance(val, PictureSamples) and start.about.get("thumbnails", True)
    ask = partial(ask_sample, model, cast(PictureSamples, val)) if shows else None
    kept = predict(model, val, task=task)
    found = task.find(kept, run, ask)
    draw_curves(run / "curves.png", rows, best.metrics["epoch"], start.task.metric)
    write_text(run / "summary.md", _summary(run, data, start, rows, best, found, network, stages, tell(kept)))
    return list(found.notes)


def _summary(
    run: Path,
    data: Path,
    start: Start,
    rows: list[dict[str, Any]],
    best: Checkpoint,
    found: Findings,
    network: Sequence[str],
    stages: Stages | None,
    told: Sequence[str],
) -> str:
    config, split = start.config, start.split
    early = "" if len(rows) == config.epochs else f" (stopped early, of {config.epochs} planned)"
    test = (
        f"The test {split.noun}s were not looked at; the last command below does that, once."
        if split.test
        else f"There are no test {split.noun}s; the epoch was chosen on these, so the figure flatters a little."
    )
    parts = [
        f"# {run.resolve().name}",
        f"{found.headline}, in epoch {best.metrics['epoch']} of {len(rows)}{early}. {test}",
        *told,
        *(f"Note: {note}." for note in found.notes),
        "\n\n".join(f"![{title}]({name})" for title, name in [("curves", "curves.png"), *found.plots]),
        "## Network\n\n" + "\n".join(network),
        "## Samples\n\n" + _pictures(data, start, found),
        *(["## Time\n\n" + _time(stages)] if stages and stages.rows() else []),
        "## Next\n\n" + _next(run, data, split),
    ]
    return "\n\n".join(parts) + "\n"


def _next(run: Path, data: Path, split: Split) -> str:
    export = f"    ressq-export {shlex.quote(str(run))} --out dist/"
    made = "makes the files for the device: ONNX and TFLite, float and int8, each checked against this network."
    if not split.test:
        return f"{export}\n\n{made}"
    asks = f"The second line asks the test {split.noun}s."
    return f"{export}\n{export} --evaluate {shlex.quote(str(data))}\n\n{made} {asks}"


def describe_network(start: Start, best: Checkpoint) -> list[str]:
    """What summary.md says of a network of pictures, a line each."""
    config = start.config
    begun = {"none": "random weights", "imagenet": "ImageNet weights", "file": "the weights of a file"}
    sha = f" (SHA-256 {config.init_sha256[:16]}...)" if config.init_sha256 else ""
    head = "" if config.head is None else f", head {config.head}"
    lines = [
        f"* {config.arch}, bypass {config.bypass}{head}, {config.height} x {config.width} pixels in, "
        f"{len(best.labels)} classes out",
        f"* began with {begun[config.init]}{sha}; seed {config.seed}, {config.threads} threads, "
        f"convolutions in {config.precision}",
        f"* {config.epochs} epochs of views of {form_size(config.view_size)} px for an input of "
        f"{form_size(config.size)}, "
        f"batch {config.batch_size}, "
        f"peak learning rate {config.learning_rate:g}; every setting is in config.json",
    ]
    model = best.build()
    gates = model.gates() if isinstance(model, ResSqueezeNet | SegmentationNet) else {}
    if gates:
        told = ", ".join(f"{name} {value:+.3f}" for name, value in gates.items())
        lines.append(f"* gates (how much of its input a bypass adds; 0 is SqueezeNet): {told}")
    return lines


def _time(stages: Stages) -> str:
    rows = ["| stage | time | share |", "|---|---:|---:|", *(f"| {' | '.join(row)} |" for row in stages.rows())]
    return "Of training, since it began or was resumed.\n\n" + "\n".join(rows)


def _pictures(data: Path, start: Start, found: Findings) -> str:
    split = start.split
    drawn = "of whole groups, as near to its share of each class as they allow" if start.config.group_by else "by class"
    origin = {
        "folders": "the parts that were given",
        "seeded": f"a random split {drawn}, seed {split.seed}",
    }
    told = [f"From {data.resolve()}, by {origin[split.origin]}; where each went is in split.json."]
    told += [f"Note: {note}." for note in start.notes]
    if split.unreadable:
        told.append(f"{len(split.unreadable)} unreadable pictures were left out: see split.json.")
    return "\n".join(told) + "\n\n" + "\n".join(found.table)
