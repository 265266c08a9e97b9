"""What a person sees while it runs, on stderr: bars on a terminal, one line an epoch elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ressq_edge.training.stages import Stages
from ressq_runtime.errors import printable


class SpeedColumn(ProgressColumn):
    """Images a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        """The speed, or blank before there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.0f} images/s" if speed else "")


class Screen:
    """Says lines and shows bars on stderr."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)

    def say(self, line: str) -> None:
        """Print one line as it is, brackets and colons, too; control characters of a name are escaped."""
        self.console.print(printable(line), markup=False, emoji=False, soft_wrap=True)

    def show(self, table: Table) -> None:
        """Print a table."""
        self.console.print(table)

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar over `total` pictures with speed and time left; yields what moves it on."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            SpeedColumn(),
            TimeRemainingColumn(),
        )
        shown = self.console.is_terminal
        with Progress(*columns, console=self.console, disable=not shown, transient=True) as progress:
            task = progress.add_task(title, total=total)
            yield lambda count: progress.advance(task, count)


def class_table(labels: tuple[str, ...], counts: dict[str, list[int]], weights: list[float]) -> Table:
    """Pictures of each class in each part, and the loss weight that balances them."""
    table = Table(title="Classes", title_justify="left", caption_justify="left")
    table.add_column("class")
    for part in counts:
        table.add_column(part, justify="right")
    table.add_column("loss weight", justify="right")
    for index, label in enumerate(labels):
        numbers = (str(found[index]) for found in counts.values())
        table.add_row(Text(label), *numbers, f"{weights[index]:.2f}")
    table.add_section()
    table.add_row("all", *(str(sum(found)) for found in counts.values()), "")
    return table


def stages_table(stages: Stages) -> Table:
    """Where the time of training went."""
    table = Table(title="Time", title_justify="left")
    table.add_column("stage")
    for column in ("time", "share"):
        table.add_column(column, justify="right")
    for row in stages.rows():
        table.add_row(*row)
    return table


def epoch_line(row: dict[str, Any], epochs: int, better: bool) -> str:
    """One epoch as a line: `epoch  3/12  loss 0.812  train 81.2 %  val 87.4 %  61 images/s  *`."""
    width = len(str(epochs))
    return (
        f"epoch {row['epoch']:{width}}/{epochs}  loss {row['train_loss']:.3f}  "
        f"train {row['train_top1']:6.1%}  val {row['val_top1']:6.1%} (loss {row['val_loss']:.3f})  "
        f"{row['images_per_second']:.0f} images/s{'  best' if better else ''}"
    )
