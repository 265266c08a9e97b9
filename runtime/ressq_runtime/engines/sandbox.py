"""A model of unknown origin is tried in a process of its own before it is loaded into this one.

Interpreters trust their files: of 400 models with flipped bytes three ended the process and one never came
back. An artefact's card vouches for its bytes by a hash, so only a model without a card is tried.
"""

from __future__ import annotations

import os
import subprocess
import sys

from ressq_runtime.errors import EngineError

TIMEOUT_S = 60.0
_CPU_S = 30
# An interpreter maps 190 MB for a SqueezeNet; a network's weights are there up to four times while it is packed.
_BASE_BYTES, _BYTES_PER_BYTE = 512 << 20, 8
_REFUSED = 3  # exit code

# No -m: runpy warns of a module that the package has imported already.
_CHILD = "import sys; from ressq_runtime.engines.sandbox import run_once; sys.exit(run_once(*sys.argv[1:]))"

_passed: set[tuple[str, str]] = set()


def check_foreign(path: str, engine: str, *, timeout_s: float = TIMEOUT_S) -> None:
    """Loads the model and runs one inference in a child process with limits; says so by a logged warning.

    Raises:
        EngineError: the model ended the child, or did not answer within its time or memory, or was refused.
    """
    from hashlib import sha256
    from logging import getLogger

    with open(path, "rb") as file:
        key = sha256(file.read()).hexdigest(), engine
    if key in _passed:
        return
    getLogger(__name__).warning("%s: it has no card; trying it in a process of its own first", path)
    command = [sys.executable, "-Pc", _CHILD, path, engine]  # -P: imports nothing from here
    environment = child_environment(OPENBLAS_NUM_THREADS="1")  # numpy's OpenBLAS reserves memory for each core
    try:
        child = subprocess.run(  # noqa: S603 - this very Python
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _refusal(path, f"did not answer within {timeout_s:g} s") from error
    except OSError as error:
        raise EngineError(
            f"{path}: found a model without a card, and no process to try it in ({error}); use an artefact with a card"
        ) from error
    said = (child.stdout.decode(errors="replace").strip().splitlines() or [""])[-1]
    if child.returncode == _REFUSED:
        raise EngineError(said)
    if child.returncode != 0:
        raise _refusal(path, _describe_end(child.returncode))
    _passed.update((key, (key[0], said)))


def run_once(path: str, engine: str) -> int:
    """The child's part: one inference within limits; its exit code. Last on stdout: the engine, or why not."""
    from ressq_runtime.engines import load_engine

    _limit(os.path.getsize(path))
    try:
        opened = load_engine(path, engine, 1)
        size = opened.inputs[0].size_bytes if len(opened.inputs) == 1 else 0
        if size:  # else it will be refused
            opened.run((bytes(range(256)) * (size // 256 + 1))[:size])
    except EngineError as error:
        _tell(" ".join(str(error).splitlines()))
        return _REFUSED
    _tell(opened.name)
    return 0


def _tell(line: str) -> None:
    print(f"\n{line}", flush=True)  # noqa: T201 - the parent reads it


def _limit(size: int) -> None:
    """Bounds memory, processor time and core dumps of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's timeout alone
        return
    memory = _BASE_BYTES + _BYTES_PER_BYTE * size
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, _CPU_S), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS; a lower limit may be set already
            continue


def child_environment(**more: str) -> dict[str, str]:
    """This process's environment and more, for another Python that finds this very package."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, **more, "PYTHONPATH": package + (os.pathsep + inherited if inherited else "")}


def _describe_end(code: int) -> str:
    import signal

    if code < 0 and -code in {number.value for number in signal.Signals}:
        name = signal.Signals(-code).name
        return f"used {_CPU_S} s of processor time" if name in ("SIGXCPU", "SIGKILL") else f"ended it by {name}"
    return f"ended it with exit code {code}"


def _refusal(path: str, what: str) -> EngineError:
    return EngineError(
        f"{path}: found a model that {what} when it was tried in a process of its own, wanted one that loads and runs; "
        "copy it again, and don't use it if that does not help"
    )
