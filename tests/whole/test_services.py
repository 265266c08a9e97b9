"""The systemd units of docs/serve.md and docs/tables.md: systemd takes them; what they start works and ends well."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from served import STARTED_S, ask

pytestmark = pytest.mark.host

DOCS = Path(__file__).parents[2] / "docs"
BIN = Path(sys.executable).parent
UNITS = {"ressq-serve": DOCS / "serve.md", "ressq-watch": DOCS / "tables.md"}


def read_unit(name: str) -> str:
    """The unit that a document shows, as its reader would copy it."""
    text = UNITS[name].read_text(encoding="utf-8")
    assert f"/etc/systemd/system/{name}.service" in text
    assert f"sudo systemctl enable --now {name}\n" in text
    block = text.partition("    [Unit]\n")[2].partition("    WantedBy=multi-user.target\n")[0]
    lines = ["[Unit]", *block.splitlines(), "WantedBy=multi-user.target"]
    assert all(line.startswith("    ") or not line for line in lines[1:-1])
    return "\n".join(line.removeprefix("    ") for line in lines) + "\n"


def read_setting(unit: str, name: str) -> str:
    return next(line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{name}="))


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_no_fault_in_a_unit(name: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / f"{name}.service"
    path.write_text(read_unit(name).replace("/opt/ressq/bin", str(BIN)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if name in line] == []
    assert done.returncode == 0


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_again_after_a_fault_and_never_as_root(name: str) -> None:
    unit = read_unit(name)
    assert read_setting(unit, "Restart") == "on-failure"
    assert int(read_setting(unit, "RestartSec")) >= 5  # faster, systemd gives up after five times in ten seconds
    assert read_setting(unit, "After") == read_setting(unit, "Wants") == "network-online.target"
    assert "DynamicUser=yes\n" in unit or read_setting(unit, "User") not in ("", "root")


def start(name: str, *changes: tuple[str, str]) -> subprocess.Popen[str]:
    """What the unit's ExecStart starts, with these words in place of others; without a home folder, as for systemd."""
    line = read_setting(read_unit(name), "ExecStart")
    for before, after in (("/opt/ressq/bin", str(BIN)), *changes):
        assert before in line
        line = line.replace(before, after)
    return subprocess.Popen(
        shlex.split(line), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={}, cwd="/"
    )


def end(name: str, process: subprocess.Popen[str]) -> None:
    """systemd's way; the exit code must be one that it takes for no fault."""
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=STARTED_S)
    assert process.returncode == 0
    assert said.endswith(f"{name}: stopped\n")


def wait_for_line(process: subprocess.Popen[str], words: str) -> str:
    assert process.stderr is not None
    while words not in (line := process.stderr.readline()):
        assert line, f"it ended without saying {words!r}"
    return line


def test_the_server_answers_and_ends(artefacts: dict[str, Path], shapes: Path) -> None:
    model = ("/opt/ressq/leaf_int8.tflite", str(artefacts["int8.tflite"]))
    with start("ressq-serve", ("ressq-serve ", "ressq-serve 0 "), model) as process:
        port = int(wait_for_line(process, "serving on").rpartition(":")[2].partition("/")[0])
        assert ask(port, "GET", "/healthz").status == 200
        picture = (shapes / "circle" / "01.png").read_bytes()
        assert ask(port, "POST", "/classify", picture).json["label"] == "circle"
        end("ressq-serve", process)


def test_the_watched_folder_is_answered_and_it_ends(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    model = ("/opt/ressq/leaf_int8.tflite", str(artefacts["int8.tflite"]))
    for shape in ("circle", "square"):  # the second time the table is continued
        with start("ressq-watch", ("/srv/ressq", str(tmp_path)), model) as process:
            wait_for_line(process, "watching")
            shutil.copy(shapes / shape / "01.png", tmp_path / "incoming" / f"{shape}.png")
            until = time.monotonic() + STARTED_S
            while f"{shape}.png,{shape}," not in (tmp_path / "answers.csv").read_text():
                assert time.monotonic() < until
                time.sleep(0.1)
            end("ressq-watch", process)
    rows = (tmp_path / "answers.csv").read_text().splitlines()
    assert len(rows) == 3
