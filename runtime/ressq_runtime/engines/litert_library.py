"""The installed libLiteRt.so: found, known or refused, and the differences between its releases.

The rule: only releases whose interface was tried are used. `LiteRtCreateModelFromBuffer` gained an argument
between two of them under one name and one symbol version, so a guess would write through a wrong pointer.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import byref, c_int, c_int64, c_void_p, string_at

from ressq_runtime.engines import litert_abi as abi
from ressq_runtime.engines.tensor import TensorSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Each tried by tools/litert_versions.py; the interface has changed from one patch release to the next.
KNOWN = ((2, 1, 2), (2, 1, 3), (2, 1, 4), (2, 1, 5), (2, 1, 6), (2, 2, 0), (2, 3, 0))
TEXT_OPTIONS_SINCE = (2, 1, 3)
MODEL_IN_ENVIRONMENT_SINCE = (2, 1, 6)
QUIET_SINCE = (2, 1, 5)  # can be told to leave GPU and NPU alone and to print errors only


class Unavailable(Exception):  # noqa: N818 - no error: the caller goes on with Interpreter
    """LiteRT's C API can't serve here, for the reason given; `Interpreter` may."""


def find_library() -> Library:
    """The libLiteRt.so of the installed ai-edge-litert, without importing that package.

    Raises:
        Unavailable: none is installed, or not a release whose interface is known.
    """
    for folder in sys.path:
        package = os.path.join(folder, "ai_edge_litert")
        # The one that `import` would take, not a later one that has the library.
        if os.path.isfile(os.path.join(package, "__init__.py")):
            return Library(os.path.join(package, "libLiteRt.so"), _wheel_version(folder))
    raise Unavailable("found no ai_edge_litert on sys.path")


def _wheel_version(folder: str) -> tuple[int, ...]:
    start, end = "ai_edge_litert-", ".dist-info"
    names = [name for name in os.listdir(folder) if name.startswith(start) and name.endswith(end)]
    found = names[0][len(start) : -len(end)] if len(names) == 1 else f"{len(names)} versions"
    numbers = found.split(".")
    if len(numbers) == 3 and all(number.isdigit() for number in numbers):
        version = tuple(int(number) for number in numbers)
        if version in KNOWN:
            return version
    raise Unavailable(f"{folder}: found ai-edge-litert {found}, wanted a release that was tried, 2.1.2 to 2.3.0")


def _find_noise(version: tuple[int, ...]) -> Any:
    """The module that silences such a release; None: it can be told to be quiet."""
    if version >= QUIET_SINCE:
        return None
    from ressq_runtime.engines import c_stderr

    return c_stderr


class Library:
    """One libLiteRt.so with its functions typed.

    version   of the wheel it lies in: `(2, 3, 0)`
    destroy   destructors by name: `destroy["DestroyModel"](handle)`
    """

    def __init__(self, path: str, version: tuple[int, ...]) -> None:
        self.version = version
        self._noise = _find_noise(version)
        calls = abi.CALLS
        calls += abi.CALLS_OF_TEXT_OPTIONS if version >= TEXT_OPTIONS_SINCE else abi.CALLS_OF_SETTERS
        calls += " " + (abi.LOAD_IN_ENVIRONMENT if self._in_environment else abi.LOAD)
        try:
            self._library = ctypes.CDLL(path)
            self._calls = {
                name: self._typed(name, arguments, c_int)
                for name, _, arguments in (call.partition(":") for call in calls.split())
            }
            self.destroy = {name: self._typed(name, "p", None) for name in abi.DESTROYERS.split()}
        except (OSError, AttributeError) as error:  # it does not load, or lacks a function
            raise Unavailable(f"{path}: {error}") from error
        # This function came with that argument: a second witness of the interface we talk to.
        if hasattr(self._library, "LiteRtCreateModelFromFd") != self._in_environment:
            raise Unavailable(f"{path}: found another interface than that of {version}")

    def call(self, name: str, *arguments: Any) -> None:
        """Calls LiteRt`name`, which gives a status.

        Raises:
            Unavailable: the status is not 0.
        """
        status = self.status(name, *arguments)
        if status != 0:
            raise Unavailable(f"LiteRt{name} gave status {status}")

    def status(self, name: str, *arguments: Any) -> int:
        """The status that LiteRt`name` gives; 0: it is done."""
        status: int = self._calls[name](*arguments)
        return status

    def get(self, name: str, *arguments: Any) -> c_void_p:
        """Calls LiteRt`name`, whose last argument receives a handle; returns the handle."""
        handle = c_void_p()
        self.call(name, *arguments, byref(handle))
        return handle

    def count(self, name: str, *arguments: Any) -> int:
        """Calls LiteRt`name`, whose last argument receives an int or a size_t; returns the number."""
        number = c_int64(0)  # an int fills its lower half: every board we run on is little-endian
        self.call(name, *arguments, byref(number))
        return number.value

    def create_environment(self) -> c_void_p:
        """An environment that uses the CPU only and prints errors only."""
        wanted = [(abi.AUTO_REGISTER_ACCELERATORS, abi.CPU), (abi.MIN_LOGGER_SEVERITY, abi.ERRORS_ONLY)]
        if self.version < QUIET_SINCE:
            wanted = []
        options = [abi.EnvironmentOption(tag, 0, abi.INTEGER, value) for tag, value in wanted]
        return self.get("CreateEnvironment", len(wanted), (abi.EnvironmentOption * len(wanted))(*options))

    def set_options(self, options: c_void_p, threads: int, profile: bool) -> None:
        """Writes what a compiled model is wanted with into `options`."""
        self.call("SetOptionsHardwareAccelerators", options, abi.CPU)
        if self.version >= TEXT_OPTIONS_SINCE:
            self._add_text(options, b"xnnpack", b"num_threads = %d\n" % threads)
            if profile:
                self._add_text(options, b"runtime_options_string", b"enable_profiling = true\n")
            return
        cpu = self.get("CreateCpuOptions")
        self.call("AddOpaqueOptions", options, cpu)
        self.call("SetCpuOptionsNumThread", self.get("FindCpuOptions", cpu), threads)
        if profile:
            runtime = self.get("CreateRuntimeOptions")
            self.call("SetRuntimeOptionsEnableProfiling", self.get("FindRuntimeOptions", runtime), True)
            self.call("AddOpaqueOptions", options, runtime)

    def load_model(self, environment: c_void_p, content: bytes) -> c_void_p:
        """The model in the bytes of a file, which must outlive it."""
        first = (environment,) if self._in_environment else ()
        return self.get("CreateModelFromBuffer", *first, content, len(content))

    def describe(self, tensor: c_void_p, kind: abi.TensorType) -> TensorSpec:
        """What the model says of a tensor.

        Raises:
            Unavailable: it has no fixed shape, or a type or quantisation that `run` doesn't know.
        """
        name = string_at(self.get("GetTensorName", tensor)).decode(errors="replace")
        shape = tuple(kind.dimensions[: kind.rank])
        how = self.count("GetQuantizationTypeId", tensor)
        if kind.element not in abi.ELEMENTS or min(shape, default=1) < 1 or how > abi.PER_TENSOR:
            raise Unavailable(f"found tensor {name} of type {kind.element}, shape {shape}, quantisation {how}")
        quantised = abi.Quantization()
        if how == abi.PER_TENSOR:
            self.call("GetPerTensorQuantization", tensor, byref(quantised))
        return TensorSpec(name, abi.ELEMENTS[kind.element], shape, quantised.scale, quantised.zero_point)

    def __enter__(self) -> Library:
        """Inside, a release that can't be told to be quiet is kept so."""
        if self._noise:
            self._noise.silence()
        return self

    def __exit__(self, *_: object) -> None:
        if self._noise:
            self._noise.restore()

    @property
    def _in_environment(self) -> bool:
        return self.version >= MODEL_IN_ENVIRONMENT_SINCE

    def _add_text(self, options: c_void_p, kind: bytes, text: bytes) -> None:
        libc = ctypes.CDLL(None)  # LiteRT frees the text itself, so it must be malloc's
        libc.strdup.restype = c_void_p
        copy, free = c_void_p(libc.strdup(text)), ctypes.cast(libc.free, c_void_p)
        self.call("AddOpaqueOptions", options, self.get("CreateOpaqueOptions", kind, copy, free))

    def _typed(self, name: str, arguments: str, result: type[c_int] | None) -> Callable[..., Any]:
        function = self._library["LiteRt" + name]
        function.argtypes = [abi.ARGUMENTS[letter] for letter in arguments]
        function.restype = result
        return function
