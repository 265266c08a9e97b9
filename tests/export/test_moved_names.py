"""A run whose pictures are there under other names: in another Unicode form, or read by another locale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import pytest

from ressq_edge.cli import main
from ressq_edge.errors import SplitError
from ressq_export.run import read_run
from runs import QUICK, refused

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="names there have one form and one encoding"
)


@pytest.fixture(scope="module")
def made(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/, a run on it, and nfd/, the same photos with names in NFD."""
    root = tmp_path_factory.mktemp("moved")
    for data, form in (("photos", "NFC"), ("nfd", "NFD")):
        for shape, label in (("circle", "Größe"), ("square", "klein")):
            (root / data / normalize(form, label)).mkdir(parents=True)
            for picture in sorted((shapes / shape).iterdir())[:8]:
                shutil.copy(picture, root / data / normalize(form, label))
    assert main([str(root / "photos"), "--out", str(root / "run"), "--epochs", "1", *QUICK]) == 0
    return root


def test_an_export_and_a_run_that_goes_on_tell_the_form(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (
        "in another Unicode form than when the run began, wanted the same; rename it, by convmv -f utf8 -t utf8 --nfc"
    )
    with pytest.raises(SplitError, match=said):
        read_run(made / "run", made / "nfd")
    run = shutil.copytree(made / "run", tmp_path / "run")
    assert said in refused(capsys, made / "nfd", "--out", run, "--resume")


@pytest.mark.parametrize("command", ["export", "resume"])
def test_an_export_and_a_run_that_goes_on_name_the_locale(made: Path, tmp_path: Path, command: str) -> None:
    run = shutil.copytree(made / "run", tmp_path / "run")
    module, arguments = "ressq_export.cli", [run, "--out", tmp_path / "dist"]
    if command == "resume":
        module, arguments = "ressq_edge.cli", [made / "photos", "--out", run, "--resume"]
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; from {module} import main; sys.exit(main())", *map(str, arguments)],
        env={**os.environ, "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "found the locale ascii, wanted UTF-8, as names are in; export LC_ALL=C.UTF-8" in ended.stderr
    assert "Traceback" not in ended.stderr
