"""What a user asks of `ressq-export`."""

from dataclasses import dataclass
from pathlib import Path

from ressq_export.convert import KINDS
from ressq_export.quantization.gate import DEFAULT_MAX_DROP

# What only counts where files are made.
_MAKING = {
    "calibration": "--calibration",
    "about": "--about",
    "seed": "--seed",
    "thumbnails": "--no-thumbnails",
    "max_drop": "--max-drop",
    "allow_drop": "--allow-drop",
}


@dataclass(frozen=True)
class Request:
    """What is asked for.

    run: a folder made by ressq-train.
    out: folder for the artefacts.
    name: NAME in the file names.
    data: where the run's pictures are now; None: where they were.
    calibration: a folder of pictures to take int8 ranges from; None: the training split.
    evaluate: a folder with targets to measure on besides the validation split; the one that the run was split
        from stands for its test split.
    force: replace files that are there.
    about: free text for the cards.
    seed: of the draw of calibration pictures.
    thumbnails: the certificate may show pictures and name their files.
    max_drop: points of the metric on the validation split that int8 may lose.
    allow_drop: publish int8 files that lose more.
    """

    run: Path
    out: Path
    name: str
    data: Path | None = None
    calibration: Path | None = None
    evaluate: Path | None = None
    force: bool = False
    about: str = ""
    seed: int = 0
    thumbnails: bool = True
    max_drop: float = DEFAULT_MAX_DROP
    allow_drop: bool = False

    @property
    def targets(self) -> dict[str, Path]:
        """The four files by kind."""
        return {kind: self.out / f"{self.name}_{kind}" for kind in KINDS}

    def tell_unused(self) -> tuple[str, ...]:
        """The flags that were given for making files, for where none is made."""
        given = [flag for name, flag in _MAKING.items() if getattr(self, name) != getattr(Request, name)]
        return (f"{', '.join(given)}: not used, as no file was made",) if given else ()
