"""A task is looked up by the name that the run has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ressq_export.errors import ExportError
from ressq_export.tasks import open_task

if TYPE_CHECKING:
    from ressq_edge.network.checkpoint import Checkpoint


def test_a_task_that_this_version_does_not_know_is_named(checkpoint: Checkpoint) -> None:
    unknown = replace(checkpoint, config={"task": "segment"})
    with pytest.raises(ExportError, match=r"task: found 'segment' in the run, wanted one of classify; upgrade "):
        open_task(unknown)
