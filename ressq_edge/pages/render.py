"""Every page is written here: by Jinja2, which escapes whatever a folder or a class is called wherever it stands."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ressq_edge.pages import words

_HERE = Path(__file__).parent
_FILTERS = (words.count, words.kilobytes, words.percent, words.points, words.worse, words.worse_interval)


def render(template: str, folder: Path = _HERE, /, **shown: object) -> bytes:
    """The page of a template in `folder`, UTF-8; half a surrogate, of a file name that is no UTF-8, becomes a "?"."""
    made = Environment(
        loader=FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    made.filters.update({found.__name__: found for found in _FILTERS}, bdi=bdi, commas="{:,}".format, at=_at)
    return made.get_template(template).render(shown).encode("utf-8", "replace")


def bdi(text: str) -> Markup:
    """A name that somebody else chose: in a direction of its own, so that it cannot turn the words around it."""
    return Markup("<bdi>{}</bdi>").format(text)


def _at(share: float) -> str:
    """A place in a drawing: 0.5 -> 50.00%."""
    return f"{100 * share:.2f}%"
