"""A drawing becomes a file, or SVG in a page and in its colours; the same figures give the same bytes."""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

# On white. pages/sheet.css has each under its name here, with another value for dark screens.
INK, QUIET, LINE = "#1c1d20", "#6a6860", "#e2dfd7"
ACCENT, SECOND, ALARM = "#0e7490", "#d97706", "#b91c1c"
LEAF, AMBER = "#1f7a55", "#a86a12"
CONV, CONCAT, SUM = "#7fb69d", "#d9a441", "#6f7f95"
_NAMES = {
    INK: "ink", QUIET: "quiet", LINE: "line", ACCENT: "accent", SECOND: "second", LEAF: "leaf", AMBER: "amber",
    CONV: "conv", CONCAT: "concat", SUM: "sum",
}  # fmt: skip
_STYLE: Any = {  # matplotlib types every key
    "font.family": "DejaVu Sans",  # comes with matplotlib; a page replaces it
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "ytick.major.size": 0,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a class may be called $5-$10
}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_DPI = 150
# A style would be the whole page's; a page has its own font; to be turned by nothing is said of every text.
_NOT_IN_A_PAGE = re.compile(
    r"""<defs>\s*<style.*?</style>\s*</defs>|font-family: 'DejaVu Sans'; | transform="rotate\(-0 [^"]*\"""", re.DOTALL
)
_TIP = "tip: "


def draw(
    paint: Callable[["Figure"], None], size: tuple[float, float], kind: str, title: str, *, ground: bool = True
) -> bytes:
    """The file of a drawing.

    Args:
        paint: draws on an empty figure.
        size: width and height in inches.
        kind: "png" or "svg".
        title: keeps the ids of several drawings in one page apart.
        ground: white.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # not pyplot: no window system, no global state

    buffer = io.BytesIO()
    with rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = Figure(size, layout="constrained")
        paint(figure)
        metadata = _NO_METADATA if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=_DPI, transparent=not ground, metadata=metadata)
    return buffer.getvalue()


def add_tip(artist: Any, text: str) -> None:
    """What a page shows where the pointer rests."""
    artist.set_gid(_TIP + text)


def draw_inline(paint: Callable[["Figure"], None], size: tuple[float, float], title: str, kind: str) -> "Markup":
    """The drawing as an `<svg>` element in the page's colours, as wide as its place.

    Args:
        paint: draws on an empty figure.
        size: width and height in inches, of 96 CSS pixels.
        title: for those who can't see it.
        kind: its class.
    """
    from markupsafe import Markup

    text = draw(paint, size, "svg", title, ground=False).decode()
    _, box, drawn = re.split(r'<svg[^>]*viewBox="([^"]*)"[^>]*>', text, maxsplit=1)
    drawn = _NOT_IN_A_PAGE.sub("", drawn)
    drawn = re.sub(rf'<g id="(?:{_TIP}([^"]*)|[^"]*)"(/?)>', _open_group, drawn)
    drawn = re.sub("|".join(_NAMES), lambda found: f"var(--{_NAMES[found[0]]})", drawn)
    drawn = re.sub(r"\s*\n\s*", " ", drawn).replace("xlink:href", "href")
    head = Markup('<svg class="{}" role="img" aria-label="{}" viewBox="{}">').format(kind, title, box)
    return head + Markup(drawn)  # noqa: S704 - matplotlib has escaped what it wrote


def _open_group(found: re.Match[str]) -> str:
    if found[2]:
        return ""
    return "<g>" if found[1] is None else f"<g><title>{found[1]}</title>"
