"""`ressq-serve`: what a client gets, and what it can't."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import socket
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from installed import command
from ressq_runtime import Classifier
from ressq_runtime.commands.infer import main as infer
from ressq_runtime.commands.serve import main
from ressq_runtime.serving.address import Address
from ressq_runtime.serving.handler import Handler
from ressq_runtime.serving.serve import SHOWN_SIDE, Resident
from ressq_runtime.serving.server import RefusalError, Server
from served import STARTED_S, Served, ask, connect, read_reply, send_raw, serving

NEEDS_CURL = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


@pytest.fixture(scope="module")
def model(artefacts: dict[str, Path]) -> Path:
    return artefacts["int8.tflite"]


@pytest.fixture(scope="module")
def served(model: Path) -> Iterator[Served]:
    with serving(model) as started:
        yield started


@pytest.fixture
def circle(shapes: Path) -> bytes:
    return (shapes / "circle" / "00.png").read_bytes()


def test_it_answers_what_the_command_answers(
    served: Served, model: Path, shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = shapes / "circle" / "00.png"
    assert infer([str(picture), "--model", str(model), "--json"]) == 0
    wanted = json.loads(capsys.readouterr().out)
    found = ask(served.port, "POST", "/classify", picture.read_bytes())
    assert (found.status, found.json["predictions"]) == (200, wanted["predictions"])
    assert list(found.json) == list(wanted)
    assert found.json["path"] is None
    assert list(found.json["latency_ms"]) == list(wanted["latency_ms"])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_pictures_of_every_kind_are_read_from_their_bytes(served: Served, shapes: Path, kind: str) -> None:
    packed = io.BytesIO()
    Image.open(shapes / "square" / "03.png").save(packed, kind)
    assert ask(served.port, "POST", "/classify", packed.getvalue()).json["predictions"][0]["label"] == "square"


def test_clients_at_once_each_get_their_own_answer(served: Served, shapes: Path) -> None:
    pictures = [shapes / shape / f"{index:02}.png" for index in range(8) for shape in ("circle", "square", "triangle")]
    with ThreadPoolExecutor(6) as pool:
        replies = pool.map(lambda path: ask(served.port, "POST", "/classify", path.read_bytes()), pictures)
        labels = [reply.json["predictions"][0]["label"] for reply in replies]
    assert labels == [picture.parent.name for picture in pictures]


def test_last_is_the_last_answer_with_its_picture_made_small(model: Path) -> None:
    packed = io.BytesIO()
    Image.new("RGB", (2000, 1000), (200, 30, 30)).save(packed, "JPEG")
    with serving(model) as served:
        assert ask(served.port, "GET", "/last").json == {"count": 0, "live": False}
        answer = ask(served.port, "POST", "/classify", packed.getvalue()).json
        last = ask(served.port, "GET", "/last")
        again = ask(served.port, "GET", "/last", If_None_Match=last.headers["ETag"])
    assert {key: last.json[key] for key in answer} == answer
    assert (last.json["count"], again.status, again.body) == (1, 304, b"")
    shown = Image.open(io.BytesIO(b64decode(last.json["picture"].removeprefix("data:image/jpeg;base64,"))))
    assert shown.size == (SHOWN_SIDE, SHOWN_SIDE // 2)
    assert shown.getpixel((320, 160))[0] > 150 > shown.getpixel((320, 160))[2]


def test_info_is_the_card_and_healthz_a_sign_of_life(served: Served) -> None:
    assert ask(served.port, "GET", "/info").json["labels"] == ["circle", "square", "triangle"]
    assert ask(served.port, "GET", "/healthz").json == {"status": "ok"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"no picture", "bytes: found no known kind of picture"),
        (b"", "bytes: found an empty file"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "bytes: found a"),  # HEIC picture, or a broken one with pillow-heif
    ],
)
def test_what_is_no_picture_is_refused_in_json_that_names_no_file(served: Served, body: bytes, message: str) -> None:
    reply = ask(served.port, "POST", "/classify", body)
    assert (reply.status, list(reply.json)) == (422, ["error"])
    assert reply.json["error"].startswith(message)
    assert b"Traceback" not in reply.body
    assert b"/" not in reply.body


@NEEDS_CURL
def test_what_curl_made_of_a_picture_is_told_from_a_broken_one(served: Served, circle: bytes, tmp_path: Path) -> None:
    packed = io.BytesIO()
    Image.open(io.BytesIO(circle)).save(packed, "JPEG")
    (tmp_path / "photo.jpg").write_bytes(packed.getvalue())
    command = ["curl", "-sS", f"http://127.0.0.1:{served.port}/classify"]
    for option, hinted in (("-d", True), ("--data-binary", False)):
        sent = [*command, option, f"@{tmp_path}/photo.jpg"]
        reply = subprocess.run(sent, capture_output=True, text=True, check=True).stdout
        assert reply.endswith('; if curl -d sent it, use --data-binary"}\n') == hinted, reply
    assert "curl" not in ask(served.port, "POST", "/classify", b"no picture").json["error"]


def test_a_picture_that_unfolds_too_far_is_refused(served: Served) -> None:
    packed = io.BytesIO()
    Image.new("1", (6000, 5000)).save(packed, "PNG")
    reply = ask(served.port, "POST", "/classify", packed.getvalue())
    assert reply.status == 422
    assert "wanted at most 25 megapixels" in reply.json["error"]


def test_the_memory_of_a_large_picture_is_given_back(model: Path) -> None:
    packed = io.BytesIO()
    Image.new("RGBA", (5000, 4900), (9, 9, 9, 9)).save(packed, "PNG", compress_level=1)
    with serving(model) as served:
        assert ask(served.port, "POST", "/classify", packed.getvalue()).status == 200
        status = Path(f"/proc/{served.process.pid}/status").read_text()
    held, peak = (int(re.findall(rf"{name}:\s+(\d+)", status)[0]) // 1000 for name in ("VmRSS", "VmHWM"))
    assert peak < 600
    assert held < 150


def test_a_failing_model_is_named_in_the_log_alone(model: Path, circle: bytes) -> None:
    classifier, said = Classifier.load(model, threads=1), list[str]()
    server = Server(Address("127.0.0.1:0"), Handler, Resident(classifier.model, live=False), (), said.append)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        classifier.close()
        reply = ask(server.server_address[1], "POST", "/classify", circle)
    finally:
        server.shutdown()
        server.finish()
        thread.join()
    assert (reply.status, reply.json) == (500, {"error": "the model failed; the server's log says why"})
    (line,) = said
    assert line.startswith(f"error: {model}: found a closed engine")


def test_a_request_does_not_wait_for_ever_for_the_others(model: Path, circle: bytes) -> None:
    resident = Resident(Classifier.load(model, threads=1).model, live=False)
    with resident._turn, pytest.raises(RefusalError, match="server busy; try again in a second") as caught:
        resident.answer(circle, wait_s=0.01)
    assert (caught.value.status, caught.value.headers) == (503, {"Retry_After": "1"})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_the_request_in_flight_is_answered(
    model: Path, circle: bytes, number: signal.Signals
) -> None:
    with serving(model) as served, connect(served.port) as connection:
        head = f"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(circle)}\r\n\r\n".encode()
        connection.sendall(head + circle[:10])
        ask(served.port, "GET", "/healthz")  # the one before has its place by now
        served.process.send_signal(number)
        connection.sendall(circle[10:])
        assert read_reply(connection).json["predictions"][0]["label"] == "circle"
        assert served.process.wait(STARTED_S) == 0
        assert served.process.stderr is not None
        assert served.process.stderr.read() == "ressq-serve: stopped\n"


def test_a_unix_socket_serves_and_is_removed_at_the_end(model: Path, circle: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ressq.sock"
    with serving(model, address=f"unix:{path}") as served:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(b"POST /classify HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(circle) + circle)
            assert read_reply(connection).json["predictions"][0]["label"] == "circle"
        second = start_in_vain(model, f"unix:{path}")
        assert f"error: unix:{path}: found another server's socket; stop it, or choose another path" in second
        served.process.kill()
        served.process.wait()
        assert path.is_socket()
    with serving(model, address=f"unix:{path}"):
        assert path.is_socket()
    assert not path.exists()


def test_a_file_at_the_sockets_path_is_kept(model: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    assert "found a file that is no socket, wanted nothing" in start_in_vain(model, f"unix:{tmp_path / 'notes'}")
    assert (tmp_path / "notes").read_text() == "mine"
    assert "too long" in start_in_vain(model, f"unix:{tmp_path / ('x' * 200)}")


def test_a_taken_address_is_a_fault(model: Path, served: Served) -> None:
    message = start_in_vain(model, f"127.0.0.1:{served.port}")
    assert f"error: 127.0.0.1:{served.port}: Address already in use; choose another address" in message


@pytest.mark.parametrize(
    "address", ["here", "1.2.3.4", "localhost:", "localhost:http", "h:65536", "::1:80", ":80", "65536", "80a", "-1"]
)
def test_what_is_no_address_is_wrong_usage(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([address])
    assert caught.value.code == 2
    assert f"found {address!r}, wanted HOST:PORT, [IPV6]:PORT or unix:PATH" in capsys.readouterr().err


def test_a_unix_socket_needs_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["unix:"])
    assert "found unix: without a path, wanted unix:PATH, like unix:/run" in capsys.readouterr().err


def test_only_an_address_that_others_reach_is_warned_of(model: Path, served: Served) -> None:
    assert "WARNING" not in served.said
    assert f"serving on http://127.0.0.1:{served.port}/ to this machine alone (Ctrl-C stops)" in served.said
    with serving(model, address="0.0.0.0:0") as open_to_all:
        assert "WARNING: 0.0.0.0 is no loopback address: everybody on the network can send" in open_to_all.said


def test_it_serves_on_ipv6(model: Path) -> None:
    with serving(model, address="[::1]:0") as served:
        with socket.create_connection(("::1", served.port)) as connection:
            connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: [::1]:{served.port}\r\n\r\n".encode())
            assert read_reply(connection).json == {"status": "ok"}
        assert "WARNING" not in served.said


def test_nothing_is_written_to_any_file(model: Path, circle: bytes) -> None:
    forbid = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    with serving(model, first=forbid) as served:
        for kind in ("PNG", "TIFF", "JPEG"):
            packed = io.BytesIO()
            Image.open(io.BytesIO(circle)).save(packed, kind)
            assert ask(served.port, "POST", "/classify", packed.getvalue()).status == 200
        assert ask(served.port, "GET", "/last").json["picture"].startswith("data:")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil", ""]
)
def test_a_rebound_name_is_refused(served: Served, host: str) -> None:
    reply = ask(served.port, "GET", "/last", Host=host.format(port=served.port))
    assert reply.status == 421
    assert reply.json["error"] == (
        "found another Host, wanted this machine's address; start it with --name NAME if that is its name"
    )


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}", "192.168.1.5"])
def test_this_machines_names_are_answered(served: Served, host: str) -> None:
    assert ask(served.port, "GET", "/healthz", Host=host.format(port=served.port)).status == 200


@pytest.mark.parametrize("hosts", ["", "Host: localhost\nHost: evil.example\n"])
def test_one_host_must_be_named(served: Served, hosts: str) -> None:
    assert send_raw(served.port, f"GET /last HTTP/1.1\n{hosts}\n").status == 421


def test_a_foreign_page_can_neither_send_nor_read(served: Served, circle: bytes) -> None:
    for origin in ("https://evil.example", "null", f"http://localhost:{served.port + 1}"):
        reply = ask(served.port, "POST", "/classify", circle, Origin=origin)
        assert reply.status == 403
        assert reply.json["error"].startswith("found another site's request, wanted this page's or a program's; behind")
        assert "--name ORIGIN" in reply.json["error"]
        assert not any(name.startswith("Access-Control") for name in reply.headers)
    own = ask(served.port, "POST", "/classify", circle, Origin=f"http://127.0.0.1:{served.port}")
    assert own.status == 200
    assert not any(name.startswith("Access-Control") for name in own.headers)
    assert own.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_form_is_told_from_a_picture(served: Served, circle: bytes) -> None:
    form = b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n" + circle + b"\r\n--x--\r\n"
    reply = ask(served.port, "POST", "/classify", form, **{"Content-Type": "multipart/form-data; boundary=x"})
    assert reply.status == 415
    assert reply.json == {"error": "found a form, wanted curl --data-binary @FILE"}


def test_another_path_or_method_is_refused_in_json(served: Served) -> None:
    assert ask(served.port, "GET", "/../etc/passwd").json["error"].startswith("found no such path, wanted one of /,")
    reply = ask(served.port, "GET", "/classify")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert ask(served.port, "HEAD", "/classify").status == 405
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
        reply = ask(served.port, method, "/last", b"x")
        assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD"), method
        assert reply.json == {"error": f"found {method}, wanted GET, HEAD"}
    assert ask(served.port, "DELETE", "/nowhere").status == 404
    assert ask(served.port, "PUT", "/classify", b"x", Host="evil.example").status == 421


@pytest.mark.parametrize("path", ["/", "/healthz", "/info", "/last"])
def test_head_is_get_without_its_body(served: Served, path: str) -> None:
    head, whole = ask(served.port, "HEAD", path), ask(served.port, "GET", path)
    assert (head.status, head.body) == (200, b"")
    same = ("Content-Length", "Content-Type", "ETag", "Cache-Control", "Content-Security-Policy")
    assert [head.headers.get(name) for name in same] == [whole.headers.get(name) for name in same]
    assert int(head.headers["Content-Length"]) == len(whole.body)
    assert ask(served.port, "HEAD", path, Host="evil.example").body == b""


@NEEDS_CURL
def test_curl_and_a_load_balancer_see_that_it_lives(served: Served) -> None:
    url = f"http://127.0.0.1:{served.port}/healthz"
    shown = subprocess.run(["curl", "-sS", "-I", "-m", "20", url], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("HTTP/1.1 200 OK")
    for method in ("HEAD", "GET"):  # of HTTP/1.0 without a Host, as HAProxy asks
        reply = send_raw(served.port, f"{method} /healthz HTTP/1.0\n\n")
        assert (reply.status, reply.body) == (200, b"" if method == "HEAD" else b'{"status": "ok"}\n')


NAMES = "raspberrypi.fritz.box, Classifier,host.docker.internal:8765,https://Pi.Example.org/"


@pytest.fixture(scope="module")
def named(model: Path) -> Iterator[Served]:
    with serving(model, "--name", NAMES, "--name", "pi_2.lan.") as started:
        yield started


@pytest.mark.parametrize(
    "host",
    ["raspberrypi.fritz.box", "RaspberryPi.fritz.box:8765", "classifier:80", "host.docker.internal", "pi.example.org",
     "pi_2.lan", "pi_2.lan.:8765", "localhost", "127.0.0.1"],
)  # fmt: skip
def test_a_further_name_is_answered(named: Served, host: str) -> None:
    assert ask(named.port, "GET", "/healthz", Host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "fritz.box", "evil.pi.example.org", "xclassifier", "https", "lan"])
def test_beside_further_names_the_check_stays(named: Served, host: str) -> None:
    assert ask(named.port, "GET", "/last", Host=host).status == 421


def test_a_page_behind_a_proxy_may_send(named: Served, circle: bytes) -> None:
    for host in ("127.0.0.1:8765", "pi.example.org", "localhost"):
        reply = ask(named.port, "POST", "/classify", circle, Host=host, Origin="https://pi.example.org")
        assert reply.status == 200
        assert not any(name.startswith("Access-Control") for name in reply.headers)
    for origin in ("http://classifier", "https://classifier", "http://host.docker.internal:8765"):
        assert ask(named.port, "POST", "/classify", circle, Origin=origin).status == 200
    for origin in ("http://pi.example.org", "https://pi.example.org:8443", "https://evil.example", "null",
                   "http://classifier:81", "https://evil.pi.example.org", "https://pi.example.org.evil"):  # fmt: skip
        assert ask(named.port, "POST", "/classify", circle, Origin=origin).status == 403, origin


@pytest.mark.parametrize(
    "name", ["*", "", "a b", "pi.lan/page", "ftp://pi.lan", "-x", "*.lan", "pi.lan,", "u:p@pi.lan"]
)
def test_what_is_no_name_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([f"--name={name}"])
    assert caught.value.code == 2
    assert "wanted a name or an origin, like pi.lan or https://pi.example.org" in capsys.readouterr().err


def test_a_port_alone_is_one_of_this_machine_only(model: Path) -> None:
    with serving(model, address="0") as served:
        assert ask(served.port, "GET", "/healthz").status == 200
        assert f"serving on http://127.0.0.1:{served.port}/" in served.said
        assert "WARNING" not in served.said


def start_in_vain(model: Path, address: str) -> str:
    """What a server says that can't start; its exit code is 1."""
    done = subprocess.run(
        [*command("serve"), address, "--model", str(model)], capture_output=True, text=True, timeout=STARTED_S
    )
    assert done.returncode == 1
    return done.stderr
