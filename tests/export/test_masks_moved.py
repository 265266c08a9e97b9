"""A run whose masks are not where they were is refused as one whose pictures are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawn_masks import lay_drawn
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.parts import split_pairs
from ressq_edge.data.masks.scan import refuse_complaints, scan_masks
from ressq_edge.data.split import write_split
from ressq_edge.network.checkpoint import save_checkpoint
from ressq_export.errors import ExportError
from ressq_export.run import read_run
from segmentation_networks import segmenter


def test_a_mask_that_is_gone_is_named(tmp_path: Path) -> None:
    root, run = lay_drawn(tmp_path / "data", {"train": 4, "val": 2}), tmp_path / "run"
    run.mkdir()
    folder = find_masks(root)
    assert folder is not None
    scan = scan_masks(root, folder, 1)
    write_split(run, split_pairs(root, folder.pairs, scan, refuse_complaints(root, scan), 0, None, {}, ()))
    save_checkpoint(run / "best.safetensors", segmenter("deeplabv3plus"))
    (run / "config.json").write_text(json.dumps({"data": str(root)}))
    assert read_run(run).split.colours is not None
    (root / "masks/val/001.png").unlink()
    with pytest.raises(ExportError, match=r"found no masks/val/001\.png \(nor 0 more of val\), wanted the pictures"):
        read_run(run)
