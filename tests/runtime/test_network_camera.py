"""`ressq-watch` on network cameras: the newest frame, breaks, wrong addresses, and passwords that nobody is shown."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from cameras import HEAD, Camera, jpeg, network_camera, part
from installed import command
from ressq_runtime import PictureError, PixelSpec
from ressq_runtime.streaming import delay, frames, mjpeg
from ressq_runtime.streaming.camera import open_camera
from ressq_runtime.streaming.frames import Frame
from rtsp import rtsp_camera
from served import STARTED_S, ask, serving

pytestmark = pytest.mark.host

SPEC = PixelSpec.for_size(64)
RED, GREEN, BLUE = jpeg((200, 0, 0)), jpeg((0, 200, 0)), jpeg((0, 0, 200))
SECRET = "geheim-77"


def say(text: str) -> None:
    print(f"ressq-watch: {text}", file=sys.stderr)


@pytest.fixture
def opened() -> Iterator[Callable[[Camera], Iterator[Frame]]]:
    """Opens a camera, which has sent nothing yet, by its first frame, RED; gives its frames."""
    cameras: list[Any] = []

    def open_it(camera: Camera, name: str = "") -> Iterator[Frame]:
        sending = threading.Thread(target=camera.send, args=[part(RED), b"--frame\r\n"], daemon=True)
        sending.start()
        cameras.append(open_camera(name or camera.url, SPEC, say))
        sending.join()  # else a test may hang up in the midst of it
        return cameras[-1].frames()  # type: ignore[no-any-return]

    yield open_it
    for camera in cameras:
        camera.close()


def test_after_a_slow_answer_the_newest_frame_comes(opened: Callable[[Camera], Iterator[Frame]]) -> None:
    with network_camera() as camera:
        seen = opened(camera)
        assert next(seen).picture == RED
        camera.send(*[part(BLUE)] * 200, part(GREEN))
        time.sleep(1)  # the answer to the first one takes so long
        assert next(seen).picture == GREEN


def test_a_frame_tells_when_it_was_received_and_not_when_it_was_asked_for(
    opened: Callable[[Camera], Iterator[Frame]],
) -> None:
    with network_camera() as camera:
        seen = opened(camera)
        next(seen)
        camera.send(part(GREEN))
        sent = time.time()
        time.sleep(1)
        assert abs(next(seen).received - sent) < 0.5


def test_no_frame_is_given_twice(opened: Callable[[Camera], Iterator[Frame]]) -> None:
    with network_camera() as camera:
        seen = opened(camera)
        next(seen)
        threading.Timer(0.5, camera.send, [part(GREEN)]).start()
        assert next(seen).picture == GREEN


def boundary(name: str) -> str:
    return f"HTTP/1.0 200 OK\r\nContent-Type: Multipart/X-Mixed-Replace;boundary={name}\r\n\r\n"


CHUNKED = HEAD.replace("1.0", "1.1").replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n")


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        (HEAD, part(GREEN)),
        (HEAD, b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n" + GREEN + b"\r\n--frame\r\n"),
        (HEAD, b"--frame\ncontent-length: %d\n\n" % len(GREEN) + GREEN),
        (HEAD, part(b"motion=1", "text/plain") + part(b"") + part(GREEN)),
        (HEAD, b"--frame\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n" + GREEN + b"\r\n--frame"),
        (boundary("--frame"), part(GREEN)),
        (boundary('"frame"'), part(GREEN)),
        (CHUNKED, chunk(part(GREEN)[:90]) + chunk(part(GREEN)[90:])),
    ],
    ids=["plain", "without lengths", "bare line ends", "other parts", "absurd length", "dashes", "quotes", "chunks"],
)
def test_frames_are_found_however_they_are_sent(head: str, sent: bytes) -> None:
    with network_camera(head) as camera:
        threading.Thread(target=camera.send, args=[sent], daemon=True).start()
        reader = open_camera(camera.url, SPEC, say)
        assert next(iter(reader.frames())).picture.strip(b"\r") == GREEN
        reader.close()


def test_a_frame_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mjpeg, "LARGEST_FRAME_BYTES", 100_000)
    for sent in (b"--frame\r\n\r\n" + bytes(200_000), b"--frame\r\nContent-Length: 200000\r\n\r\n", bytes(200_000)):
        with network_camera() as camera:
            threading.Thread(target=camera.send, args=[sent], daemon=True).start()
            with pytest.raises(PictureError, match="found a frame of more than 100000 bytes, wanted Motion JPEG"):
                open_camera(camera.url, SPEC, say)


def test_silence_is_said_with_its_beginning_and_its_end(
    opened: Callable[[Camera], Iterator[Frame]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(frames, "QUIET_S", 0.5)
    with network_camera() as camera:
        seen = opened(camera)
        first = next(seen)
        threading.Timer(1.5, camera.send, [part(GREEN)]).start()
        second = next(seen)
        since, back = (
            datetime.fromtimestamp(f.received, UTC).isoformat(timespec="milliseconds") for f in (first, second)
        )
        name = f"ressq-watch: camera http://127.0.0.1:{camera.port}/..."
        assert capsys.readouterr().err == (
            f"{name}: no picture since {since} (nothing received); trying again\n"
            f"{name}: pictures again at {back}, after {second.received - first.received:.0f} s\n"
        )
        assert len(camera.requests) == 1


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "a byte now and then"])
def test_a_connection_that_brings_no_frame_is_given_up_and_opened_again(
    opened: Callable[[Camera], Iterator[Frame]], monkeypatch: pytest.MonkeyPatch, drips: bool
) -> None:
    monkeypatch.setattr(mjpeg, "STALL_S", 0.6)
    monkeypatch.setattr(frames, "FIRST_WAIT_S", 0.05)
    with network_camera() as camera:
        seen = opened(camera)
        next(seen)

        def act() -> None:
            until = time.monotonic() + STARTED_S
            while len(camera.requests) < 2 and time.monotonic() < until:
                if drips:
                    with suppress(OSError):
                        camera.send(b"x")
                time.sleep(0.05)
            camera.send(part(GREEN))

        threading.Thread(target=act, daemon=True).start()
        assert next(seen).picture == GREEN
        assert len(camera.requests) == 2


def test_a_camera_that_was_switched_off_is_found_again(
    opened: Callable[[Camera], Iterator[Frame]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(frames, "FIRST_WAIT_S", 0.1)
    with network_camera() as camera:
        seen = opened(camera)
        next(seen)

    def switch_on() -> None:
        time.sleep(1)
        with network_camera(port=camera.port) as again:
            again.send(part(GREEN))
            time.sleep(1)

    threading.Thread(target=switch_on, daemon=True).start()
    assert next(seen).picture == GREEN
    said = capsys.readouterr().err
    assert re.search(r"\((the end of the stream|Connection refused)\); trying again", said)
    assert said.count("no picture since") == said.count("pictures again at") == 1


def test_it_is_tried_again_at_growing_times_up_to_a_bound(
    opened: Callable[[Camera], Iterator[Frame]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(frames, "LONGEST_WAIT_S", 0.4)
    with network_camera([HEAD, *["HTTP/1.0 503 Busy\r\n\r\n"] * 8, HEAD]) as camera:
        seen = opened(camera)
        next(seen)
        camera.hang_up()
        threading.Thread(target=camera.send, args=[part(GREEN)], daemon=True).start()
        assert next(seen).picture == GREEN
    waits = [after - before for before, after in pairwise(camera.came_at[1:])]
    assert [wait >= least for wait, least in zip(waits, (0.2, 0.4, 0.4, 0.4), strict=False)] == [True] * 4
    assert sum(waits) < 12  # doubled without a bound it were 51


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("HTTP/1.0 401 Unauthorized\r\n\r\n", "found HTTP 401 Unauthorized; check user and password"),
        ("HTTP/1.0 404 Not Found\r\n\r\n", "found HTTP 404 Not Found; check the address"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "found an answer that is not HTTP; check the address, and whether"),
        ("HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n", "found image/jpeg, wanted a stream; the camera's"),
        ("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n", "found text/html, wanted a stream; the camera's manual"),
    ],
)
def test_what_is_no_stream_is_a_fault_at_once(head: str, message: str) -> None:
    with network_camera(head) as camera, pytest.raises(PictureError) as caught:
        open_camera(camera.url, SPEC, say)
    assert str(caught.value).startswith(f"camera http://127.0.0.1:{camera.port}/...: {message}")
    assert len(camera.requests) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("http://127.0.0.1:9/live", "Connection refused; check the address, and whether the camera is on"),
        ("rtsp://127.0.0.1:9/live", "Connection refused; check the address, and whether the camera is on"),
        ("http://127.0.0.1:none/", "found no valid address; check the address"),
        ("rtsp://[::1/live", "found no valid address; check the address"),
        ("htp://127.0.0.1/", "found no stream that OpenCV can open; check address, user and password"),
        (
            "192.168.1.9/live",
            "found no such device or file, wanted a number, a device, a film, a folder or an address like rtsp",
        ),
        ("nosuchelement ! appsink", "found no pipeline that this OpenCV can open; try it with gst-launch-1.0 first"),
    ],
)
def test_a_wrong_address_is_a_fault_at_once(name: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FIRST_WAIT_S", STARTED_S)
    with pytest.raises(PictureError, match=message.replace("(", r"\(")):
        open_camera(name, SPEC, say)


def test_a_camera_that_connects_and_sends_nothing_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with network_camera() as camera:
        monkeypatch.setattr(mjpeg, "STALL_S", 0.3)
        with pytest.raises(PictureError, match="found no answer in 0 s; check the address"):
            open_camera(camera.url, SPEC, say)
        monkeypatch.setattr(mjpeg, "STALL_S", 5)
        monkeypatch.setattr(frames, "START_S", 0.3)
        with pytest.raises(PictureError, match="found no picture in 0 s; see if it sends any"):
            open_camera(camera.url, SPEC, say)


def test_a_film_over_http_is_read_frame_by_frame_to_its_end(shapes: Path, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 64))
    for level in range(20):
        writer.write(np.full((64, 64, 3), 10 * level, np.uint8))
    writer.release()
    command = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PYTHONUNBUFFERED": "1"}
    ) as server:
        try:
            port = re.search(rb"port (\d+)", server.stdout.readline())[1].decode()
            for name in (
                f"http://127.0.0.1:{port}/film.avi",
                f"file://{tmp_path}/film.avi",
                str(tmp_path / "film.avi"),
            ):
                camera = open_camera(name, SPEC, say)
                levels = []
                for frame in camera.frames():
                    levels.append(round(frame.picture.mean() / 10))
                    time.sleep(0.01)
                camera.close()
                assert levels == list(range(20)), name
        finally:
            server.terminate()


def test_of_another_live_stream_the_newest_frame_comes() -> None:
    """Pictures without parts between them, which OpenCV reads."""
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    with network_camera("HTTP/1.0 200 OK\r\nContent-Type: video/x-motion-jpeg\r\n\r\n") as camera:
        shown, over = [jpeg((200, 0, 0), 640)], threading.Event()

        def send() -> None:
            while not over.wait(1 / 30):
                with suppress(OSError):  # the first client only asks what it is
                    camera.send(shown[0])

        sender = threading.Thread(target=send)
        sender.start()
        reader = open_camera(camera.url, SPEC, say)
        try:
            seen = reader.frames()
            assert next(seen).picture[0, 0].argmax() == 0
            time.sleep(2)
            shown[0] = jpeg((0, 200, 0), 640)
            time.sleep(2)
            newest = next(seen)
            assert newest.picture[0, 0].argmax() == 1
            assert time.time() - newest.received < 1
        finally:
            over.set()
            sender.join()
            reader.close()


@contextmanager
def looking(model: Path, name: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`ressq-watch NAME --json` as a process."""
    call = [*command("watch"), name, "--model", str(model), "--json", *options]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_each_line_has_its_frames_own_time(artefacts: dict[str, Path], shapes: Path) -> None:
    with network_camera() as camera, looking(artefacts["int8.tflite"], camera.url) as process:
        assert process.stdout is not None
        for shape in ("circle", "square", "triangle"):
            camera.send(part(jpeg(Image.open(shapes / shape / "01.png"))))
            sent = time.time()
            row = json.loads(process.stdout.readline())
            assert row["predictions"][0]["label"] == shape
            at = datetime.fromisoformat(row["path"])
            assert at.utcoffset() == timedelta(0)
            assert abs(at.timestamp() - sent) < 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("gone", [False, True], ids=["stalled", "switched off"])
def test_a_signal_ends_it_at_once_while_no_picture_comes(
    artefacts: dict[str, Path], number: signal.Signals, gone: bool
) -> None:
    with network_camera() as camera, looking(artefacts["int8.tflite"], camera.url) as process:
        camera.send(part(RED))
        assert process.stdout is not None
        assert process.stdout.readline()
        if gone:
            camera.close()
        time.sleep(1.5)
        process.send_signal(number)
        started = time.monotonic()
        _, said = process.communicate(timeout=STARTED_S)
        assert time.monotonic() - started < 3
    assert process.returncode == 0
    assert said.endswith("ressq-watch: stopped\n")


def test_frames_that_can_not_be_read_are_told_of_and_the_others_answered(artefacts: dict[str, Path]) -> None:
    with network_camera() as camera, looking(artefacts["int8.tflite"], camera.url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        camera.send(part(b"no picture"))
        assert "built" not in process.stderr.readline()
        told = process.stderr.readline()
        assert told.startswith("ressq-watch: camera: 1 frame could not be read, the last: bytes: found no known kind")
        camera.send(part(RED))
        assert process.stdout.readline()


def test_served_the_last_answer_is_the_newest_frames_and_it_ends_while_stalled(
    artefacts: dict[str, Path], shapes: Path
) -> None:
    with network_camera() as camera:
        threading.Thread(target=camera.send, args=[part(RED)], daemon=True).start()
        with serving(artefacts["int8.tflite"], "--camera", camera.url) as served:
            for shape in ("circle", "square"):
                camera.send(*[part(RED)] * 50, part(jpeg(Image.open(shapes / shape / "01.png"))))
                sent = time.time()
                time.sleep(1)
                last = ask(served.port, "GET", "/last").json
                assert (last["live"], last["label"]) == (True, shape)
                assert last["picture"].startswith("data:image/jpeg;base64,")
                assert abs(datetime.fromisoformat(last["path"]).timestamp() - sent) < 1
            served.process.terminate()
            assert served.process.wait(5) == 0


def test_a_server_whose_camera_thread_fails_ends_rather_than_show_an_old_picture(artefacts: dict[str, Path]) -> None:
    first = "from ressq_runtime.streaming import frames\nframes.to_utc = None"
    with network_camera() as camera:
        threading.Thread(target=camera.send, args=[part(RED)], daemon=True).start()
        with serving(artefacts["int8.tflite"], "--camera", camera.url, first=first) as served:
            assert served.process.wait(STARTED_S) == 1


AUTHORISED = "HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: {}\r\n\r\n"


@pytest.mark.parametrize("scheme", ['Basic realm="door"', 'Digest realm="door", nonce="a1", qop="auth"'])
def test_user_and_password_are_sent_when_asked_for_and_never_shown(artefacts: dict[str, Path], scheme: str) -> None:
    with network_camera([AUTHORISED.format(scheme), HEAD]) as camera:
        address = camera.url.replace("://", f"://user:{quote(SECRET)}@") + f"?token={SECRET}"
        with looking(artefacts["int8.tflite"], address) as process:
            camera.send(part(RED))
            assert process.stdout is not None
            row = process.stdout.readline()
            camera.close()
            time.sleep(1.5)
            process.terminate()
            rest, said = process.communicate(timeout=STARTED_S)
    assert f"camera http://***@127.0.0.1:{camera.port}/...: no picture since" in said
    assert SECRET not in row + rest + said
    first, second = camera.requests
    assert "Authorization" not in first
    if scheme.startswith("Basic"):
        assert f"Authorization: Basic {b64encode(f'user:{SECRET}'.encode()).decode()}" in second
    else:
        assert 'Authorization: Digest username="user", realm="door"' in second
    assert "@" not in second.partition("\r\n")[0]


def test_over_rtsp_the_newest_frame_comes_and_a_break_is_mended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    monkeypatch.setattr(frames, "FIRST_WAIT_S", 0.1)
    with rtsp_camera() as camera:
        reader = open_camera(camera.url.replace("://", f"://user:{SECRET}@"), SPEC, say)
        seen = reader.frames()
        assert next(seen).picture[0, 0].argmax() == 0
        camera.colour = (0, 200, 0)
        time.sleep(1.5)
        newest = next(seen)
        assert newest.picture[0, 0].argmax() == 1
        assert time.time() - newest.received < 0.5
        camera.hang_up()
        camera.colour = (0, 0, 200)
        until = time.monotonic() + STARTED_S
        while next(seen).picture[0, 0].argmax() != 2:
            assert time.monotonic() < until
        assert camera.plays == 2
        reader.close()
    said = capsys.readouterr().err
    assert "pictures again" in said
    assert SECRET not in said


def test_over_rtsp_frames_that_come_ever_later_are_left_out_but_key_frames(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A camera whose clock goes at half speed looks as one whose frames are decoded at half speed."""
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    monkeypatch.setattr(delay, "LATE_S", 0.5)
    monkeypatch.setattr(frames, "FIRST_WAIT_S", 0.1)
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    with rtsp_camera() as camera:
        camera.speed = 0.5
        reader = open_camera(camera.url, SPEC, say)
        seen = reader.frames()
        until = time.monotonic() + STARTED_S
        while camera.plays < 2:
            next(seen)
            assert time.monotonic() < until
        began = time.monotonic()
        while time.monotonic() - began < 3:  # as late as before, and nothing more can be left out
            next(seen)
        assert camera.plays == 2
        reader.close()
    said = capsys.readouterr().err
    assert (
        "s late, since this device decodes slower than the camera sends: name the camera's smaller stream, until"
        in said
    )
    assert os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] == "rtsp_transport;tcp"


def test_frames_are_late_by_the_stream_against_the_clock() -> None:
    now = 1000.0
    late = delay.Delay(lambda: now)

    def run(seconds: float, speed: float, start: float) -> list[bool]:
        nonlocal now
        found = []
        for step in range(int(seconds * 10)):
            now += 0.1
            found.append(late.is_late(start + step * 0.1 * speed))
        return found

    assert not any(run(3600, 1 - 5e-5, 0))  # an hour of a camera whose clock is slow
    late.restart()
    assert not any(run(5, 0, 0) + run(60, 1, 5))  # nothing for 5 s, then at once what came meanwhile
    late.restart()
    assert run(60, 0.5, 0).index(True) in range(85, 100)  # 3 s late after 6 s, and for 3 s
    late.restart()
    assert not any(run(60, 1, 0))
    late.restart()
    assert not any(run(60, 2, 0) + run(60, 1, 500))  # a burst at the start, a jump ahead


def test_a_refusal_over_rtsp_is_named_by_its_reason(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    reason = r"OpenCV can open \(.*401.*Unauthorized\); check address, user and password"
    with rtsp_camera("401 Unauthorized") as camera, pytest.raises(PictureError, match=reason):
        open_camera(camera.url.replace("://", f"://user:{SECRET}@"), SPEC, say)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "words",
    [
        ["watch", "http://user:{}@127.0.0.1:9/live"],
        ["watch", "http://user:{}/x@127.0.0.1:9/live"],
        ["watch", "http://user:@{}@127.0.0.1:9/live"],
        ["watch", "http://user:a b{}@127.0.0.1:9/live"],
        ["watch", "http://127.0.0.1:9/live?user=a@b.c&password={}"],
        ["watch", "http://127.0.0.1:{}/"],
        ["watch", "rtsp://user:{}@127.0.0.1:9/live"],
        ["watch", "rtsp://127.0.0.1:9/user=admin_password={}_channel=1.sdp"],
        ["watch", "rtsps://127.0.0.1:9/{}"],
        ["watch", "srt://127.0.0.1:9?passphrase={}"],
        ["watch", "htp://user:{}@127.0.0.1/live"],
        ["watch", "user:{}@127.0.0.1/live"],
        ["watch", "rtspsrc location=rtsp://127.0.0.1:9/ user-id=u user-pw={} ! appsink"],
        ["infer", "http://user:{}@127.0.0.1:9/live"],
        ["infer", "http://127.0.0.1:9/live?token={}", "--json"],
        ["infer", "--model", "http://user:{}@127.0.0.1:9/model.tflite", "a.jpg"],
        ["infer", "--stdin0"],
    ],
    ids=lambda words: " ".join(words),
)
def test_no_message_shows_a_password(words: list[str], artefacts: dict[str, Path], tmp_path: Path) -> None:
    call = [*command(words[0]), *[word.replace("{}", SECRET) for word in words[1:]]]
    if "--model" not in words:
        call += ["--model", str(artefacts["int8.tflite"])]
    table = ["--csv", str(tmp_path / "t.csv")] if words[0] == "infer" else []
    given = f"http://user:{SECRET}@127.0.0.1:9/live"
    done = subprocess.run([*call, *table], capture_output=True, text=True, check=False, input=given)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert SECRET not in "".join(path.read_text() for path in tmp_path.iterdir())
