"""The end of every benchmark's command: measure, write, print, and say what was refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from page.content import Page
from page.markdown import to_markdown
from page.write import say_where, write
from ressq_runtime.errors import RessqError

Report = dict[str, Any]


def publish(
    script: str, measure: Callable[[], Report], to_page: Callable[[Report], Page], folder: Path
) -> Report | None:
    """Markdown on stdout and files in `folder` of what `measure` found; None, and why on stderr, where it refused."""
    try:
        report = measure()
    except (RessqError, CalledProcessError) as error:  # of the latter, the command has said why
        print(f"{script}: error: {error}", file=sys.stderr)
        return None
    page = to_page(report)
    print(to_markdown(page))
    print(say_where(write(report, page, folder)), file=sys.stderr)
    return report
