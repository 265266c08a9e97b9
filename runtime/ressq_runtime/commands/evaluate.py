"""`ressq-evaluate`: an artefact's accuracy on labelled pictures, on this device."""

from __future__ import annotations

import json
import sys

from ressq_runtime.commands.command import mend_streams, print_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from ressq_runtime.evaluation import Evaluation

_CORNER = "truth \\ answer"
_EXAMPLES = """\
examples:
  ressq-evaluate leaf_int8.tflite photos/test      photos/test holds one folder per label
  ressq-evaluate leaf_int8.tflite photos/ --split runs/leaf/split.json     of photos/ what that run kept back

Exit codes: 0 done, 1 a fault you can mend (each is named on stderr), 2 wrong usage, 130 stopped by Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    mend_streams()
    arguments = _build_parser().parse_args(argv)
    from pathlib import Path

    from ressq_runtime.classify import Classifier
    from ressq_runtime.errors import RessqError
    from ressq_runtime.evaluation import evaluate
    from ressq_runtime.faults import Faults
    from ressq_runtime.inputs.test_split import has_groups

    try:
        classifier = Classifier.load(arguments.artefact, engine=arguments.engine, threads=arguments.threads)
        progress = _show_progress if sys.stderr.isatty() else None
        found = evaluate(classifier, Path(arguments.folder), progress, arguments.split)
    except (RessqError, OSError) as error:
        print(f"ressq-evaluate: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ressq-evaluate: interrupted", file=sys.stderr)
        return 130
    if arguments.split and has_groups(arguments.split):
        print("ressq-evaluate: note: the intervals take pictures of one group for independent", file=sys.stderr)
    for fault in Faults(found.faults).lines():
        print(f"ressq-evaluate: error: {fault}", file=sys.stderr)
    text = json.dumps(found.to_json()) if arguments.json else _to_text(found)
    code = print_result("ressq-evaluate", text, "free space, or write elsewhere")
    return 1 if found.faults else code


def _build_parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    from ressq_runtime.commands.arguments import add_engine_options

    parser = ArgumentParser(
        "ressq-evaluate", description="Measures an artefact's accuracy on labelled pictures.", epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("artefact", metavar="ARTEFACT", help="a .tflite or .onnx artefact of ressq-export")
    add("folder", metavar="FOLDER", help="one sub-folder per label, pictures inside")
    add("--split", metavar="FILE", help="a run's split.json: only its test pictures, in the FOLDER it trained on")
    add("--json", action="store_true", help="one JSON object on stdout; shares are fractions")
    add_engine_options(parser)
    return parser


def _to_text(found: Evaluation) -> str:
    lines = [
        f"{found.artefact} on {found.n} pictures of {found.folder} ({found.engine})",
        f"top-1  {found.top1:6.1%}  95 % interval {found.top1_low:.1%} to {found.top1_high:.1%}",
    ]
    if len(found.labels) > 5:
        lines.append(f"top-5  {found.top5:6.1%}  95 % interval {found.top5_low:.1%} to {found.top5_high:.1%}")
    if found.threshold:
        lines.append(f"answered {found.coverage:.1%} of them, those of probability {found.threshold:.1%} or more")
    if found.threshold and found.answered_top1 is not None:
        low, high = found.answered_top1_low, found.answered_top1_high
        lines.append(f"  top-1  {found.answered_top1:6.1%}  95 % interval {low:.1%} to {high:.1%}")
    if found.unlike is not None:
        lines.append(f"unlike the training pictures: {found.unlike:.1%} of them")
    lines += ["", *_list_thresholds(found)]
    width = max(max(len(label) for label in found.labels), len(_CORNER))
    cell = max(5, *(len(str(count)) + 1 for row in found.confusion for count in row))
    head = "".join(f"{index + 1:>{cell}}" for index in range(len(found.labels)))
    lines += ["", f"{_CORNER:<{width + 4}}{head}   recall"]
    for index, (label, row) in enumerate(zip(found.labels, found.confusion, strict=True)):
        recall = found.recall[label]
        counts = "".join(f"{count or '.':>{cell}}" for count in row)
        lines.append(
            f"{index + 1:>3} {label:<{width}}{counts}   {'no pictures' if recall is None else f'{recall:6.1%}'}"
        )
    return "\n".join(lines)


def _list_thresholds(found: Evaluation) -> list[str]:
    lines = ["threshold  answered  right of those  95 % interval"]
    for point in found.thresholds:
        own = 0 < point.threshold == found.threshold
        name = f"{point.threshold:.3f}*" if own else f"{point.threshold:.2f} " if point.threshold else "none "
        right = "             -"
        if point.top1 is not None:
            right = f"{point.top1:14.1%}  {point.top1_low:.1%} to {point.top1_high:.1%}"
        lines.append(f"{name:>10} {point.coverage:9.1%}  {right}")
    own_words = "* the file's own; " if found.threshold else ""
    return [*lines, f"{own_words}to take another: ressq-infer --abstain-below 0.8"]


def _show_progress(done: int, count: int) -> None:
    end = "\n" if done == count else ""
    print(f"\r{done} of {count} pictures", end=end, file=sys.stderr, flush=True)
