"""Classify pictures with a self-describing artefact: numpy, Pillow and one interpreter.

    from ressq_runtime import Classifier

    classifier = Classifier.load("leaf_int8.tflite")
    answer = classifier.classify("photo.jpg")
    print(answer.label, answer.reason)  # None: the model abstains

A `Model` gives the answers of any task: `Model.load("road_int8.tflite").answer("photo.jpg")`.

Names are loaded when they are first used: start-up is a feature. No module may have the name of a function
here, or importing the module would hide the function.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ressq_runtime.artefact.card import Card
    from ressq_runtime.artefact.container import read_card
    from ressq_runtime.classifier import Classifier, evaluate
    from ressq_runtime.errors import (
        ArtefactError,
        EngineError,
        FolderError,
        OutputError,
        PictureError,
        RessqError,
    )
    from ressq_runtime.inputs.picture import to_pixels
    from ressq_runtime.inputs.picture_spec import PixelSpec
    from ressq_runtime.model import Model
    from ressq_runtime.profiling.profiler import profile
    from ressq_runtime.selftest import self_test
    from ressq_runtime.tasks.classify import Prediction
    from ressq_runtime.tasks.classify_evaluation import Evaluation

_HOME = {
    "ArtefactError": "errors",
    "Card": "artefact.card",
    "Classifier": "classifier",
    "EngineError": "errors",
    "Evaluation": "tasks.classify_evaluation",
    "FolderError": "errors",
    "Model": "model",
    "OutputError": "errors",
    "PictureError": "errors",
    "PixelSpec": "inputs.picture_spec",
    "Prediction": "tasks.classify",
    "RessqError": "errors",
    "evaluate": "classifier",
    "profile": "profiling.profiler",
    "read_card": "artefact.container",
    "self_test": "selftest",
    "to_pixels": "inputs.picture",
}

__all__ = [
    "ArtefactError",
    "Card",
    "Classifier",
    "EngineError",
    "Evaluation",
    "FolderError",
    "Model",
    "OutputError",
    "PictureError",
    "PixelSpec",
    "Prediction",
    "RessqError",
    "evaluate",
    "profile",
    "read_card",
    "self_test",
    "to_pixels",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
