"""What options may be chosen from: names alone, so that `--help` and a wrong flag answer without loading PyTorch."""

from typing import Literal

Version = Literal["1.0", "1.1"]
Bypass = Literal["none", "simple", "complex", "gated"]
Head = Literal["deeplabv3plus", "deeplabv3", "unet", "segnet", "pspnet"]
Task = Literal["classify", "segment"]
Precision = Literal["fp32", "bf16"]

# arch -> (SqueezeNet version, may have a bypass)
SQUEEZENETS: dict[str, tuple[Version, bool]] = {
    "ressqueezenet1_1": ("1.1", True),
    "ressqueezenet1_0": ("1.0", True),
    "squeezenet1_1": ("1.1", False),
    "squeezenet1_0": ("1.0", False),
}
# arch -> what torchvision's builder is told besides the number of classes. GoogLeNet: no auxiliary classifiers, pixels
# as they are given, and PyTorch's default weights (its own take three seconds and matter little before batch norm).
BASELINES: dict[str, dict[str, bool]] = {
    "shufflenet_v2_x1_0": {},
    "googlenet": {"aux_logits": False, "transform_input": False, "init_weights": False},
    "mobilenet_v2": {},
    "resnet18": {},
}
ARCHS = (*SQUEEZENETS, *BASELINES)
SERIES_ARCHS = ("ressqueezenet1d",)
BYPASSES: tuple[Bypass, ...] = ("none", "simple", "complex", "gated")
TASKS: tuple[Task, ...] = ("classify", "segment")
HEADS: tuple[Head, ...] = ("deeplabv3plus", "deeplabv3", "unet", "segnet", "pspnet")
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
DEVICES = ("auto", "cpu", "cuda", "mps")
