"""What the screen shows of a run: its epochs, and where the time went."""

from typing import Any

from rich.table import Table

from ressq_edge.findings.metric import Metric
from ressq_edge.training.stages import Stages


def stages_table(stages: Stages) -> Table:
    """Where the time of training went."""
    table = Table(title="Time", title_justify="left")
    table.add_column("stage")
    for column in ("time", "share"):
        table.add_column(column, justify="right")
    for row in stages.rows():
        table.add_row(*row)
    return table


def epoch_line(row: dict[str, Any], epochs: int, better: bool, metric: Metric) -> str:
    """One epoch as a line: `epoch  3/12  loss 0.812  train 81.2 %  val 87.4 %  61 images/s  *`."""
    width = len(str(epochs))
    shown = {part: f"{row[f'{part}_{metric.name}']:6{metric.form}}" for part in ("train", "val")}
    return (
        f"epoch {row['epoch']:{width}}/{epochs}  loss {row['train_loss']:.3f}  "
        f"train {shown['train']}  val {shown['val']} (loss {row['val_loss']:.3f})  "
        f"{row['images_per_second']:.0f} images/s{'  best' if better else ''}"
    )
