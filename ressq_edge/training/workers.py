"""One process that trains, or the several that torchrun started, on one machine or more.

Each process takes its share of every batch, and PyTorch's DistributedDataParallel averages the gradients: the
same order, the same steps as with one process. The first process reads and writes the run folder, which all
must see; nothing of a run depends on how many there are, so another number of them may resume it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ressq_edge.errors import WorkerError

LONGEST_WAIT = timedelta(days=1)  # for the first process to decode; one that dies is noticed at once
T = TypeVar("T")


@dataclass(frozen=True)
class Workers:
    """This process among those of the run.

    rank: its number; 0 is the first, which speaks and writes.
    count: of all processes.
    device: of this process.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """True for the one process that speaks and writes."""
        return self.rank == 0

    def share(self, things: tuple[T, ...]) -> tuple[T, ...]:
        """Which of these are this process's own."""
        return things[self.rank :: self.count]

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model, with gradients averaged over the processes."""
        if self.count == 1:
            return model
        return DistributedDataParallel(model, [self.device] if self.device.type == "cuda" else None)

    def once(self, work: Callable[[], T]) -> T:
        """What `work` gives in the first process; its error ends all of them, and is told once."""
        if self.count == 1:
            return work()
        told: list[T | None] = [None]
        done = [False]
        try:
            if self.first:
                told, done = [work()], [True]
        finally:  # the others wait for one of the two
            dist.broadcast_object_list(done)
        if not done[0]:
            raise SystemExit(1)
        dist.broadcast_object_list(told)
        return cast(T, told[0])

    def follow(self, model: nn.Module) -> None:
        """Give the model of every process the first one's statistics of batch normalisation."""
        if self.count > 1:
            for statistic in model.buffers():
                dist.broadcast(statistic, 0)

    def total(self, *numbers: float) -> list[float]:
        """The sum of each number over all processes."""
        if self.count == 1:
            return list(numbers)
        sums = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(sums)
        return cast(list[float], sums.tolist())

    def collect(self, mine: Tensor, length: int) -> Tensor:
        """(length, ...) of which each process gave its `share`, on the CPU."""
        if self.count == 1:
            return mine
        shares: list[Tensor] = [mine] * self.count
        dist.all_gather_object(shares, mine)
        everything = mine.new_empty((length, *mine.shape[1:]))
        for rank, share in enumerate(shares):
            everything[rank :: self.count] = share
        return everything


@contextmanager
def join_workers(device: torch.device) -> Iterator[Workers]:
    """This process alone, or with those that torchrun started beside it.

    Raises:
        WorkerError: another process was lost.
    """
    if not dist.is_torchelastic_launched():
        yield Workers(0, 1, device)
        return
    dist.init_process_group(timeout=LONGEST_WAIT)
    workers = Workers(dist.get_rank(), dist.get_world_size(), device)
    try:
        yield workers
    except RuntimeError as error:  # gloo's own kind
        if workers.count == 1 or not _is_lost(error):
            raise
        raise WorkerError(
            f"process {workers.rank} of {workers.count}: lost another process of this run "
            f"({str(error).splitlines()[0]})"
        ) from error
    finally:
        dist.destroy_process_group()


def share_threads(threads: int) -> int:
    """The threads of this process, of those that this machine may use."""
    return max(1, threads // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _is_lost(error: RuntimeError) -> bool:
    words = str(error).lower()
    return isinstance(error, dist.DistError) or any(word in words for word in ("gloo", "connection", "nccl"))
