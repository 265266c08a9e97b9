"""What goes into the network, as the run knows it: how it begins, what is trained on, and what is told of it."""

from __future__ import annotations

from typing import Protocol

from ressq_edge.network.checkpoint import Normalise
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.session import Session, Start, Stop
from ressq_edge.training.samples import Samples
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.inputs.series_spec import SeriesSpec


class Input(Protocol):
    """A kind of input."""

    def begin(self, request: Request, screen: Screen, stop: Stop) -> Start:
        """The start of a new run; nothing is written.

        Raises:
            RessqError: the data folder cannot be learned from, or what is asked makes no sense.
        """

    def prepare(self, session: Session) -> Start:
        """Reads what is trained on, and writes what makes the run one; -> the start, without what may be left out.

        Raises:
            RessqError: something cannot be read.
        """

    def open_samples(self, session: Session, part: str) -> Samples:
        """The samples of "train" or "val", after `prepare`."""

    def spec(self, start: Start) -> tuple[PixelSpec | SeriesSpec, Normalise]:
        """What a checkpoint says of the input, and how it is normalised."""

    def introduce(self, session: Session) -> tuple[str, str]:
        """What the network costs, and what it sees in an epoch."""

    def report(self, session: Session, state: TrainState, stages: Stages | None) -> list[str]:
        """Writes what a run leaves for a person; -> notes.

        Raises:
            OutputError: a file cannot be written.
        """
