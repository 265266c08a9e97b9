"""`ressq-plot`: a profile that `ressq-profile --json` saved as a picture, or as a page that needs no network."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ressq_runtime.errors import OutputError, RessqError

EPILOG = """\
example:
  ressq-profile photo.jpg --json > profile.json        on the device
  ressq-plot profile.json profile.html                 on the workstation
"""
_SUFFIXES = (".html", ".png")
_NEEDED = ("stages", "cold_start", "modules", "device", "warnings", "latency", "model", "engine", "sha256", "versions")


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the profile that the arguments name; exit code 0, or 1 with the fault on stderr."""
    parser = argparse.ArgumentParser(
        prog="ressq-plot",
        description="Draw a profile: histogram, time line, stages, cold start and modules.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("profile", type=Path, metavar="PROFILE.json")
    parser.add_argument("out", type=Path, metavar="OUT", help="the page (.html) or picture (.png) to write")
    arguments = parser.parse_args(argv)
    try:
        draw_profile(read_profile(arguments.profile), arguments.out)
    except RessqError as error:
        print(f"ressq-plot: error: {error}", file=sys.stderr)
        return 1
    print(arguments.out)
    return 0


def read_profile(path: Path) -> dict[str, Any]:
    """The profile in a file.

    Raises:
        RessqError: it can't be read, or is something else.
    """
    try:
        profile = json.loads(path.read_bytes())
    except OSError as error:
        raise RessqError(f"{path}: {error.strerror}; save a profile with ressq-profile --json") from error
    except (ValueError, RecursionError) as error:
        raise RessqError(f"{path}: found no JSON, wanted a profile; save one with ressq-profile --json") from error
    if not isinstance(profile, dict) or profile.get("format") != 1 or any(key not in profile for key in _NEEDED):
        raise RessqError(f"{path}: found something else, wanted a profile; save one with ressq-profile --json")
    return profile


def draw_profile(profile: dict[str, Any], path: Path) -> None:
    """Write the charts of a profile.

    Raises:
        OutputError: the file can't be written, or is to be of another kind.
        RessqError: the profile lacks a figure.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise OutputError(f"{path}: found another suffix, wanted .png or .html")
    from ressq_edge.pages.profile import make_profile_page, make_profile_picture  # matplotlib: --help needs none

    make = make_profile_picture if path.suffix.lower() == ".png" else make_profile_page
    try:
        content = make(profile)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise RessqError(f"{path}: found a profile that lacks a figure ({error!r}); measure again") from error
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; check the path and free space") from error
