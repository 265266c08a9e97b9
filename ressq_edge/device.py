"""What training computes on, and how exactly."""

import os

import torch
import torch.distributed as dist

from ressq_edge.choices import Precision
from ressq_edge.errors import RunError


def pick_device(asked: str | None) -> torch.device:
    """The device of --device auto|cpu|cuda|mps; of several CUDA devices the one of this process.

    Raises:
        RunError: there is no such device here.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = next(name for name in there if there[name]) if asked in (None, "auto") else str(asked)
    if not there[name]:
        found = ", ".join(name for name in there if there[name])
        raise RunError(f"--device: found no {name} here, only {found}; leave it out, or install a PyTorch with {name}")
    if name != "cuda":
        return torch.device(name)
    device = torch.device(name, int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def default_precision(device: torch.device) -> Precision:
    """bf16 where the processor multiplies it natively: elsewhere it is emulated, and slower than fp32."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported() else "fp32"


def default_threads() -> int:
    """All cores; torchrun tells PyTorch to use one, meaning each of its processes."""
    return (os.cpu_count() or 1) if dist.is_torchelastic_launched() else torch.get_num_threads()


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """Convolutions in this precision while it is entered; weights and their gradients stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
