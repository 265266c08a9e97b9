"""A file's name may hold an escape sequence: no terminal is to obey it. Programs get the name as it is."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from conftest import draw_shape
from ressq_runtime.commands.infer import main
from ressq_runtime.errors import PictureError, printable


def test_control_characters_are_escaped_and_letters_are_not() -> None:
    assert printable("a\x1b[2J\n\x7f\x9b31m.jpg") == r"a\x1b[2J\n\x7f\x9b31m.jpg"
    for name in ("grüne Äpfel.jpg", "赤い林檎.png", "Screenshot 5.00\u202fPM.png", "half a \udce9"):
        assert printable(name) == name
    assert str(PictureError("a\x07.jpg: broken")) == r"a\x07.jpg: broken"


def test_no_name_reaches_the_terminal_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(2):
        draw_shape("circle", random.Random(index)).save(tmp_path / f"{index}\x1b[2J\n.png")
    (tmp_path / "broken\x9b31m.png").write_bytes(b"no picture")
    (tmp_path / "notes\x07.txt").touch()
    assert main([str(tmp_path)]) == 1
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert all(sign == "\n" or printable(sign) == sign for sign in text)
    assert shown.out.count(r"\x1b[2J\n.png: ") == 2
    assert r"broken\x9b31m.png: found" in shown.err
    assert r"no pictures: notes\x07.txt" in shown.err
    main([str(tmp_path), "--json"])
    paths = {json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()}
    assert paths == {str(path) for path in tmp_path.glob("*.png")}
