"""A trained network that teaches another one: what `--teacher RUN` means.

The one that learns sees, beside the right class, what the teacher answers to the very same view (Hinton et al.,
arXiv:1503.02531; the same views: Beyer et al., arXiv:2106.05237). The teacher is a run of any network, usually of a
larger one; nothing of it is kept but its hash.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.augment import normalise
from ressq_edge.checkpoint import Normalise, load_checkpoint
from ressq_edge.device import Precision, autocast
from ressq_edge.errors import RunError
from ressq_edge.published import file_sha256

SHARE = 0.7  # of the loss; the rest is the right class's
TEMPERATURE = 2.0  # of both answers: what the teacher holds possible counts, and not its first choice alone


@dataclass(frozen=True)
class Teacher:
    """A network that is asked and not changed.

    network: (N, 3, H, W) -> (N, classes) logits, of the classes of the run that learns.
    normalise: pixels to its input.
    """

    network: nn.Module
    normalise: Normalise

    def to(self, device: torch.device) -> "Teacher":
        """The same network on a device."""
        return replace(self, network=self.network.to(device))

    @torch.no_grad()
    def answer(self, pixels: Tensor, precision: Precision) -> Tensor:
        """float32 (N, classes) logits for float (N, 3, H, W) RGB views, 0..255."""
        inputs = normalise(pixels, self.normalise.mean, self.normalise.std)
        with autocast(precision, pixels.device):
            return cast(Tensor, self.network(inputs)).float()


def teacher_sha256(run: Path) -> str:
    """Which teacher it is: the SHA-256 of its checkpoint.

    Raises:
        RunError: there is none.
    """
    path = _checkpoint(run)
    if not path.is_file():
        raise RunError(f"--teacher: found no {path}, wanted the run folder of a finished ressq-train")
    return file_sha256(path)


def load_teacher(run: Path, labels: tuple[str, ...]) -> Teacher:
    """The network of a run that knows these classes, on the CPU.

    Raises:
        CheckpointError: its checkpoint is damaged.
        RunError: it knows other classes.
    """
    checkpoint = load_checkpoint(_checkpoint(run))
    if checkpoint.labels != labels:
        missing = sorted(set(labels) - set(checkpoint.labels)) or sorted(set(checkpoint.labels) - set(labels))
        raise RunError(
            f"--teacher: found in {run} a network of {len(checkpoint.labels)} classes, wanted one of the {len(labels)} "
            f"that are learned (only one of the two knows {missing[0]!r}); train it on the same folder"
        )
    network = checkpoint.build().to(memory_format=torch.channels_last)
    return Teacher(network.requires_grad_(False), checkpoint.normalise)


def taught_loss(loss: Tensor, logits: Tensor, taught: Tensor, weights: Tensor) -> Tensor:
    """The loss of a batch and its distance from the teacher's answers, by SHARE.

    loss: of the right classes.
    logits, taught: float (N, classes), of the learning network and of the teacher.
    weights: float (N,), of the pictures.
    """
    own, wanted = (F.log_softmax(answers / TEMPERATURE, 1) for answers in (logits, taught))
    # The square makes its gradient as long as the other's.
    apart = F.kl_div(own, wanted, reduction="none", log_target=True).sum(1) * TEMPERATURE**2
    return (1 - SHARE) * loss + SHARE * (apart * weights).sum() / weights.sum()


def _checkpoint(run: Path) -> Path:
    return run / "best.safetensors"
