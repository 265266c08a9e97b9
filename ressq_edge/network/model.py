"""The network: SqueezeNet 1.0 and 1.1 with the bypasses of a residual network.

`ResSqueezeNet(bypass="none")` *is* SqueezeNet (Iandola et al., arXiv:1602.07360): parameter names equal
torchvision's `squeezenet1_0` and `squeezenet1_1`, so published state dicts load unchanged.

Nothing here knows about files, labels or training.
"""

from collections.abc import Iterator
from typing import cast

from torch import Tensor, nn

from ressq_edge.choices import BYPASSES, Bypass, Version
from ressq_edge.errors import ModelError
from ressq_edge.network.fire import Fire, GatedBypassFire, make_fire

MIN_SIZE = 32  # pixels: below it the third pooling has nothing left to pool


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)  # ceil_mode: torchvision's, 224 -> 111 -> 55


class Backbone(nn.Sequential):
    """Pictures to features: float (N, 3, H, W) -> (N, 512, h, w); h = w = 13 for 224 pixels.

    `channels` is the number of feature channels, the same for both versions. Heads for other tasks
    (segmentation) take this module and put something else behind it.
    """

    channels = 512

    def __init__(self, version: Version = "1.1", bypass: Bypass = "none") -> None:
        super().__init__(*(_layers_1_0(bypass) if version == "1.0" else _layers_1_1(bypass)))

    def stages(self, x: Tensor) -> list[Tensor]:
        """The last features at strides 2, 4, 8 and 16: what a head takes that answers for each pixel.

        Each is what the next pooling takes; the last is what `forward` gives. See `stage_channels`.
        """
        found = []
        for layer in self:
            if isinstance(layer, nn.MaxPool2d):
                found.append(x)
            x = layer(x)
        return [*found, x]

    @property
    def stage_channels(self) -> list[int]:
        """Channels of each of the `stages`: 64, 128, 256, 512 in version 1.1."""
        found, channels = [], 0
        for layer in self:
            if isinstance(layer, nn.MaxPool2d):
                found.append(channels)
            elif isinstance(layer, nn.Conv2d):
                channels = layer.out_channels
            elif isinstance(layer, Fire):
                channels = 2 * layer.expand1x1.out_channels
        return [*found, channels]

    def fires(self) -> Iterator[tuple[str, Fire]]:
        """The eight Fire modules under their names in the paper: ("fire2", ...) to ("fire9", ...)."""
        fires = (layer for layer in self if isinstance(layer, Fire))
        return ((f"fire{number}", fire) for number, fire in enumerate(fires, start=2))

    @property
    def bypassed(self) -> tuple[str, ...]:
        """Names of the Fire modules with a bypass."""
        return tuple(name for name, fire in self.fires() if type(fire) is not Fire)

    def gates(self) -> dict[str, float]:
        """The learned scalar of each gated bypass, by the name of its Fire module."""
        return {name: fire.gate.item() for name, fire in self.fires() if isinstance(fire, GatedBypassFire)}


def _layers_1_1(bypass: Bypass) -> list[nn.Module]:
    """SqueezeNet 1.1: 2.4 x fewer multiply-adds than 1.0 at its accuracy."""
    return [
        nn.Conv2d(3, 64, 3, stride=2),
        nn.ReLU(inplace=True),
        _pool(),
        make_fire(bypass, 64, 16, 64),  # fire2
        make_fire(bypass, 128, 16, 64),  # fire3
        _pool(),
        make_fire(bypass, 128, 32, 128),  # fire4
        make_fire(bypass, 256, 32, 128),  # fire5
        _pool(),
        make_fire(bypass, 256, 48, 192),  # fire6
        make_fire(bypass, 384, 48, 192),  # fire7
        make_fire(bypass, 384, 64, 256),  # fire8
        make_fire(bypass, 512, 64, 256),  # fire9
    ]


def _layers_1_0(bypass: Bypass) -> list[nn.Module]:
    """SqueezeNet 1.0: the paper's table 1."""
    return [
        nn.Conv2d(3, 96, 7, stride=2),
        nn.ReLU(inplace=True),
        _pool(),
        make_fire(bypass, 96, 16, 64),  # fire2
        make_fire(bypass, 128, 16, 64),  # fire3
        make_fire(bypass, 128, 32, 128),  # fire4
        _pool(),
        make_fire(bypass, 256, 32, 128),  # fire5
        make_fire(bypass, 256, 48, 192),  # fire6
        make_fire(bypass, 384, 48, 192),  # fire7
        make_fire(bypass, 384, 64, 256),  # fire8
        _pool(),
        make_fire(bypass, 512, 64, 256),  # fire9
    ]


class ClassificationHead(nn.Sequential):
    """Features to logits: (N, 512, h, w) -> (N, classes), by a 1x1 convolution and a global mean.

    `head_relu` puts torchvision's ReLU between them; without it logits may be negative, which
    trains better and costs nothing.
    """

    def __init__(self, inputs: int, num_classes: int, head_relu: bool = False) -> None:
        layers: list[nn.Module] = [nn.Dropout(0.5), nn.Conv2d(inputs, num_classes, 1)]
        super().__init__(*layers, *([nn.ReLU()] if head_relu else []))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, classes)."""
        for layer in self:
            x = layer(x)
        return x.mean((2, 3))  # not flatten(1): onnx2tf aborts on it


class ResSqueezeNet(nn.Module):
    """Normalised pictures to logits: float (N, 3, H, W), H and W >= 32 -> (N, num_classes).

    Raises:
        ModelError: an unknown version or bypass, or fewer than one class.
    """

    def __init__(
        self,
        version: Version = "1.1",
        bypass: Bypass = "none",
        num_classes: int = 1000,
        head_relu: bool = False,
    ) -> None:
        super().__init__()
        if version not in ("1.0", "1.1"):
            raise ModelError(f"version: found {version!r}, wanted '1.0' or '1.1'")
        if bypass not in BYPASSES:
            raise ModelError(f"bypass: found {bypass!r}, wanted one of {', '.join(BYPASSES)}")
        if num_classes < 1:
            raise ModelError(f"num_classes: found {num_classes}, wanted at least 1")
        self.features = Backbone(version, bypass)
        self.classifier = ClassificationHead(Backbone.channels, num_classes, head_relu)

    @property
    def backbone(self) -> Backbone:
        """The part without classes; its parameters are called `features.*`, as torchvision's."""
        return self.features

    @property
    def bypassed(self) -> tuple[str, ...]:
        """Names of the Fire modules with a bypass: ("fire3", "fire5", "fire7", "fire9")."""
        return self.features.bypassed

    def gates(self) -> dict[str, float]:
        """The learned scalar of each gated bypass, by the name of its Fire module."""
        return self.features.gates()

    def forward(self, x: Tensor) -> Tensor:
        """Normalised float (N, 3, H, W) -> logits (N, num_classes)."""
        return cast(Tensor, self.classifier(self.features(x)))
