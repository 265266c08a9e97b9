"""What every worker speaks: one JSON object a line, requests on stdin, replies on a pipe of their own.

A worker is a resident process in its library's own environment. argv[1] says what to load, argv[2] is the pipe's
number; the first reply holds the library's versions, or an error. Then each request `{"column", "pictures",
"repeats"}` is answered by `{"answers": [[label, ms, cpu_ms], ...]}`, cpu_ms being what the process got of the
core. Columns:

    file     from the file to the label, as one would write it with this library
    decoder  the same with ressq-infer's decoder in front of the library
    network  from pixels in memory to the label
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter, process_time
from typing import Any, NamedTuple, Protocol


class Settings(NamedTuple):
    """What to load: the model, its labels in the order of its scores, its input's side and what it is cut from."""

    model: str
    labels: list[str]
    size: int
    resize: int
    packages: list[str]


class Model(Protocol):
    """A loaded model, on one thread."""

    def label_file(self, path: str) -> str:
        """The label of a picture."""

    def label_pixels(self, pixels: bytes) -> str:
        """The label of uint8 RGB pixels, size x size."""


def serve(load: Callable[[Settings], Model]) -> None:
    """Loads the model and answers until stdin ends."""
    replies = os.fdopen(int(sys.argv[2]), "w")

    def reply(found: dict[str, Any]) -> None:
        replies.write(json.dumps(found) + "\n")
        replies.flush()

    settings = Settings(**json.loads(sys.argv[1]))
    try:
        model = load(settings)
    except Exception as error:  # whatever a library raises is why it can't take part
        reply({"error": f"{type(error).__name__}: {error}"})
        return
    reply({"versions": {name: version(name) for name in settings.packages}})
    columns = _columns(model, settings)
    for line in sys.stdin:
        request = json.loads(line)
        reply(_answer(columns[request["column"]], request["pictures"], request["repeats"]))


def _columns(model: Model, settings: Settings) -> dict[str, Callable[[str], Callable[[], str]]]:
    """Per column: for a picture, untimed preparation that gives the call to time."""
    from ressq_runtime.inputs.picture import to_pixels
    from ressq_runtime.inputs.picture_spec import PixelSpec

    spec = PixelSpec(size=settings.size, resize=settings.resize)

    def network(path: str) -> Callable[[], str]:
        pixels = to_pixels(path, spec)
        return lambda: model.label_pixels(pixels)

    return {
        "file": lambda path: lambda: model.label_file(path),
        "decoder": lambda path: lambda: model.label_pixels(to_pixels(path, spec)),
        "network": network,
    }


def _answer(prepare: Callable[[str], Callable[[], str]], pictures: list[str], repeats: int) -> dict[str, Any]:
    calls = [prepare(path) for path in pictures]
    calls[0]()  # another worker had the core and its caches
    answers = []
    for call in calls * repeats:
        started, used = perf_counter(), process_time()
        label = call()
        answers.append((label, 1000 * (perf_counter() - started), 1000 * (process_time() - used)))
    return {"answers": answers}
