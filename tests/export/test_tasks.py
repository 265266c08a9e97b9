"""A task is looked up by the name that the run has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ressq_export.errors import ExportError
from ressq_export.tasks import open_task

if TYPE_CHECKING:
    from ressq_edge.network.checkpoint import Checkpoint


@pytest.mark.parametrize(("config", "found"), [({"task": "tag"}, "tag"), ({}, "")], ids=["new", "old"])
def test_a_task_that_this_version_does_not_know_is_named(checkpoint: Checkpoint, config: Any, found: str) -> None:
    unknown = replace(checkpoint, config=config)
    with pytest.raises(
        ExportError, match=rf"task: found '{found}' in the run, wanted one of classify, segment; train again"
    ):
        open_task(unknown)
