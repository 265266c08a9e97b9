"""`ressq-infer --profile` and `--plot`: measures, or takes what was saved, and shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

from ressq_runtime.answer import list_named, load_named
from ressq_runtime.errors import OutputError, RessqError
from ressq_runtime.profiling.profiler import RUNS, profile
from ressq_runtime.profiling.table import render_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

# The workstation draws, with matplotlib. This package imports nothing of that one: it starts it, where it is there.
_DRAWER = "ressq_edge.reports.profile_plot"


def profile_all(arguments: Namespace, path: str, origin: str) -> int:
    """Measures latency on the pictures the arguments name; prints the table, or JSON, and draws it; exit code 0.

    Raises:
        RessqError: the model or a picture can't be read, or the plot can't be written.
    """
    if arguments.plot:
        _check_plot(arguments.plot)
    pictures = list_named(arguments.pictures)
    found = profile(load_named(arguments, path, origin), pictures, runs=arguments.runs or RUNS)
    saved = json.dumps(found)
    print(saved if arguments.json else render_table(found), flush=True)
    if arguments.plot:
        _draw(saved.encode(), arguments.plot)
    return 0


def plot_saved(saved: str, path: str) -> int:
    """Draws a profile that --profile --json saved; exit code 0.

    Raises:
        RessqError: it is no profile, or the plot can't be written.
    """
    _check_plot(path)
    try:
        with open(saved, "rb") as file:
            content = file.read()
    except OSError as error:
        raise RessqError(f"{saved}: {error.strerror}; save a profile with --profile --json") from error
    _draw(content, path)
    return 0


def _check_plot(path: str) -> None:
    """Refuses what could not be drawn before anything is measured."""
    if not path.lower().endswith((".png", ".html")):
        raise OutputError(f"{path}: found another suffix, wanted .png or .html")
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise OutputError(f"{path}: found no such folder; create it first")
    if find_spec("ressq_edge") is None:
        raise OutputError(
            f"{path}: found no ressq-edge, wanted it to draw; save the profile with --profile --json > profile.json "
            "and draw it on the workstation: ressq-infer profile.json --plot profile.html"
        )


def _draw(profile_json: bytes, path: str) -> None:
    done = subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-P", "-m", _DRAWER, path], input=profile_json, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise OutputError(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    print(f"ressq-infer: wrote {path}", file=sys.stderr)
