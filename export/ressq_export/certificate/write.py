"""NAME_certificate.json and NAME_certificate.html: what was measured, for a script and for a person."""

import json
from pathlib import Path
from typing import Any

from ressq_export.certificate.document import Evidence, make_document
from ressq_export.certificate.page import make_page
from ressq_export.tasks import open_task


def certificate_paths(folder: Path, name: str) -> list[Path]:
    """The two files of a certificate."""
    return [folder / f"{name}_certificate.{suffix}" for suffix in ("json", "html")]


def write_certificate(evidence: Evidence, folder: Path, *, thumbnails: bool) -> list[Path]:
    """Write both files into `folder`.

    Args:
        evidence: what was measured.
        folder: for the files.
        thumbnails: False keeps pictures and their names out of both.
    """
    document = make_document(evidence, named=thumbnails)
    checkpoint = evidence.about.checkpoint
    task, spec = open_task(checkpoint), checkpoint.input
    shown = [task.draw_set(pictures, spec) if thumbnails else {} for pictures in evidence.sets]
    json_path, html_path = certificate_paths(folder, evidence.about.name)
    json_path.write_bytes(to_json(document))
    html_path.write_bytes(make_page(document, shown))
    return [json_path, html_path]


def to_json(document: dict[str, Any]) -> bytes:
    """UTF-8; half a surrogate, of a file name that is no UTF-8, is escaped."""
    return f"{json.dumps(document, ensure_ascii=False, indent=1)}\n".encode("utf-8", "backslashreplace")
