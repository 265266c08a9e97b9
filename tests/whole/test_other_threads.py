"""The commands as functions in a thread of a web application's or a notebook's: signals go to the main thread alone."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ressq_edge.cli
import ressq_export.cli
import ressq_runtime.commands.evaluate
import ressq_runtime.commands.infer
from ressq_export.formats.converter_log import Log

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.slow
def test_a_photo_folder_becomes_answers_in_a_thread_that_is_not_the_main_one(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, dist, model = tmp_path / "run", tmp_path / "dist", tmp_path / "dist" / "run_int8.tflite"
    before = [signal.getsignal(number) for number in SIGNALS]
    with ThreadPoolExecutor(1) as other:
        for command, arguments in (
            (ressq_edge.cli, [shapes, "--out", run, "--init", "none", "--size", 32, "--epochs", 1, "--threads", 1]),
            (ressq_export.cli, [run, "--out", dist, "--allow-drop"]),
            (ressq_runtime.commands.evaluate, [model, shapes]),
            (ressq_runtime.commands.infer, [shapes, "--model", model, "--csv", tmp_path / "t.csv"]),
        ):
            assert other.submit(command.main, list(map(str, arguments))).result() == 0, capsys.readouterr().err
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_an_export_leaves_the_handlers_of_the_program_that_called_it(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    assert ressq_export.cli.main([str(tmp_path / "none"), "--out", str(tmp_path)]) == 1
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_two_threads_that_capture_a_converter_both_end_with_the_streams_of_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def convert(number: int) -> str:
        log = Log(tmp_path / f"log {number}")
        for _ in range(50):
            with log.capture("stage"):
                time.sleep(1e-3)
                os.write(1, f"of {number}\n".encode())
        return log.path.read_text()

    with ThreadPoolExecutor(4) as threads:
        texts = list(threads.map(convert, range(4)))
    assert [text.count(f"of {number}\n") for number, text in enumerate(texts)] == [50] * 4
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"
