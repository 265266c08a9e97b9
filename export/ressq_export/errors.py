"""What can go wrong in an export, as one tree. Messages are complete: the CLI prints `error: {e}`.

RessqError                  (ressq_runtime)
├── OutputError             (ressq_runtime) a file cannot be written, or is already there
└── ExportError
    ├── FoldError           a network that cannot be folded exactly
    ├── CalibrationError    pictures that int8 ranges must not be taken from
    ├── ConversionError     a converter failed; its log says why
    └── ParityError           two stages answer differently, or the check would prove nothing

That int8 loses more than it may is no error of these: the fp32 files are written, and the report says so.
"""

from ressq_runtime.errors import RessqError


class ExportError(RessqError):
    """Base of everything that `ressq_export` raises."""


class FoldError(ExportError):
    """A network that cannot be folded into an equal, simpler one."""


class CalibrationError(ExportError):
    """Pictures that int8 ranges must not be taken from."""


class ConversionError(ExportError):
    """A converter failed, or made something else than it was asked for."""


class ParityError(ExportError):
    """Two stages answer differently, or too little differs to tell."""
