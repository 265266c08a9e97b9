"""Pictures to answers, one after the other: text, JSON Lines or CSV, and the faults among them."""

from __future__ import annotations

import os
import sys

from ressq_runtime.classify import Classifier
from ressq_runtime.errors import PictureError, printable
from ressq_runtime.step import timed_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

# How what may be a pipe is named.
_PIPED = ("-", "/dev/", "/proc/")


def answer_all(arguments: Namespace, path: str, origin: str) -> int:
    """Classifies what the arguments name; exit code 0, or 1 if a picture could not be read.

    Raises:
        RessqError: nothing could be done at all.
    """
    piped = len(arguments.pictures) == 1 and arguments.pictures[0].startswith(_PIPED)
    if piped:
        from ressq_runtime.inputs.piped import is_piped

        piped = is_piped(arguments.pictures[0])
    pictures = arguments.pictures if piped else list_named(arguments.pictures)
    classifier = load_named(arguments, path, origin)
    if not piped and (len(pictures) != 1 or pictures != arguments.pictures or arguments.csv):
        from ressq_runtime.streaming.stream import answer_many

        return answer_many(arguments, classifier, pictures)
    if arguments.explain:
        from ressq_runtime.explain import check_explanation

        check_explanation(arguments.explain, pictures[0])
    return _answer_one(arguments, classifier, pictures[0], piped)


def _answer_one(arguments: Namespace, classifier: Classifier, name: str, piped: bool) -> int:
    from ressq_runtime.rows import open_writer

    named = name
    if piped:
        from ressq_runtime.inputs.piped import name_row, read_piped

        name = name_row(name, arguments.csv)
    with open_writer(arguments, classifier, single=True) as writer:
        try:
            source = read_piped(named) if piped else named
            predictions, spent = timed_answer(classifier, source, arguments.top_k)
            writer.write((name, predictions, spent))
        except PictureError as fault:
            said = str(fault).replace("bytes:", "stdin:", 1) if piped else str(fault)
            print(f"ressq-infer: error: {said}", file=sys.stderr)
            writer.write_fault(name, said)
            return 1
    if arguments.explain:
        from ressq_runtime.explain import write_explanation

        write_explanation(classifier, source, predictions[0], arguments.explain)
        print(f"ressq-infer: wrote {arguments.explain}", file=sys.stderr)
    return 0


def list_named(names: Iterable[str]) -> list[str]:
    """The picture files that files and folders name, in their order; what else is in a folder is said on stderr.

    Raises:
        FolderError: a folder holds no picture, or can't be read; or the locale reads names as other letters.
        PictureError: a network address stands among the names.
    """
    found: list[str] = []
    for name in names:
        if not name.isascii():
            from ressq_runtime.inputs.names import refuse_locale

            refuse_locale(name, [name])
        if "://" in name:
            refuse_address(name)
        found += _list_folder(name) if os.path.isdir(name) else [name]
    return found


def refuse_address(name: str) -> None:
    """Nothing, if a file has such a name. An address may hold a password, which no row of a table is to show.

    Raises:
        PictureError: there is no such file.
    """
    if not os.path.exists(name):
        from ressq_runtime.streaming.addresses import cut_address

        raise PictureError(
            f"{cut_address(name)}: found a network address, wanted a file; download the picture first, "
            "or name a camera's stream with --camera"
        )


def _list_folder(name: str) -> list[str]:
    from pathlib import Path

    from ressq_runtime.errors import FolderError
    from ressq_runtime.inputs.folders import list_others, list_pictures

    pictures, others = list_pictures(Path(name)), list_others(Path(name))
    if others:
        shown = ", ".join(path.name for path in others[:3]) + (", ..." if len(others) > 3 else "")
        text = f"{name}: left out {len(others)} files that are no pictures: {shown}"
        print(f"ressq-infer: {printable(text)}", file=sys.stderr)
    if not pictures:
        raise FolderError(f"{name}: found no picture, wanted a folder with JPEG, PNG, WebP or other pictures")
    return [str(path) for path in pictures]


def load_named(arguments: Namespace, path: str, origin: str) -> Classifier:
    """The classifier that the arguments name; says on stderr which it is and what runs it."""
    labels = _read_labels(arguments.labels) if arguments.labels else None
    classifier = Classifier.load(path, engine=arguments.engine, threads=arguments.threads, labels=labels)
    if labels:
        from ressq_runtime.artefact.labels import check_count

        check_count(arguments.labels, labels, classifier.engine, path)
    if arguments.abstain_below is not None:
        classifier.threshold = arguments.abstain_below
    engine = classifier.engine
    by = f"{engine.name} {engine.version}, {engine.threads} thread{'s' if engine.threads > 1 else ''}"
    if origin == "built-in":
        shown = ", ".join(classifier.labels)
        print(f"ressq-infer: built-in clothing model ({shown}); name yours with --model. {by}", file=sys.stderr)
    else:
        print(f"ressq-infer: {printable(path)} ({origin}). {by}", file=sys.stderr)
    return classifier


def _read_labels(path: str) -> list[str]:
    """The labels in the file; how they were read is said on stderr."""
    from ressq_runtime.artefact.labels import read_labels

    labels, notes = read_labels(path)
    for note in notes:
        print(f"ressq-infer: {printable(note)}", file=sys.stderr)
    return labels
