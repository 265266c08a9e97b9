"""Where results go: JSON and Markdown anywhere, plots and HTML where matplotlib is."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from page.content import Page
from page.markdown import to_markdown


def write(report: dict[str, Any], page: Page, folder: Path) -> list[Path]:
    """Writes NAME.json, NAME.md, and where ressq-edge is installed NAME.html and each plot as .svg and .png; what was
    written, in that order."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {".json": (json.dumps(report, indent=1) + "\n").encode(), ".md": to_markdown(page).encode()}
    if can_draw():
        from page.html import pages_to_html
        from page.plots import draw

        files[".html"] = pages_to_html([page], page.title)
        for plot in (plot for section in page.sections for plot in section.plots):
            for kind in ("svg", "png"):
                files[f"-{to_file_name(plot.title)}.{kind}"] = draw(plot, kind)
    for suffix, content in files.items():
        (folder / f"{page.name}{suffix}").write_bytes(content)
    return [folder / f"{page.name}{suffix}" for suffix in files]


def can_draw() -> bool:
    """Is what draws installed? A Pi has the runtime alone; render.py draws its JSON on the workstation."""
    return all(find_spec(name) for name in ("matplotlib", "ressq_edge", "ressq_export"))


def to_file_name(title: str) -> str:
    """`Latency, ms` -> `latency-ms`."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def say_where(files: list[Path]) -> str:
    """The last line that a benchmark prints."""
    if any(file.suffix == ".html" for file in files):
        return f"wrote {', '.join(str(file) for file in files[:3])} and {len(files) - 3} plots"
    return (
        f"wrote {', '.join(map(str, files))}; drawing takes matplotlib and ressq-edge: on the workstation, "
        f"python benchmarks/render.py {files[0].name}"
    )
