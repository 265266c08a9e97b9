"""The halves of a real calibration set, compared, and the page of what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

import calibration_stability
from page.markdown import to_markdown
from page.write import write


@pytest.mark.slow
def test_halves_of_a_run_are_compared(run: Path, tmp_path: Path) -> None:
    report = calibration_stability.measure_run(run, counts=(32,), seeds=(0,))
    assert [row["pictures"] for row in report["rows"]] == [32, 32]
    assert len({row["step"] for row in report["rows"]}) == 2
    for row in report["rows"]:
        (halves,), (drop,) = row["stability"], row["drops"]
        assert 0.5 < halves["agreement"] <= 1 <= halves["width_ratio"]
        assert -0.5 < drop < 0.5
    page = calibration_stability.to_page(report)
    assert f"| {report['rows'][0]['step']} | 32 | " in to_markdown(page)
    assert any(path.suffix == ".svg" for path in write(report, page, tmp_path))


def test_a_folder_without_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibration_stability.main([str(tmp_path), "--out", str(tmp_path)]) == 1
    assert "calibration_stability.py: error: " in capsys.readouterr().err
