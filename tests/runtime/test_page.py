"""The page of `ressq-serve` in a real browser."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from browser import Page, browsing
from cameras import jpeg, network_camera, part
from ressq_runtime.serving.handler import load_page
from served import Served, ask, serving

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def served(artefacts: dict[str, Path]) -> Iterator[Served]:
    with serving(artefacts["int8.tflite"]) as started:
        yield started


def test_a_chosen_picture_is_answered_on_the_page(served: Served, page: Page, shapes: Path) -> None:
    page.open(f"http://127.0.0.1:{served.port}/")
    page.wait_for("document.getElementById('live').textContent === 'ready'")
    page.wait_for("document.getElementById('name').textContent === 'shapes'")
    for shape in ("triangle", "circle"):
        page.choose_file("input", shapes / shape / "01.png")
        page.wait_for(f"document.getElementById('best').textContent === '{shape}'")
    last = ask(served.port, "GET", "/last").json
    assert last["count"] == 2
    lines = page.value("[...document.querySelectorAll('li')].map(line => line.innerText.replaceAll(/\\s+/g, ' '))")
    assert lines == [f"{p['label']} {100 * p['probability']:.1f} %" for p in last["predictions"]]
    assert page.value("document.getElementById('picture').src") == last["picture"]
    page.wait_for("document.getElementById('picture').naturalWidth === 80")
    for stage in ("decode", "preprocess", "inference", "postprocess"):
        assert stage in page.value("document.getElementById('spans').innerText")
    assert page.faults == []


def test_a_picture_that_a_script_sent_appears(served: Served, page: Page, shapes: Path) -> None:
    page.open(f"http://localhost:{served.port}/")
    page.wait_for("document.getElementById('live').textContent === 'ready'")
    ask(served.port, "POST", "/classify", (shapes / "square" / "02.png").read_bytes())
    page.wait_for("document.getElementById('best').textContent === 'square'")
    assert page.value("document.title").startswith("square ")


def test_what_is_no_picture_is_said_on_the_page(served: Served, page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    page.open(f"http://127.0.0.1:{served.port}/")
    page.wait_for("document.getElementById('live').textContent === 'ready'")
    page.choose_file("input", tmp_path / "notes.png")
    page.wait_for("document.getElementById('fault').textContent.startsWith('bytes: found no known kind of picture')")
    page.faults.clear()  # Chromium logs each 422


def test_a_server_that_ended_is_said_on_the_page(artefacts: dict[str, Path], page: Page) -> None:
    with serving(artefacts["int8.tflite"]) as served:
        page.open(f"http://127.0.0.1:{served.port}/")
        page.wait_for("document.getElementById('live').textContent === 'ready'")
    page.wait_for("document.getElementById('live').textContent === 'no answer from the device'")
    page.faults.clear()  # Chromium logs each request in vain


def test_a_camera_without_pictures_is_not_called_live(artefacts: dict[str, Path], page: Page) -> None:
    with network_camera() as camera:
        threading.Thread(target=camera.send, args=[part(jpeg((200, 0, 0)))], daemon=True).start()
        with serving(artefacts["int8.tflite"], "--camera", camera.url) as served:
            page.open(f"http://127.0.0.1:{served.port}/")
            page.wait_for("document.getElementById('live').textContent === 'live'")
            page.wait_for("document.getElementById('live').textContent.startsWith('no picture since ')")
            assert page.value("document.getElementById('live').className") == "quiet off"
            camera.send(part(jpeg((0, 200, 0))))
            page.wait_for("document.getElementById('live').textContent === 'live'")
    page.faults.clear()  # Chromium logs each request in vain


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_it_fits_phone_and_desktop_in_both_schemes(
    served: Served, page: Page, shapes: Path, width: int, scheme: str
) -> None:
    ask(served.port, "POST", "/classify", (shapes / "circle" / "03.png").read_bytes())
    page.open(f"http://127.0.0.1:{served.port}/", width, 800, scheme)
    page.wait_for("document.getElementById('best').textContent === 'circle'")
    assert page.value("document.documentElement.scrollWidth") <= width
    shot = Image.open(io.BytesIO(page.screenshot())).convert("L")
    assert shot.width == width
    assert (shot.getpixel((2, 2)) > 128) == (scheme == "light")


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page, policy = load_page()
    text = page.decode()
    assert re.findall(r"(?:src|href)=[\"']?([^\"'>]+)", text) == ["data:,"]
    assert not re.search(r"url\(|@import|https?://(?!127\.0\.0\.1)", text)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_a_label_is_shown_as_text_whatever_it_says(page: Page, served: Served) -> None:
    page.open(f"http://127.0.0.1:{served.port}/")
    page.wait_for("document.getElementById('live').textContent === 'ready'")
    label = "<img src=x onerror=document.title='broken'>"
    last = {"count": 1, "live": False, "picture": "", "label": label, "latency_ms": {"total": 1},
            "predictions": [{"label": label, "probability": 1}]}  # fmt: skip
    page.value(f"show({json.dumps(last)})")
    assert page.value("document.getElementById('best').textContent") == label
    assert page.value("document.querySelectorAll('ol img').length") == 0
