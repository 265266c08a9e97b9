"""Pictures: decoded once into a cache, drawn as views, and looked at by a person before and after training."""

from __future__ import annotations

from ressq_edge.config import form_size, to_sides
from ressq_edge.data.augment import Views
from ressq_edge.data.cache import clear_cache, open_store
from ressq_edge.decoding import decode_pictures
from ressq_edge.label_check import write_suspects
from ressq_edge.network.arch import count_multiply_adds
from ressq_edge.network.checkpoint import Normalise, load_checkpoint, normalise_for
from ressq_edge.reports.report import describe_network, write_report
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.session import Session, Start, Stop
from ressq_edge.start import begin_run
from ressq_edge.training.samples import PictureSamples
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState
from ressq_runtime.inputs.picture_spec import PixelSpec


class Pictures:
    """Pictures; as `input.Input`."""

    def begin(self, request: Request, screen: Screen, stop: Stop) -> Start:
        """As `start.begin_run`."""
        return begin_run(request, screen, stop)

    def prepare(self, session: Session) -> Start:
        """As `decoding.decode_pictures`."""
        return decode_pictures(session)

    def open_samples(self, session: Session, part: str) -> PictureSamples:
        """From the cache."""
        start = session.start
        config = start.config
        store = open_store(session.cache, start.split, session.data, start.pixels, part)
        size = to_sides(config.view_size)
        views = Views(size, config.smallest_crop, config.jitter, config.whole_views, config.mirror)
        return PictureSamples(store, views, normalise_for(config.arch))

    def spec(self, start: Start) -> tuple[PixelSpec, Normalise]:
        """The pixels, and the mean and deviation that the weights grew up with."""
        return start.pixels, normalise_for(start.config.arch)

    def introduce(self, session: Session) -> tuple[str, str]:
        """The network's cost, and the views."""
        config = session.start.config
        adds = count_multiply_adds(session.start.model, config.height, config.width) / 1e6
        views = f"views of {form_size(config.view_size)} px for an input of {form_size(config.size)}"
        return f"{adds:,.0f} million multiply-adds at {form_size(config.size)} px", views

    def report(self, session: Session, state: TrainState, stages: Stages | None) -> list[str]:
        """suspects.html, the plots and summary.md; then the cache goes."""
        if session.start.task.checks_labels:
            write_suspects(session)
        notes = self._write_report(session, state, stages)
        clear_cache(session.cache)
        return notes

    def _write_report(self, session: Session, state: TrainState, stages: Stages | None) -> list[str]:
        """A function of its own, so that the map of the cache ends before the cache is deleted."""
        best = load_checkpoint(session.folder / "best.safetensors")
        val, told = self.open_samples(session, "val"), describe_network(session.start, best)
        return write_report(session.folder, session.data, session.start, state.epochs, val, best, told, stages)
