"""Artefacts in the form that a peer reads: the same weights, by the peer's own converter."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from peer.registry import HOME, CannotRun, Peer, run


def find_model(peer: Peer, precision: str, artefacts: dict[str, Path], python: Path) -> Path:
    """What the peer's worker loads.

    Args:
        peer: who.
        precision: `int8` or `fp32`.
        artefacts: by kind, `int8.tflite` for instance.
        python: of the peer's environment, which holds its converter.

    Raises:
        CannotRun: the peer has no such precision, the artefact it needs is not there, or its converter failed.
    """
    if precision not in peer.takes:
        raise CannotRun(peer.why_not[precision])
    kind = precision + peer.takes[precision]
    if kind not in artefacts:
        raise CannotRun(f"needs an artefact NAME_{kind}; name its folder with --artefacts")
    source = artefacts[kind].resolve()  # a converter runs in a folder of its own
    if not peer.converts:
        return source
    made_of = "\n".join((*peer.packages, *peer.alone)).encode() + source.read_bytes()
    folder = HOME / "models" / f"{peer.environment}-{hashlib.sha256(made_of).hexdigest()[:12]}"
    target = "model.ncnn.param" if peer.converts == "pnnx" else "model.mnn"
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        (_by_pnnx if peer.converts == "pnnx" else _by_mnnconvert)(source, partial, python)
        if not (partial / target).is_file():
            raise CannotRun(f"its converter ended without a fault and wrote no {target}")
        partial.rename(folder)
    return folder / target


def _by_mnnconvert(source: Path, folder: Path, python: Path) -> None:
    tool, target = str(python.with_name("mnnconvert")), str(folder / "model.mnn")
    run([tool, "-f", "TFLITE", "--modelFile", str(source), "--MNNModel", target, "--bizCode", "ressq"], folder)


def _by_pnnx(source: Path, folder: Path, python: Path) -> None:
    """ncnn makes floats of pixels by itself, so the graph begins behind the artefact's cast."""
    try:
        import onnx
        from onnx.utils import Extractor
    except ImportError as error:
        raise CannotRun("needs the package onnx to take the cast off; pip install -e '.[export]'") from error
    model = onnx.shape_inference.infer_shapes(onnx.load(source))
    casts = [node for node in model.graph.node if node.op_type == "Cast"]
    if len(casts) != 1:
        raise CannotRun(f"found {len(casts)} casts in {source.name}, wanted the one behind the pixels")
    network = Extractor(model).extract_model([casts[0].output[0]], ["scores"])
    onnx.save(network, folder / "model.onnx")
    sides = [axis.dim_value for axis in network.graph.input[0].type.tensor_type.shape.dim]
    tool = next(python.parents[1].glob("lib/python*/site-packages/pnnx/pnnx"), None)
    if tool is None:
        raise CannotRun("found no pnnx in its environment")
    run([str(tool), "model.onnx", f"inputshape={sides}f32".replace(" ", "")], folder)
