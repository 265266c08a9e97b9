"""One call of `ressq-train` at work: what was asked and decided, where it is told, and whether to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ressq_edge.config import Config
from ressq_edge.data.split import Split
from ressq_edge.data.survey import Survey
from ressq_edge.errors import Interrupted
from ressq_edge.network.arch import ModelSpec, SeriesShape
from ressq_edge.network.init import InitWeights
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.tasks import open_task
from ressq_edge.tasks.task import Task
from ressq_runtime.inputs.picture_spec import PixelSpec

Stop = Callable[[], bool]


@dataclass(frozen=True)
class Start:
    """All that is decided before a picture is decoded.

    config, split: of the run; a resumed run's own.
    init: the weights to start from; None for a run that has a saved state.
    about: what config.json says beside the settings.
    notes: what a person should know about the data.
    survey: what the pictures look like; None in a resumed run.
    scanned: what the scan of masks tells, a line each; empty without masks and in a resumed run.
    """

    config: Config
    split: Split
    init: InitWeights | None
    about: dict[str, Any]
    notes: tuple[str, ...]
    survey: Survey | None = None
    scanned: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """What the network learns to give."""
        return open_task(self.config.task, self.split.by_window(), self.config)

    @property
    def model(self) -> ModelSpec:
        """The network."""
        config = self.config
        if config.series:
            shape = SeriesShape(len(config.series.spec.channels), config.series.depth, config.series.width)
            return ModelSpec(config.arch, config.bypass, len(self.split.labels), series=shape)
        return ModelSpec(config.arch, config.bypass, len(self.split.labels), config.head, config.head_width)

    @property
    def pixels(self) -> PixelSpec:
        """The geometry of its input."""
        size = self.config.size
        return PixelSpec(size, self.config.resize) if isinstance(size, int) else PixelSpec.stretched(*size)


@dataclass(frozen=True)
class Session:
    """What the stages of a run work on, from the first picture to the last page.

    request: what was asked.
    start: what was decided.
    screen: where it is told.
    stop: asked after each step and each picture; True ends with `Interrupted`.
    """

    request: Request
    start: Start
    screen: Screen
    stop: Stop

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.request.out

    @property
    def cache(self) -> Path:
        """Where decoded pictures lie while it trains."""
        return self.request.out / "cache"

    @property
    def data(self) -> Path:
        """The folder that the split's paths are relative to."""
        return self.request.data

    def check_stop(self, message: str) -> None:
        """Raise `Interrupted` with this message where the user wants to stop.

        Raises:
            Interrupted: `stop` said so.
        """
        if self.stop():
            raise Interrupted(message)
