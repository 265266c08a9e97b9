"""Draws the README's picture: a photo, what ressq-infer prints of it, and the head of the model's certificate.

.venv/bin/python tools/readme_picture.py PHOTO MODEL CERTIFICATE.html docs/images/front.png

It needs chromium. The photo and the certificate are shown as they are; the command runs here.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

WIDTH, HEIGHT = 980, 250  # CSS pixels, of a README on a screen of 1280
CERTIFICATE = (1160, 570)  # its head alone
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; display: flex; gap: 14px; width: {width}px; height: {height}px; background: #fff }}
img {{ height: {height}px; border-radius: 8px; display: block }}
.certificate {{ border: 1px solid #d8d8d4; height: {inner}px; border-radius: 8px }}
pre {{ flex: 1; margin: 0; padding: 14px; border-radius: 8px; background: #1c1d20; color: #e6e6e2;
       font: 13px/1.5 "DejaVu Sans Mono", monospace; overflow: hidden }}
b {{ color: #8fd19e; font-weight: normal }}
</style><img src="{photo}"><pre><b>$ {command}</b>
{answer}</pre><img class="certificate" src="{certificate}">"""


def main(argv: list[str]) -> int:
    """Asks the model, draws the page and takes its picture."""
    photo, model, certificate, target = map(Path, argv)
    asked = [sys.executable, "-m", "ressq_runtime", str(photo), "--model", str(model), "--top-k", "4"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours
    with TemporaryDirectory() as folder:
        head = Path(folder) / "certificate.png"
        _shoot(certificate.resolve(), head, *CERTIFICATE)
        page = Path(folder) / "page.html"
        page.write_text(
            PAGE.format(
                width=WIDTH, height=HEIGHT, inner=HEIGHT - 2, photo=_inline(photo, "jpeg"),
                certificate=_inline(head, "png"), command="ressq-infer image.jpg", answer=html.escape(answer),
            )
        )  # fmt: skip
        _shoot(page, target.resolve(), WIDTH, HEIGHT)
    return 0


def _inline(path: Path, kind: str) -> str:
    return f"data:image/{kind};base64,{b64encode(path.read_bytes()).decode()}"


def _shoot(page: Path, target: Path, width: int, height: int) -> None:
    """A picture of the page's first screen, at twice its pixels."""
    browser = shutil.which("chromium") or "chromium-browser"
    options = [f"--window-size={width},{height}", "--force-device-scale-factor=2", f"--screenshot={target}"]
    base = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    subprocess.run([browser, *base, *options, page.as_uri()], capture_output=True, check=True)  # noqa: S603 - ours


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
