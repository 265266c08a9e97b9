"""data.html of recordings: what stands out, who is shown, and what classes swing at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recordings import QUICK_SERIES, write_swings
from ressq_edge.cli import main
from ressq_edge.data.recordings.spectra import measure_spectra
from ressq_edge.data.recordings.windows import open_windows
from ressq_edge.data.split import read_split
from ressq_edge.network.checkpoint import load_checkpoint


@pytest.fixture(scope="module")
def swings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a gap in one recording, and a name that would be markup."""
    data = write_swings(tmp_path_factory.mktemp("swings"))
    odd = data / "fast" / "p0_a.csv"
    lines = odd.read_text().splitlines()
    (data / "fast" / "p0_<b>.csv").write_text("\n".join(lines[:90] + lines[100:]))
    odd.unlink()
    return data


@pytest.fixture(scope="module")
def trained(swings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("page") / "run"
    assert main([str(swings), "--out", str(run), *QUICK_SERIES[:-1], "1"]) == 0
    return run


def test_a_page_shows_recordings_with_their_rates_and_what_stands_out(trained: Path) -> None:
    page = (trained / "data.html").read_text()
    assert "Recordings with gaps, which are cut there: 1." in page
    assert "p0_&lt;b&gt;.csv" in page
    assert "<b>.csv" not in page
    assert page.count('<svg class="recording"') == 2
    assert page.count('<svg class="spectra"') == 1
    assert "$" not in page  # a formula's
    assert '<td data-head="Hz">50</td>' in page
    assert '<td data-head="stretches">2</td>' in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_without_thumbnails_no_recording_is_shown_or_named(swings: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert main([str(swings), "--out", str(run), *QUICK_SERIES[:-1], "1", "--no-thumbnails"]) == 0
    page = (run / "data.html").read_text()
    assert ".csv" not in page
    assert '<svg class="recording"' not in page
    assert '<svg class="spectra"' in page


def test_a_spectrum_tells_at_what_a_class_swings(swings: Path, trained: Path) -> None:
    spec, split = load_checkpoint(trained / "best.safetensors").series, read_split(trained)
    frequencies, found = measure_spectra(open_windows(swings, split, "train", spec))
    peaks = [frequencies[np.argmax(found[label][:, 0])] for label in (0, 1)]
    assert split.labels == ("fast", "slow")
    assert peaks == pytest.approx([5.0, 1.67], abs=0.1)
    assert found[0][:, 0].max() == pytest.approx(1.0, abs=0.3)
