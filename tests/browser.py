"""A real headless Chromium, driven through its DevTools pipe: no driver to install, no port to find."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
]  # fmt: skip
ANSWERED_S = 30


class Page:
    """A tab.

    `faults` are what its console complained of: scripts that failed, resources that the policy refused.
    `requests` are the addresses that it asked for, its own first.
    """

    def __init__(self, writer: int, reader: int) -> None:
        self._writer, self._reader = writer, reader
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self.faults: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The result of one DevTools command; what the page complains of meanwhile goes to `faults`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": arguments}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while True:
            found = self._receive()
            if found.get("id") == self._number:
                assert "error" not in found, found
                return found["result"]
            if found.get("method") == "Network.requestWillBeSent":
                self.requests.append(found["params"]["request"]["url"])
            if found.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.faults.append(json.dumps(found["params"]))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._reader, 1 << 20)
            assert part, "Chromium ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, url: str, width: int = 1200, height: int = 800, scheme: str = "light") -> None:
        """Loads a page in a window of that size."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=url)

    def cut_off(self) -> None:
        """From now on there is no network."""
        self.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Returns when the expression is true."""
        until = time.monotonic() + ANSWERED_S
        while not self.value(expression):
            assert time.monotonic() < until, f"never true: {expression}\n{self.value('document.body.innerText')}"
            time.sleep(0.05)

    def choose_file(self, selector: str, path: Path) -> None:
        """Chooses a file in an input, as a user does."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def screenshot(self) -> bytes:
        """The window as a PNG."""
        return b64decode(self.call("Page.captureScreenshot")["data"])


@contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """A tab of a fresh Chromium; skips the test where none is installed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium is installed")
    (to_read, writer), (reader, to_write) = os.pipe(), os.pipe()
    # Chromium reads commands from descriptor 3 and answers on 4.
    command = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
    with (profile / "stderr").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/bash", "-c", command, program, *_QUIET, f"--user-data-dir={profile / 'data'}"],
            pass_fds=(to_read, to_write), stderr=log, stdout=log,
        )  # fmt: skip
    os.close(to_read)
    os.close(to_write)
    try:
        yield Page(writer, reader)
    finally:
        os.close(writer)
        os.close(reader)
        process.terminate()
        process.wait(ANSWERED_S)
