"""LiteRT's chatter goes nowhere, and nobody else's lines with it."""

from __future__ import annotations

import os
import sys
import threading
from ctypes import CDLL, c_void_p
from pathlib import Path

import pytest

from ressq_runtime import Classifier
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.engines.c_stderr import restore, silence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's stderr")


def print_in_c(text: bytes) -> None:
    libc = CDLL(None)
    libc.fputs(text, c_void_p.in_dll(libc, "stderr"))
    libc.fflush(None)


def test_c_code_is_silenced_and_python_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    silence()
    silence()  # a garbage collection inside may close another engine
    print_in_c(b"chatter\n")
    os.write(2, b"a line of ours\n")
    restore()
    print_in_c(b"still chatter\n")
    restore()
    print_in_c(b"another library's\n")
    assert capfd.readouterr().err == "a line of ours\nanother library's\n"


def test_no_line_of_another_thread_is_lost_while_models_load(tmp_path: Path) -> None:
    done = threading.Event()

    def load() -> None:
        for _ in range(5):
            Classifier.load(BUILTIN).close()
        done.set()

    kept, written = os.dup(2), 0
    with (tmp_path / "err.txt").open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            thread = threading.Thread(target=load)
            thread.start()
            while not done.is_set():
                written += os.write(2, b"line\n") // 5
            thread.join()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    assert (tmp_path / "err.txt").read_text().splitlines() == ["line"] * written


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_process_forked_meanwhile_prints_again_and_loads(capfd: pytest.CaptureFixture[str]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        silence()
        inside.set()
        leave.wait()
        restore()

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        print_in_c(b"the child's\n")
        silence()  # waits for nobody
        restore()
        os._exit(0)
    code = os.waitpid(child, 0)[1]
    leave.set()
    thread.join()
    assert (code, capfd.readouterr().err) == (0, "the child's\n")
