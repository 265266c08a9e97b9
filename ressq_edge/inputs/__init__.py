"""What goes into the network: a module a kind, looked up by what the data folder or the run's settings hold."""

from __future__ import annotations

from ressq_edge.config import Config
from ressq_edge.data.recordings.folder import holds_recordings
from ressq_edge.inputs.input import Input
from ressq_edge.inputs.one_file import refuse_others
from ressq_edge.inputs.picture import Pictures
from ressq_edge.inputs.series import Recordings
from ressq_edge.request import Request


def find_input(request: Request) -> Input:
    """What a new run learns from: recordings where the data folder holds some and no picture, else pictures.

    Raises:
        RecordingError: it holds no picture, and data of a kind that is not read.
    """
    if not request.labels and holds_recordings(request.data):
        return Recordings()
    refuse_others(request.data)
    return Pictures()


def open_input(config: Config) -> Input:
    """What a run learns from, by its settings."""
    return Recordings() if config.series else Pictures()
