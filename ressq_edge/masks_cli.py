"""`ressq-masks`: from an annotation tool's export to the folder of pictures and masks that `ressq-train` takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ressq_runtime.commands.command import mend_streams, print_result

EPILOG = """\
formats, which are recognised:
  LabelMe         a .json file a picture
  COCO            a .json file a part, with polygons or runs (RLE)
  YOLO            a .txt file a picture, with polygons; data.yaml or classes.txt names the classes
  CVAT            "CVAT for images" (annotations.xml) or "Segmentation mask" (labelmap.txt), with 'Save images'

example:
  ressq-masks exported/ --out road/
      writes road/images/, road/masks/ (PNG, the index of the class at each pixel) and road/classes.csv (their names)
  ressq-train road/ --out runs/road

exit status: 0 done, 1 a fault you can mend (it says how), 2 wrong usage, 130 stopped by Ctrl-C
"""
STOPPED = 130  # 128 + SIGINT, what shells expect


def main(argv: Sequence[str] | None = None) -> int:
    """Convert as the arguments say; prints the folder that was written on stdout, all else on stderr."""
    mend_streams()
    parser = argparse.ArgumentParser(
        prog="ressq-masks",
        description="Turn what was drawn in an annotation tool into pictures and masks for ressq-train.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("export", type=_path, metavar="EXPORT", help="folder that a tool exported to, or its file")
    parser.add_argument("--out", type=_path, required=True, metavar="FOLDER", help="folder to write; must be new")
    arguments = parser.parse_args(argv)
    try:
        return _convert(arguments.export, arguments.out)
    except KeyboardInterrupt:
        return STOPPED


def _convert(export: Path, out: Path) -> int:
    # After parsing: --help and a wrong flag answer at once.
    from ressq_edge.data.exports.convert import convert
    from ressq_edge.data.masks.matching import count
    from ressq_edge.errors import MaskError
    from ressq_edge.screen import Screen
    from ressq_runtime.errors import RessqError

    screen = Screen()
    try:
        found = convert(export, out, screen.bar)
    except RessqError as error:
        if isinstance(error, MaskError) and len(error.complaints) > 1:
            for complaint in error.complaints:
                screen.say(f"fault: {complaint}")
        print(f"ressq-masks: error: {error}", file=sys.stderr)
        return 1
    screen.say(f"recognised: {found.kind}")
    named = ", ".join(f"{index} {label}" for index, label in found.labels)
    screen.say(f"{count(found.pictures, 'picture')} with masks; classes: {named}")
    for note in found.notes:
        screen.say(f"note: {note}")
    return print_result("ressq-masks", str(out), f"the folder is {out}")


def _path(text: str) -> Path:
    if not text:  # an empty variable of a script: the folder one is in, to Path
        raise argparse.ArgumentTypeError("found an empty value, wanted a path")
    return Path(text)


if __name__ == "__main__":
    sys.exit(main())
