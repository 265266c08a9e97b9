"""What can go wrong in training, as one tree. Messages are complete: a CLI prints `error: {e}`.

RessqError                  (ressq_runtime)
├── FolderError             (ressq_runtime) the folder of pictures is not laid out as wanted
├── OutputError             (ressq_runtime) a file cannot be written
└── TrainingError
    ├── ModelError          an architecture that does not exist
    ├── InitError           the weights to start from cannot be had or do not fit
    ├── SplitError          too few pictures, or splits that contradict each other
    ├── MaskError           masks or drawn objects that would be trained on wrongly; carries all complaints
    ├── UnreadableError     pictures that cannot be decoded; carries them all
    ├── CheckpointError     a checkpoint that is missing, damaged or of another format
    ├── RunError            a run folder that cannot be begun or continued
    ├── WorkerError         another process of the run was lost
    └── Interrupted         stopped by the user; everything is saved
"""

from ressq_runtime.errors import RessqError


class TrainingError(RessqError):
    """Base of everything that `ressq_edge` raises."""


class ModelError(TrainingError):
    """An architecture, version or bypass that does not exist."""


class InitError(TrainingError):
    """The weights to start from cannot be had or do not fit the network."""


class SplitError(TrainingError):
    """Too few pictures for a split, or given splits that contradict each other."""


class MaskError(TrainingError):
    """Masks, or objects drawn on pictures, that would be trained on wrongly; `complaints` are complete messages."""

    def __init__(self, message: str, complaints: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.complaints = complaints or (message,)


class UnreadableError(TrainingError):
    """Pictures that cannot be decoded; `reasons` maps each relative path to why."""

    def __init__(self, message: str, reasons: dict[str, str]) -> None:
        super().__init__(message)
        self.reasons = reasons


class CheckpointError(TrainingError):
    """A checkpoint that is missing, damaged, or written by another version."""


class RunError(TrainingError):
    """A run folder that cannot be begun or continued."""


class WorkerError(TrainingError):
    """Another process of the run, which torchrun started beside this one, was lost."""


class Interrupted(TrainingError):  # noqa: N818 - the user's wish, not a fault
    """Stopped by the user; what was reached is saved."""
