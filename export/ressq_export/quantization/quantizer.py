"""What quantization steps work on: a float network for each int8 file, its ranges, and pictures to improve it with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from ressq_export.formats import onnx_int8, tflite_int8
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_fp32 import export_onnx
from ressq_export.formats.tflite_fp32 import convert_to_tflite
from ressq_export.network.deployed import Deployed
from ressq_export.network.input_tensor import Spec, input_tensor
from ressq_export.network.ranges import Ranges
from ressq_export.quantization.ranges import Choose, least_error

FORMATS = ("tflite", "onnx")


@dataclass(frozen=True)
class Candidate:
    """What two int8 files are made from.

    networks: the float network of each format; they differ where a step mends that format's own rounding.
    ranges: of the activations, the same for both, so that the files round alike.
    choose: the rule that makes a range of what is seen of an activation.
    """

    networks: Mapping[str, Deployed]
    ranges: Ranges
    choose: Choose = least_error


@dataclass(frozen=True)
class Quantizer:
    """The network to answer as, pictures, and a folder to convert in.

    original: the deployed network.
    calibration: uint8 RGB pixels of training pictures, classes in turn.
    training: training pictures to fine-tune on, classes in turn.
    spec: how a sample becomes the network's input.
    folder: for the files; each conversion has a folder of its own in it.
    log: takes what converters print.
    """

    original: Deployed
    calibration: Sequence[bytes]
    training: Sequence[Path]
    spec: Spec
    folder: Path
    log: Log
    _known: dict[int, tuple[Deployed, dict[str, Path]]] = field(default_factory=dict)

    def register(self, network: Deployed, files: dict[str, Path]) -> None:
        """The float files of this network, by format, are there already."""
        self._known[id(network)] = (network, files)

    def float_file(self, network: Deployed, kind: str) -> Path:
        """The network as a float "onnx" or "tflite", converted at its first use.

        Raises:
            ConversionError: it cannot be converted.
        """
        if id(network) not in self._known:
            self.register(network, {})  # keeps the network, so that its id stays its own
        files = self._known[id(network)][1]
        if kind not in files:
            target = self.new_folder() / f"float.{kind}"
            if kind == "onnx":
                export_onnx(network, self.spec, target, self.log)
            else:
                convert_to_tflite(self.float_file(network, "onnx"), target, self.log)
            files[kind] = target
        return files[kind]

    def quantise(self, candidate: Candidate) -> dict[str, Path]:
        """The two int8 files, "int8.tflite" and "int8.onnx", in a new folder.

        Raises:
            ConversionError: a quantizer failed.
        """
        folder = self.new_folder()
        paths = {f"int8.{kind}": folder / f"int8.{kind}" for kind in FORMATS}
        floats = {kind: self.float_file(candidate.networks[kind], kind) for kind in FORMATS}
        tflite_int8.quantise_tflite(floats["tflite"], candidate.ranges, paths["int8.tflite"], self.log)
        onnx_int8.quantise_onnx(floats["onnx"], candidate.ranges, paths["int8.onnx"], self.log)
        return paths

    def new_folder(self) -> Path:
        """An empty folder."""
        made = self.folder / f"conversion-{sum(1 for _ in self.folder.glob('conversion-*')) + 1}"
        made.mkdir()
        return made

    def batch(self, pixels: Sequence[bytes]) -> Tensor:
        """Samples as a network takes them: uint8 (N, height, width, 3), or float32 (N, length, channels)."""
        return input_tensor(self.spec).batch(pixels)
