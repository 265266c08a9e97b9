"""What a person sees while it runs, on stderr: lines, tables and, on a terminal, bars."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
