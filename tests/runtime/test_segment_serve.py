"""A segmentation behind HTTP: areas as `--json` has them, and the photo under the classes' colours on the page."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator

import pytest
from PIL import Image

from segmentations import COLOURS, stripes, write_model
from served import Served, ask, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(write_model(tmp_path_factory.mktemp("model") / "colours.tflite")) as started:
        yield started


def send(served: Served) -> dict[str, object]:
    packed = io.BytesIO()
    stripes((1300, 1000)).save(packed, "JPEG", quality=95)
    found: dict[str, object] = ask(served.port, "POST", "/classify", packed.getvalue()).json
    return found


def test_an_answer_is_the_areas_and_the_last_one_has_the_overlay(served: Served) -> None:
    answer = send(served)
    assert list(answer) == ["path", "width", "height", "areas", "latency_ms"]
    assert (answer["width"], answer["height"]) == (1300, 1000)
    last = ask(served.port, "GET", "/last").json
    assert last["areas"] == answer["areas"]
    with Image.open(io.BytesIO(b64decode(last["picture"].partition(",")[2]))) as shown:
        assert shown.size == (640, 492)
        assert shown.getpixel((100, 200)) == pytest.approx((210, 10, 10), abs=8)
        assert shown.getpixel((500, 400)) == pytest.approx((10, 10, 210), abs=8)
    assert ask(served.port, "GET", "/info").json["colours"] == [list(colour) for colour in COLOURS]


@pytest.mark.host
def test_the_page_lists_the_classes_by_their_area_in_their_colours(
    served: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from browser import browsing

    send(served)
    with browsing(tmp_path_factory.mktemp("chromium")) as page:
        page.open(f"http://127.0.0.1:{served.port}/")
        page.wait_for("document.getElementById('best').textContent === 'red'")
        lines = page.value("[...document.querySelectorAll('li')].map(line => line.innerText.split(/\\s/)[0])")
        assert lines[0] == "red"
        assert sorted(lines) == ["blue", "green", "red"]
        send(served)
        page.wait_for("document.querySelector('li').style.boxShadow.includes('rgb(200, 0, 0)')")
        assert page.faults == []
