"""Res-SqueezeNet in one dimension: windows of sensor data instead of pictures.

A window is a picture of height 1, so that every layer is the same kind of convolution as in the network of pictures:
nn.Conv1d would become a convolution between two transpositions in a TFLite file, a quarter more work.
"""

from collections.abc import Iterator
from typing import cast

from torch import Tensor, nn

from ressq_edge.choices import Bypass
from ressq_edge.network.fire import Fire, GatedBypassFire, make_fire
from ressq_edge.network.model import ClassificationHead

MIN_LENGTH = 21  # samples: below it the third pooling has nothing left to pool
STEM, KERNEL, POOL = (1, 7), (1, 5), (1, 2)


class SeriesBackbone(nn.Sequential):
    """Windows to features: float (N, channels, 1, T) -> (N, width, 1, t), t about T / 16.

    channels: of the sensor.
    depth: Fire modules; a pooling lies before the first, after a quarter of them, and after half of them.
    width: feature channels, a multiple of 4; a quarter of them are squeezed to.
    bypass: round each Fire module: none, simple or gated; complex is simple, as the channels are the same throughout.
    """

    def __init__(self, channels: int, depth: int = 8, width: int = 48, bypass: Bypass = "simple") -> None:
        layers: list[nn.Module] = [nn.Conv2d(channels, width, STEM, stride=(1, 2)), nn.ReLU(inplace=True)]
        pooled = (0, round(depth / 4), round(depth / 2))
        for number in range(depth):
            layers += [nn.MaxPool2d(POOL)] * (number in pooled)
            layers.append(make_fire(bypass, width, width // 4, width // 2, KERNEL))
        super().__init__(*layers)

    def fires(self) -> Iterator[tuple[str, Fire]]:
        """The Fire modules: ("fire2", ...) and so on, counted as the paper counts those of pictures."""
        fires = (layer for layer in self if isinstance(layer, Fire))
        return ((f"fire{number}", fire) for number, fire in enumerate(fires, start=2))

    @property
    def bypassed(self) -> tuple[str, ...]:
        """Names of the Fire modules with a bypass."""
        return tuple(name for name, fire in self.fires() if type(fire) is not Fire)

    def gates(self) -> dict[str, float]:
        """The learned scalar of each gated bypass, by the name of its Fire module."""
        return {name: fire.gate.item() for name, fire in self.fires() if isinstance(fire, GatedBypassFire)}


class SeriesNet(nn.Module):
    """Normalised windows to logits: float (N, channels, 1, T), T >= 21 -> (N, num_classes).

    channels, depth, width, bypass: of the backbone.
    """

    def __init__(
        self, channels: int, num_classes: int, depth: int = 8, width: int = 48, bypass: Bypass = "simple"
    ) -> None:
        super().__init__()
        self.features = SeriesBackbone(channels, depth, width, bypass)
        self.classifier = ClassificationHead(width, num_classes)

    @property
    def backbone(self) -> SeriesBackbone:
        """The part without classes."""
        return self.features

    @property
    def bypassed(self) -> tuple[str, ...]:
        """Names of the Fire modules with a bypass."""
        return self.features.bypassed

    def gates(self) -> dict[str, float]:
        """The learned scalar of each gated bypass, by the name of its Fire module."""
        return self.features.gates()

    def forward(self, x: Tensor) -> Tensor:
        """Normalised float (N, channels, 1, T) -> logits (N, num_classes)."""
        return cast(Tensor, self.classifier(self.features(x)))
