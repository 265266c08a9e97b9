"""classes.csv and labelmap.txt that can't be used say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from ressq_edge.data.masks.classes import read_table
from ressq_edge.errors import MaskError


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("classes.csv", "class,colour\n", "found the header 'class,colour', wanted index,name,r,g,b; r, g and b"),
        ("classes.csv", "", "found the header 'of no column', wanted index,name"),
        ("classes.csv", "index,name\n0,a\n256,b\n", "found '256' in line 3, wanted a whole number from 0 to 255;"),
        ("classes.csv", "index,name\n0,a\n0,b\n", "found the index 0 twice, wanted it once; mend the second line"),
        ("classes.csv", "index,name\n0,a\n1,a\n", "found the name a twice"),
        ("classes.csv", "name,r,g,b\na,0,0,0\nb,0,0,0\n", "found the colour 0,0,0 twice"),
        ("classes.csv", "name,r,g,b\na,0,0,0\nb,,,\n", "found no colour for b, wanted one for each class; add it"),
        ("classes.csv", "index,name\n0,a\n1,void\n", "found 1 classes to learn, wanted two or more; name the"),
        ("classes.csv", "index,name\n0,a\n1,\n", "found the name '', wanted letters that can be seen; name the class"),
        ("classes.csv", "index,name\n0,a\n1,\"b\x1b\"\n", "wanted letters that can be seen"),
        ("labelmap.txt", "a:0,0,0::\nb::\n", "found 'b::' in line 2, wanted name:r,g,b::; mend or export it again"),
        ("labelmap.txt", "a:0,0,0::\nb:0,0,300::\n", "found '300' in line 2, wanted a whole number from 0 to 255"),
    ],
)  # fmt: skip
def test_a_table_that_can_not_be_used_says_why(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(MaskError) as found:
        read_table(tmp_path)
    assert f"{tmp_path / name}: " in str(found.value)
    assert words in str(found.value)


def test_a_table_must_be_text_of_a_sensible_size_and_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_bytes("index,name\n0,Straße\n".encode("latin1"))
    with pytest.raises(MaskError, match=r"found no UTF-8 text, wanted a line a class; save it as UTF-8"):
        read_table(tmp_path)
    (tmp_path / "classes.csv").write_text("index,name\n" + "0,a\n" * 300_000)
    with pytest.raises(MaskError, match=r"found more than 1 MB, wanted a line a class; mend it"):
        read_table(tmp_path)
    (tmp_path / "classes.csv").write_text('index,name\n0,"' + "a" * 200_000 + '"\n')
    with pytest.raises(MaskError, match=r"found a damaged table \(.*\), wanted index,name,r,g,b; save it again"):
        read_table(tmp_path)
    (tmp_path / "labelmap.txt").write_text("")
    with pytest.raises(
        MaskError, match=r"found both classes\.csv and labelmap\.txt, wanted one; move the other elsewhere"
    ):
        read_table(tmp_path)
    (tmp_path / "labelmap.txt").unlink()
    (tmp_path / "classes.csv").unlink()
    (tmp_path / "classes.csv").mkdir()
    with pytest.raises(MaskError, match=r"Is a directory; make it a file that can be read"):
        read_table(tmp_path)
