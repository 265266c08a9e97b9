"""The next batches are drawn while the network works on this one.

What is drawn is a function of (seed, epoch, picture), so no thread can change it. From the cache one thread is
hardly busy; pictures that did not fit into it are decoded by as many as training has.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from ressq_edge.data.augment import Batch

Numbers = tuple[int, ...]


def prefetch(numbers: Iterable[Numbers], draw: Callable[[Numbers], Batch], threads: int) -> Iterator[Batch]:
    """The batch that `draw` makes of each, in order; up to `threads` of them ahead.

    An error of `draw` comes out where its batch would have.
    """
    # One thread of PyTorch's each: as teams they would fight the network for the cores.
    pool = ThreadPoolExecutor(threads, "draw", initializer=torch.set_num_threads, initargs=(1,))
    waiting: deque[Future[Batch]] = deque()
    try:
        for some in numbers:
            waiting.append(pool.submit(draw, some))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
