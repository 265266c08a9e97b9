"""What can go wrong on the device, as one tree.

    RessqError              a fault the user can mend; str() is the whole message
    ├── InputError          what a model is to answer, that can't be read
    │   ├── PictureError    a picture that can't be read, or not as one picture
    │   └── RecordingError  a recording that can't be read, or holds what is no sample
    ├── FolderError         a folder that is not laid out as wanted
    ├── ArtefactError       a model file: broken, foreign, too new, failing its self-test
    ├── EngineError         an interpreter: missing, or refusing the model
    └── OutputError         a result that can't be written

Messages read `path: found X, wanted Y; do this`. Commands print them and exit with 1.
"""


def printable(text: str) -> str:
    """The text with its control characters escaped: a terminal would obey those of a file's name."""
    if text.isprintable():
        return text
    return "".join(repr(sign)[1:-1] if sign < " " or "\x7f" <= sign < "\xa0" else sign for sign in text)


class RessqError(Exception):
    """A fault the user can mend; the message says where, what and how."""

    def __str__(self) -> str:
        text = super().__str__()
        if "://" in text:
            from ressq_runtime.addresses import hide_secrets

            text = hide_secrets(text)
        return printable(text)


class InputError(RessqError):
    """What a model is to answer, that can't be read."""


class PictureError(InputError):
    """A picture that can't be read, or not as one picture."""


class RecordingError(InputError):
    """A recording that can't be read, or holds what is no sample."""


class FolderError(RessqError):
    """A folder that is not laid out as wanted."""


class ArtefactError(RessqError):
    """A model file that is broken, foreign, too new, or fails its self-test."""


class EngineError(RessqError):
    """An interpreter that is missing, or that refuses the model."""


class OutputError(RessqError):
    """A result that can't be written."""
