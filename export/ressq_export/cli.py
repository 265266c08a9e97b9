"""`ressq-export`: a training run in, four checked artefacts out."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ressq_runtime.commands.command import mend_streams, print_result

if TYPE_CHECKING:
    from ressq_export.report import Report
    from ressq_export.request import Request

_EPILOG = """\
example:
  ressq-export runs/leaf --out dist                         makes dist/leaf_{fp32,int8}.{onnx,tflite}
                                                            and dist/leaf_certificate.{html,json}
  ressq-export runs/leaf --out dist --evaluate photos       measures torch and all four files on the test pictures

Where all files are there already, made from this very run, --evaluate measures them and makes nothing.
int8 ranges are taken from training pictures, never from those that measure the result. Where an int8 file loses
more than --max-drop against fp32 on the validation split, or answers more than 2 % of it otherwise, further
quantization steps are tried in turn. Where all lose more than --max-drop only the fp32 files and the certificate are
written, with exit code 1, unless the pictures are so few that it may be chance.
Exit codes: 0 done, 1 a fault you can mend (it is named on stderr), 2 wrong usage, 130 stopped by Ctrl-C."""

_INSTALL = "in the repository: pip install -e '.[export]', or uv sync --extra export"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (None: the process's own); returns its exit code."""
    mend_streams()
    arguments = _build_parser().parse_args(argv)
    # Below the parser: --help should not wait for PyTorch.
    from ressq_runtime.errors import RessqError
    from ressq_runtime.faults import Faults
    from ressq_runtime.streaming.shutdown import GracefulShutdown

    try:
        from ressq_export.exporter import export
        from ressq_export.progress import open_screen

        with GracefulShutdown(), open_screen() as screen:  # SIGTERM is as Ctrl-C: nothing half made is left
            report = export(_to_request(arguments), screen)
    except RessqError as error:
        print(f"ressq-export: error: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:  # those of the extra are installed when they are asked for
        print(f"ressq-export: error: found no package {error.name}, wanted it to convert; {_INSTALL}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ressq-export: interrupted; no artefact was written", file=sys.stderr)
        return 130
    for note in report.notes:
        print(f"ressq-export: note: {note}", file=sys.stderr)
    for fault in Faults(report.faults).lines():
        print(f"ressq-export: error: {fault}", file=sys.stderr)
    if report.refused:
        print(f"ressq-export: error: {report.refused}", file=sys.stderr)
    text = json.dumps(report.to_json()) if arguments.json else _to_text(report)
    code = print_result("ressq-export", text, f"the files are in {arguments.out}")
    return 1 if report.faults or report.refused else code


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ressq-export",
        description="Makes four artefacts of a training run: ONNX and TFLite, float and int8, each checked.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="a folder made by ressq-train")
    add("--out", metavar="DIR", type=Path, required=True, help="folder for the artefacts; made if need be")
    add("--name", metavar="NAME", help="NAME in the file names (default: the run folder's)")
    add("--data", metavar="FOLDER", type=Path, help="where the run's pictures are now, if they were moved")
    add("--calibration", metavar="FOLDER", type=Path, help="take int8 ranges from these pictures instead")
    add(
        "--evaluate",
        metavar="FOLDER",
        type=Path,
        help="measure on this folder, laid out as the training folder, as well; of that one, on its test pictures",
    )
    add("--about", metavar="TEXT", default="", help="what the model is for, where its pictures come from")
    add("--seed", metavar="N", type=int, default=0, help="of the draw of calibration pictures (default: 0)")
    add(
        "--no-thumbnails",
        action="store_true",
        help="no picture and no picture's name in the certificate: patients, say",
    )
    add(
        "--max-drop",
        metavar="POINTS",
        type=_points,
        default=0.5,
        help="of top-1, or mIoU, that int8 may lose on the validation split (default: 0.5)",
    )
    add("--allow-drop", action="store_true", help="keep the best int8 files even if they lose more")
    add("--force", action="store_true", help="replace files that are there")
    add("--json", action="store_true", help="one JSON object on stdout; shares are fractions")
    return parser


def _points(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= 100:
        raise argparse.ArgumentTypeError(f"found {text!r}, wanted percentage points above 0 and up to 100")
    return found


def _to_request(arguments: argparse.Namespace) -> "Request":
    from ressq_export.request import Request

    return Request(
        run=arguments.run,
        out=arguments.out,
        name=arguments.run.resolve().name if arguments.name is None else arguments.name,
        data=arguments.data,
        calibration=arguments.calibration,
        evaluate=arguments.evaluate,
        force=arguments.force,
        about=arguments.about,
        seed=arguments.seed,
        thumbnails=not arguments.no_thumbnails,
        max_drop=arguments.max_drop,
        allow_drop=arguments.allow_drop,
    )


def _to_text(report: "Report") -> str:
    from rich.console import Console

    from ressq_export.report import render

    tables, shown = StringIO(), sys.stdout.isatty()
    console = Console(file=tables, width=None if shown else 100, force_terminal=shown)
    for title, rows in report.tables.items():
        console.print(render(title, rows))
    drawn = report.calibration
    lines = []
    if drawn:
        lines.append(f"int8 ranges from {drawn.get('count')} {drawn.get('split')} pictures, seed {drawn.get('seed')}")
    if report.confidence is not None:
        lines.append(str(report.confidence))
    if report.quantization is not None:
        lines.append(str(report.quantization))
    return tables.getvalue() + "\n".join([*lines, *report.files])


if __name__ == "__main__":
    sys.exit(main())
