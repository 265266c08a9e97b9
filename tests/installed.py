"""The device's commands as processes, wherever the package lies."""

from __future__ import annotations

import sys


def command(name: str) -> list[str]:
    """What starts `ressq-NAME` with this Python."""
    return [sys.executable, "-c", f"from ressq_runtime.commands.{name} import run; run()"]
