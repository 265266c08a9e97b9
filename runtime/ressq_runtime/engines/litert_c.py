"""LiteRT through its C API: runs a `.tflite` without numpy and without importing `ai_edge_litert`.

The same output bytes as `Interpreter`, for a tenth of its start-up cost, and per-operator times that it
does not give. Where this engine can't serve it raises `Unavailable`, and `Interpreter` takes over.
"""

from __future__ import annotations

import os
from ctypes import byref, c_void_p, memmove, string_at

from ressq_runtime.engines import litert_abi as abi
from ressq_runtime.engines.litert_library import Unavailable, find_library
from ressq_runtime.engines.shared import explain_closed, forks
from ressq_runtime.engines.tensor import Tensor, check_input
from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ressq_runtime.engines.tensor import TensorSpec

__all__ = ["LiteRtEngine", "Unavailable"]


class LiteRtEngine:
    """A `.tflite` loaded by LiteRT's C API. Engines share nothing; each serves one thread at a time.

    name      `litert`
    version   of ai-edge-litert: `2.3.0`
    delegate  `xnnpack`, which LiteRT's CPU accelerator applies
    threads   that XNNPACK computes with
    inputs, outputs   of the model
    """

    name = "litert"
    delegate = "xnnpack"

    def __init__(self, path: str | os.PathLike[str], threads: int = 1, *, profile: bool = False) -> None:
        """Loads and compiles a model; with `profile`, for `profile_operators`, an inference takes some 13 % longer.

        Raises:
            Unavailable: no known LiteRT is installed, or it can't serve this model; take Interpreter.
            EngineError: the file is no model that LiteRT can read.
        """
        self._handles: list[tuple[str, c_void_p]] = []  # in the order made; destroyed in reverse
        self._forks, self._home, self._locked = forks, forks[0], 0
        self._library = library = find_library()
        self._path, self._profile = os.fspath(path), profile
        self.version = ".".join(map(str, library.version))
        self.threads = threads
        try:
            with library:
                self._compile()
        except BaseException:
            self.close()
            raise

    def run(self, data: bytes) -> dict[str, Tensor]:
        """Every output of one run by its name; as `engine.Engine` says."""
        try:
            self._invoke(data)
            pairs = zip(self.outputs, self._outputs, strict=True)
            return {spec.name: Tensor(spec, self._read(buffer, spec.size_bytes)) for spec, buffer in pairs}
        except Unavailable as error:
            raise self._failed(error) from error

    def profile_operators(self, data: bytes) -> tuple[list[tuple[str, int]], int]:
        """(name, microseconds) of each operator of one inference, in the order run, and its microseconds as a whole.

        Raises:
            EngineError: the engine was opened without profile=True, or LiteRT failed.
        """
        if not self._profile:
            raise EngineError(f"{self._path}: found an engine without profiler; open it with profile=True")
        library = self._library
        try:
            profiler = library.get("CompiledModelGetProfiler", self._model)
            library.call("ResetProfiler", profiler)
            library.call("StartProfiler", profiler)
            self._invoke(data)
            library.call("StopProfiler", profiler)
            events = (abi.ProfilerEvent * library.count("GetNumProfilerEvents", profiler))()
            library.call("GetProfilerEvents", profiler, len(events), events)
        except Unavailable as error:
            raise self._failed(error) from error
        operators = [(event.tag.decode(), event.elapsed_us) for event in events if event.kind in abi.OPERATOR_EVENTS]
        return operators, sum(each.elapsed_us for each in events if (each.kind, each.tag) == abi.INVOKE_EVENT)

    def close(self) -> None:
        """Frees the model; the engine can't run after it. May be called twice."""
        if self._handles and self._forks[0] == self._home:
            with self._library as library:
                while self._handles:
                    destroy, handle = self._handles.pop()
                    library.destroy[destroy](handle)

    __del__ = close

    def _compile(self) -> None:
        library = self._library
        environment = self._keep("DestroyEnvironment", library.create_environment())
        options = self._keep("DestroyOptions", library.get("CreateOptions"))
        library.set_options(options, self.threads, self._profile)
        model = self._keep("DestroyModel", self._load(environment))
        compiled = library.get("CreateCompiledModel", environment, model, options)
        self._model = self._keep("DestroyCompiledModel", compiled)
        if library.count("GetNumModelSignatures", model) != 1:
            raise Unavailable("found several signatures")
        signature = library.get("GetModelSignature", model, 0)
        self.inputs, self._input = self._bind("Input", environment, signature)
        self.outputs, self._outputs = self._bind("Output", environment, signature)

    def _keep(self, destroy: str, handle: c_void_p) -> c_void_p:
        self._handles.append((destroy, handle))
        return handle

    def _failed(self, error: Unavailable) -> EngineError:
        return EngineError(f"{self._path}: LiteRT {self.version} failed to run it ({error}); load it again")

    def _load(self, environment: c_void_p) -> c_void_p:
        try:
            with open(self._path, "rb") as file:
                self._content = file.read()  # LiteRT points into it
            return self._library.load_model(environment, self._content)
        except OSError as error:
            raise EngineError(f"{self._path}: {error.strerror}; check the path and its permissions") from error
        except Unavailable as error:
            raise EngineError(
                f"{self._path}: found no model that LiteRT can read ({error}), wanted a whole .tflite; copy it again"
            ) from error

    def _bind(self, side: str, environment: c_void_p, signature: c_void_p) -> tuple[list[TensorSpec], Any]:
        """Descriptions of, and an array of buffers for, the `Input` or `Output` tensors."""
        library = self._library
        specs, buffers = [], []
        for index in range(library.count(f"GetNumSignature{side}s", signature)):
            tensor = library.get(f"GetSignature{side}TensorByIndex", signature, index)
            kind = abi.TensorType()
            library.call("GetRankedTensorType", tensor, byref(kind))
            specs.append(library.describe(tensor, kind))
            needs = library.get(f"GetCompiledModel{side}BufferRequirements", self._model, 0, index)
            buffer = library.get("CreateManagedTensorBufferFromRequirements", environment, byref(kind), needs)
            buffers.append(self._keep("DestroyTensorBuffer", buffer))
        return specs, (c_void_p * len(buffers))(*buffers)

    def _invoke(self, data: bytes) -> None:
        if not self._handles:
            raise explain_closed(self._path)
        check_input(self._path, self.inputs, data)
        memmove(self._lock(self._input[0], abi.WRITE), data, len(data))
        self._unlock()
        self._library.call("RunCompiledModel", self._model, 0, 1, self._input, len(self._outputs), self._outputs)

    def _read(self, buffer: int, size_bytes: int) -> bytes:
        content = string_at(self._lock(buffer, abi.READ), size_bytes)
        self._unlock()
        return content

    def _lock(self, buffer: int, mode: int) -> int:
        if self._locked:  # Ctrl-C left it so, or nearly; it would refuse all that comes later
            self._library.status("UnlockTensorBuffer", self._locked)
        address, self._locked = c_void_p(), buffer
        self._library.call("LockTensorBuffer", buffer, byref(address), mode)
        return address.value or 0

    def _unlock(self) -> None:
        self._library.call("UnlockTensorBuffer", self._locked)
        self._locked = 0
