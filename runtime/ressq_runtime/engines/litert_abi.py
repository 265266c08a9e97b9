"""LiteRT's C interface, as far as we use it: its functions' arguments, its structures, its numbers.

Written down from the releases 2.1.2 to 2.3.0, in which the sizes of the structures are the same.
"""

from __future__ import annotations

import ctypes
from ctypes import c_bool, c_char_p, c_float, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Functions that give a status, named without their LiteRt, and their arguments.
CALLS = """
CreateEnvironment:ipp CreateOptions:p SetOptionsHardwareAccelerators:pi AddOpaqueOptions:pp
CreateCompiledModel:pppp GetNumModelSignatures:pp GetModelSignature:pnp
GetNumSignatureInputs:pp GetSignatureInputTensorByIndex:pnp
GetNumSignatureOutputs:pp GetSignatureOutputTensorByIndex:pnp
GetTensorName:pp GetRankedTensorType:pp GetQuantizationTypeId:pp GetPerTensorQuantization:pp
GetCompiledModelInputBufferRequirements:pnnp GetCompiledModelOutputBufferRequirements:pnnp
CreateManagedTensorBufferFromRequirements:pppp
LockTensorBuffer:ppi UnlockTensorBuffer:p RunCompiledModel:pnnpnp
CompiledModelGetProfiler:pp StartProfiler:p StopProfiler:p ResetProfiler:p
GetNumProfilerEvents:pp GetProfilerEvents:pip
"""
# Options were made by setters until 2.1.2, and are text from 2.1.3 on.
CALLS_OF_SETTERS = """
CreateCpuOptions:p FindCpuOptions:pp SetCpuOptionsNumThread:pi
CreateRuntimeOptions:p FindRuntimeOptions:pp SetRuntimeOptionsEnableProfiling:pb
"""
CALLS_OF_TEXT_OPTIONS = "CreateOpaqueOptions:sppp"
# A model belongs to an environment from 2.1.6 on. (CreateModelFromFile is no choice: it does not verify
# the flatbuffer, and a truncated file ends the process.)
LOAD, LOAD_IN_ENVIRONMENT = "CreateModelFromBuffer:snp", "CreateModelFromBuffer:psnp"
DESTROYERS = "DestroyEnvironment DestroyOptions DestroyModel DestroyCompiledModel DestroyTensorBuffer"

ARGUMENTS: dict[str, type[Any]] = {
    "p": c_void_p,  # a handle or any other pointer
    "n": c_size_t,
    "i": c_int,
    "b": c_bool,
    "s": c_char_p,
}

CPU = 1  # LiteRtHwAccelerators
READ, WRITE = 0, 1  # LiteRtTensorBufferLockMode
INTEGER = 2  # LiteRtAnyType
ERRORS_ONLY = 3  # LiteRtLogSeverity
AUTO_REGISTER_ACCELERATORS, MIN_LOGGER_SEVERITY = 24, 25  # LiteRtEnvOptionTag
UNQUANTISED, PER_TENSOR = 0, 1  # LiteRtQuantizationTypeId
# LiteRtProfilerEventType: an operator that LiteRT ran itself, and one that XNNPACK ran. The other events
# contain these or are bookkeeping.
OPERATOR_EVENTS = (2, 8)
INVOKE_EVENT = (1, b"Invoke")  # the inference as a whole
# LiteRtElementType -> our name; tensors of other types can't be bound.
ELEMENTS = {1: "float32", 2: "int32", 3: "uint8", 9: "int8"}


class TensorType(ctypes.Structure):
    """LiteRtRankedTensorType, 72 bytes."""

    _fields_ = (
        ("element", c_int),
        ("rank", c_uint32, 7),
        ("has_strides", c_uint32, 1),
        ("dimensions", c_int32 * 8),
        ("strides", c_uint32 * 8),
    )


class Quantization(ctypes.Structure):
    """LiteRtQuantizationPerTensor, 16 bytes."""

    _fields_ = (("scale", c_float), ("zero_point", c_int64))


class EnvironmentOption(ctypes.Structure):
    """LiteRtEnvOption that holds an integer, 24 bytes."""

    _fields_ = (("tag", c_int), ("padding", c_int), ("value_type", c_int), ("value", c_int64))


class ProfilerEvent(ctypes.Structure):
    """ProfiledEventData, 104 bytes."""

    _fields_ = (
        ("tag", c_char_p),
        ("kind", c_int),
        ("start_us", c_uint64),
        ("elapsed_us", c_uint64),
        ("memory_and_metadata", c_uint64 * 8),
        ("source", c_int),
    )
