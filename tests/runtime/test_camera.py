"""`ressq-watch` on real videos through OpenCV. No camera is here: of picamera2 only how it breaks off is
tested, by an object that stands for it, and devices are not."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from installed import command
from ressq_runtime import PictureError, PixelSpec
from ressq_runtime.commands.watch import main
from ressq_runtime.streaming.camera import PiCamera, open_camera
from served import STARTED_S, ask, serving

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")

pytestmark = pytest.mark.host

SPEC = PixelSpec.for_size(64)


@pytest.fixture
def film(tmp_path: Path) -> Callable[[list[Path], int], str]:
    """Writes pictures as a video, each that many times, Motion JPEG as a USB camera sends it; gives its path."""

    def write(pictures: list[Path], times: int) -> str:
        path = str(tmp_path / "film.avi")
        frames = [Image.open(picture).convert("RGB").resize((320, 240)) for picture in pictures]
        writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 30, frames[0].size)
        for frame in frames:
            for _ in range(times):
                writer.write(cv2.cvtColor(np.asarray(frame), cv2.COLOR_RGB2BGR))
        writer.release()
        return path

    return write


def test_frames_are_red_green_blue(film: Callable[[list[Path], int], str], tmp_path: Path) -> None:
    Image.new("RGB", (320, 240), (220, 60, 10)).save(tmp_path / "red.png")
    camera = open_camera(film([tmp_path / "red.png"], 3), SPEC, print)
    frames = [frame.picture for frame in camera.frames()]
    camera.close()
    assert [(frame.shape, str(frame.dtype)) for frame in frames] == [((240, 320, 3), "uint8")] * 3
    assert np.abs(frames[0].mean((0, 1)) - [220, 60, 10]).max() < 6


def test_a_picture_of_pillow_is_seen_as_pillow_sees_it(shapes: Path, tmp_path: Path) -> None:
    image = Image.open(shapes / "circle" / "00.png")
    image.save(tmp_path / "frame_00.png")
    camera = open_camera(str(tmp_path / "frame_%02d.png"), SPEC, print)
    assert np.array_equal(next(camera.frames()).picture, np.asarray(image))
    camera.close()


def test_a_video_is_answered_frame_by_frame(
    film: Callable[[list[Path], int], str],
    artefacts: dict[str, Path],
    shapes: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = film([shapes / "circle" / "00.png", shapes / "triangle" / "00.png"], 4)
    assert main([path, "--model", str(artefacts["int8.tflite"]), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["predictions"][0]["label"] for row in rows] == ["circle"] * 4 + ["triangle"] * 4
    times = [datetime.fromisoformat(row["path"]) for row in rows]
    assert times == sorted(times)
    assert times[0].utcoffset().total_seconds() == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_between_two_lines(
    film: Callable[[list[Path], int], str], artefacts: dict[str, Path], shapes: Path, number: signal.Signals
) -> None:
    path = film([shapes / "circle" / "00.png"], 5000)
    call = [*command("watch"), path, "--model", str(artefacts["int8.tflite"])]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("%\n")
        process.send_signal(number)
        rest, said = process.communicate(timeout=STARTED_S)
    assert process.returncode == 0
    assert not rest or rest.endswith("%\n")
    assert said.endswith("ressq-watch: stopped\n")


def test_served_the_live_picture_and_its_label_are_there(
    film: Callable[[list[Path], int], str], artefacts: dict[str, Path], shapes: Path
) -> None:
    path = film([shapes / "square" / "01.png"], 3)
    with serving(artefacts["int8.tflite"], "--camera", path) as served:
        last = wait_for_frames(served.port, 3)
        assert (last["count"], last["live"], last["predictions"][0]["label"]) == (3, True, "square")
        assert last["picture"].startswith("data:image/jpeg;base64,")
        assert ask(served.port, "POST", "/classify", (shapes / "circle" / "02.png").read_bytes()).status == 200


class BrokenPiCamera:
    """Picamera2 with a cable that is pulled after two frames; it stops behind a frame that never comes."""

    def __init__(self, fault: Exception) -> None:
        self.fault, self.left = fault, 2

    def create_preview_configuration(self, **_: object) -> None: ...
    def configure(self, _: object) -> None: ...
    def start(self) -> None: ...
    def close(self) -> None: ...

    def stop(self) -> None:
        pytest.fail("it would wait for ever")

    def capture_array(self, _: str, wait: float) -> np.ndarray:
        assert 0 < wait < 60
        self.left -= 1
        if self.left < 0:
            raise self.fault
        return np.zeros((480, 640, 3), np.uint8)


@pytest.mark.parametrize("fault", [TimeoutError(), RuntimeError("camera frontend has timed out")])
def test_a_pi_camera_that_breaks_off_is_named(fault: Exception) -> None:
    camera = PiCamera(BrokenPiCamera(fault), SPEC)
    frames = camera.frames()
    assert [next(frames).picture.shape for _ in range(2)] == [(480, 640, 3)] * 2
    with pytest.raises(
        PictureError,
        match=r"camera: found no more frames \((none in 10 s|camera fr.*)\); check its cable, then start again",
    ):
        next(frames)
    camera.close()


def test_a_camera_that_is_not_there_is_named(artefacts: dict[str, Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["97", "--model", str(artefacts["int8.tflite"])]) == 1
    wanted = "error: camera 97: found none, wanted one that OpenCV can open; ls /dev/video* lists them"
    assert wanted in capfd.readouterr().err


def test_what_is_no_camera_is_named_by_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no film")
    for name, message in {
        "/dev/null": "found /dev/null, wanted a camera that gives pictures; close what else uses it",
        str(tmp_path / "notes.txt"): "found a file, wanted a film that OpenCV can open; ressq-infer answers pictures",
        str(
            tmp_path / "film.avi"
        ): "found no such device or file, wanted a number, a device, a film, a folder or an address",
        "9" * 30: "found none, wanted one that OpenCV can open; ls /dev/video",
    }.items():
        with pytest.raises(PictureError) as caught:
            open_camera(name, SPEC, print)
        assert str(caught.value).startswith(f"camera {name}: {message}")


def test_a_name_in_other_letters_is_refused_before_opencv_ends_the_process(artefacts: dict[str, Path]) -> None:
    ascii_only = {**os.environ, "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for name, environment in {"größe".encode(): ascii_only, b"caf\xe9.mp4": {**os.environ, "PYTHONUTF8": "1"}}.items():
        words = [*command("watch"), name, "--model", artefacts["int8.tflite"]]
        done = subprocess.run(words, env=environment, capture_output=True, timeout=60)
        assert done.returncode == 1
        assert b"found a name with bytes that this locale does not read, wanted UTF-8; export" in done.stderr


def test_an_empty_name_is_neither_folder_nor_camera(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([""])
    assert "found an empty name, wanted a FOLDER or a CAMERA" in capsys.readouterr().err


def test_a_device_of_others_says_how_to_join_them(tmp_path: Path) -> None:
    device = tmp_path / "video"
    try:
        os.mknod(device, stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(
            PictureError, match=r"which this user may not open; sudo usermod -aG video \$USER, then log"
        ):
            open_camera(str(device), SPEC, print)
    finally:
        os.seteuid(0)


def test_without_opencv_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(PictureError, match=r"apt install python3-picamera2 on a Raspberry Pi, or pip install opencv"):
        open_camera("0", SPEC, print)


def wait_for_frames(port: int, count: int) -> dict[str, object]:
    until = time.monotonic() + STARTED_S
    while time.monotonic() < until:
        last: dict[str, object] = ask(port, "GET", "/last").json
        if last["count"] == count:
            return last
        time.sleep(0.05)
    raise AssertionError(last)
