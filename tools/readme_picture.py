"""Draws the README's picture from what an export measured.

ressq-export RUN --out DIR --evaluate FOLDER --json > report.json
.venv/bin/python tools/readme_picture.py report.json docs/images/export.svg
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from rich.console import Console

from ressq_export.report import Row, render
from ressq_export.tasks.classify import Accuracy


def main(argv: list[str]) -> int:
    """Renders the last table of the report as an SVG of a terminal."""
    source, target = map(Path, argv)
    tables = json.loads(source.read_text())["tables"]
    title, rows = list(tables.items())[-1]
    fields = Accuracy.__dataclass_fields__
    read = [
        Row(
            row["name"],
            row["size_bytes"],
            Accuracy(**{key: value for key, value in row.items() if key in fields}),
            row["median_ms"],
        )
        for row in rows
    ]
    console = Console(record=True, width=94, file=sys.stderr)
    console.print(render(Path(title).name, read))
    target.parent.mkdir(parents=True, exist_ok=True)
    drawn = console.export_svg(title="ressq-export runs/clothing --out dist --evaluate photos/test")
    # Without the web fonts that rich names: a picture in a README must not call anybody.
    target.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
