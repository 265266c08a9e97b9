"""TFLite Model Metadata: what MediaPipe and Android Studio read, in the flatbuffer itself.

The tables are built by hand from field numbers of Google's public metadata_schema.fbs, version 1.5.0,
identifier M001; comments give each table's name there. Generated classes for it would be 10,000 lines.
"""

from collections.abc import Sequence

import ai_edge_litert.schema_py_generated as schema
import flatbuffers

from ressq_export.network.tensor_names import CLASSES, INPUT, OUTPUT, SERIES, pack, read_flatbuffer
from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION

IDENTIFIER = b"M001"
BUFFER_NAME = b"TFLITE_METADATA"
LABELS_FILE = "labels.txt"

_TENSOR_AXIS_LABELS = 2  # enum AssociatedFileType
_RGB = 1  # enum ColorSpaceType
_IMAGE_PROPERTIES, _FEATURE_PROPERTIES = 2, 1  # union ContentProperties
_NORMALIZATION_OPTIONS = 1  # union ProcessUnitOptions
_PARSER_VERSION = "1.0.0"  # the oldest that knows all that is used here

# A field of a table: (number, kind, value); an Offset is a table, string or vector made before.
_Field = tuple[int, str, float]


def add_metadata(model: bytes, name: str, about: str) -> bytes:
    """The flatbuffer with metadata that describes its tensors and names `labels.txt`.

    Args:
        model: a TFLite flatbuffer, nothing appended to it.
        name: of the model.
        about: what it is for.
    """
    root, graph = read_flatbuffer(model)
    taken = graph.tensors[graph.inputs[0]]
    height, width = (int(side) for side in taken.shape[1:3])
    outputs = [graph.tensors[output].name.decode() for output in graph.outputs]
    buffer = schema.BufferT()
    buffer.data = build_metadata(name, about, (height, width), outputs, taken.name.decode())
    root.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = BUFFER_NAME, len(root.buffers) - 1
    root.metadata = [*(root.metadata or []), entry]
    return pack(root)


def build_metadata(
    name: str, about: str, size: tuple[int, int], outputs: Sequence[str] = (OUTPUT,), taken: str = INPUT
) -> bytes:
    """Its own flatbuffer.

    Of a class map nothing says that a softmax is still to be applied (SEGMENTER_METADATA): it is inside.

    Args:
        name: of the model.
        about: what it is for.
        size: height and width of the input, or rows and channels.
        outputs: the names of all: MediaPipe wants each described.
        taken: the name of the input.
    """
    writer = _Writer()
    graph = writer.table(  # SubGraphMetadata
        10,
        (2, "offset", writer.vector([_DESCRIBE_INPUT[taken](writer, *size)])),
        (3, "offset", writer.vector([_DESCRIBE[output](writer) for output in outputs])),
    )
    model = writer.table(  # ModelMetadata
        8,
        (0, "offset", writer.string(name)),
        (1, "offset", writer.string(about)),
        (3, "offset", writer.vector([graph])),
        (7, "offset", writer.string(_PARSER_VERSION)),
    )
    return writer.finish(model)


def _input(writer: "_Writer", height: int, width: int) -> int:
    """TensorMetadata of the pixels: RGB, 0..255 as they are, that is mean 0 and std 1."""
    image_size = writer.table(2, (0, "uint32", width), (1, "uint32", height))  # ImageSize
    image = writer.table(2, (0, "int8", _RGB), (1, "offset", image_size))  # ImageProperties
    options = writer.table(  # NormalizationOptions
        2, (0, "offset", writer.floats([0.0])), (1, "offset", writer.floats([1.0]))
    )
    unit = writer.table(2, (0, "uint8", _NORMALIZATION_OPTIONS), (1, "offset", options))  # ProcessUnit
    stats = writer.table(2, (0, "offset", writer.floats([255.0])), (1, "offset", writer.floats([0.0])))
    return writer.table(
        7,
        (0, "offset", writer.string(INPUT)),
        (1, "offset", writer.string(f"RGB picture, {height} x {width}, 0..255")),
        (3, "offset", _content(writer, _IMAGE_PROPERTIES, image)),
        (4, "offset", writer.vector([unit])),
        (5, "offset", stats),
    )


def _series(writer: "_Writer", rows: int, channels: int) -> int:
    """TensorMetadata of a window: nothing is to be normalised, the graph does that."""
    return writer.table(
        7,
        (0, "offset", writer.string(SERIES)),
        (1, "offset", writer.string(f"Window of a recording, {rows} rows of {channels} channels, the sensor's values")),
        (3, "offset", _content(writer, _FEATURE_PROPERTIES, writer.table(0))),
    )


def _output(writer: "_Writer") -> int:
    """TensorMetadata of the scores: probabilities, with the file that names the classes."""
    labels = writer.table(  # AssociatedFile
        5,
        (0, "offset", writer.string(LABELS_FILE)),
        (1, "offset", writer.string("One label a line, in the order of the scores")),
        (2, "int8", _TENSOR_AXIS_LABELS),
    )
    stats = writer.table(2, (0, "offset", writer.floats([1.0])), (1, "offset", writer.floats([0.0])))
    return writer.table(
        7,
        (0, "offset", writer.string(OUTPUT)),
        (1, "offset", writer.string("Probability of each class, 0..1")),
        (3, "offset", _content(writer, _FEATURE_PROPERTIES, writer.table(0))),
        (5, "offset", stats),
        (6, "offset", writer.vector([labels])),
    )


def _out_of_distribution(writer: "_Writer") -> int:
    """TensorMetadata of the out-of-distribution score."""
    return writer.table(
        7,
        (0, "offset", writer.string(OUT_OF_DISTRIBUTION)),
        (1, "offset", writer.string("How far the picture lies from the training pictures")),
        (3, "offset", _content(writer, _FEATURE_PROPERTIES, writer.table(0))),
    )


def _classes(writer: "_Writer") -> int:
    """TensorMetadata of the class map."""
    return writer.table(
        7,
        (0, "offset", writer.string(CLASSES)),
        (1, "offset", writer.string("Class of each pixel, a line of the labels counted from 0")),
        (3, "offset", _content(writer, _FEATURE_PROPERTIES, writer.table(0))),
    )


_DESCRIBE_INPUT = {INPUT: _input, SERIES: _series}
_DESCRIBE = {OUTPUT: _output, OUT_OF_DISTRIBUTION: _out_of_distribution, CLASSES: _classes}


def _content(writer: "_Writer", kind: int, properties: int) -> int:
    return writer.table(3, (0, "uint8", kind), (1, "offset", properties))  # Content


class _Writer:
    """A flatbuffers.Builder that takes a table's fields by number; parts are made before their whole."""

    def __init__(self) -> None:
        self._builder = flatbuffers.Builder(1024)

    def table(self, slots: int, *fields: _Field) -> int:
        """A table with room for `slots` fields."""
        prepend = {
            "offset": self._builder.PrependUOffsetTRelativeSlot,
            "uint8": self._builder.PrependUint8Slot,
            "int8": self._builder.PrependInt8Slot,
            "uint32": self._builder.PrependUint32Slot,
        }
        self._builder.StartObject(slots)
        for number, kind, value in fields:
            prepend[kind](number, value, 0)
        return int(self._builder.EndObject())

    def string(self, text: str) -> int:
        """A UTF-8 string."""
        return int(self._builder.CreateString(text))

    def floats(self, values: Sequence[float]) -> int:
        """A vector of float32."""
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return int(self._builder.EndVector())

    def vector(self, offsets: Sequence[int]) -> int:
        """A vector of tables or strings."""
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def finish(self, root: int) -> bytes:
        """The bytes, with the file identifier."""
        self._builder.Finish(root, file_identifier=IDENTIFIER)
        return bytes(self._builder.Output())
