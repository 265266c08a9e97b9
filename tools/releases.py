"""Which releases of a package its tests run with: all, or the oldest and the newest where nothing has changed.

A matrix of releases that passed is kept in tools/passed, with a hash of every file that touches the package. While the
releases and the hashes are those, the two at the ends will do. No hash changes where a file moves, nor with a comment,
a docstring or the place of a module of ours that is imported.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
_MOST_NAMED = 5  # changes in the line that is printed
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Matrix:
    """A package whose releases are tested.

    package: its name, and that of the file in tools/passed.
    word: a file of the runtime with this word in its statements touches the package; a regular expression.
    tests: what is tested, what it needs, and what touches the package without the word, below the root; patterns.
    target: of make; runs all of it.
    """

    package: str
    word: str
    tests: Sequence[str]
    target: str

    @property
    def stamp(self) -> Path:
        """What passed last."""
        return ROOT / "tools" / "passed" / f"{self.package}.json"

    def files(self) -> dict[str, str]:
        """Path below the root -> SHA-256 of what matters, for every file that touches the package."""
        runtime = (ROOT / "runtime" / "ressq_runtime").rglob("*.py")
        touching = [path for path in runtime if re.search(self.word, self._what_matters(path).lower())]
        tests = [path for pattern in self.tests for path in ROOT.glob(pattern)]
        return {
            path.relative_to(ROOT).as_posix(): sha256(self._what_matters(path).encode()).hexdigest()
            for path in sorted({*touching, *tests})
        }

    def changes(self, releases: Iterable[str]) -> list[str]:
        """What is not as it was when all passed; empty where all is."""
        try:
            passed = json.loads(self.stamp.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return [f"no {self.stamp.relative_to(ROOT)}"]
        now, before = self.files(), passed["files"]
        files = [name for name, found in now.items() if found not in before.values()]
        files += [name for name, found in before.items() if found not in now.values() and name not in now]
        return files + [f"release {name}" for name in sorted({*releases} ^ {*passed["releases"]})]

    def choose(self, releases: Sequence[str], ends: tuple[str, str]) -> tuple[Sequence[str], str]:
        """The releases to run, of all, or of the oldest and newest that are used; and a sentence that says why."""
        changes = self.changes(releases)
        if changes:
            more = f" and {len(changes) - _MOST_NAMED} more" if len(changes) > _MOST_NAMED else ""
            named = ", ".join(changes[:_MOST_NAMED]) + more
            return releases, (
                f"{self.package}: all {len(releases)} releases run, for these are not as they were when all passed: "
                f"{named}; make {self.target} notes what passes in {self.stamp.relative_to(ROOT)}, to be committed"
            )
        return ends, (
            f"{self.package}: the oldest and the newest release run, {' and '.join(ends)}; the {len(releases) - 2} "
            f"others do not: they and the {len(self.files())} files that touch {self.package} are as they were when "
            f"all passed ({self.stamp.relative_to(ROOT)})"
        )

    def note(self, releases: Sequence[str], files: Mapping[str, str]) -> None:
        """Keep that all of these releases passed with these files, as `files` gave them before."""
        self.stamp.parent.mkdir(exist_ok=True)
        text = json.dumps({"releases": list(releases), "files": files}, indent=1)
        self.stamp.write_text(text + "\n", encoding="utf-8")
        print(f"{self.package}: all {len(releases)} releases passed; noted in {self.stamp.relative_to(ROOT)}")

    def _what_matters(self, path: Path) -> str:
        """The statements of Python; of other files, the lines with the word."""
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            return "\n".join(line for line in text.splitlines() if re.search(self.word, line.lower()))
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
                node.body[0] = ast.Pass()
            elif isinstance(node, ast.ImportFrom) and (node.level or str(node.module).startswith("ressq_runtime")):
                node.module, node.level = "ressq_runtime", 0
        return ast.unparse(tree)


def test_all(releases: Sequence[str], test: Callable[[str], tuple[bool, str]], package: str) -> bool:
    """Whether each release passed; two at a time, a line for each."""
    every = True
    with ThreadPoolExecutor(2) as pool:
        for release, (good, told) in zip(releases, pool.map(test, releases), strict=True):
            every &= good
            print(f"{package} {release}: {told}", flush=True)
    return every


def call(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What a command of ours said, run in the root; its exit code is in the result."""
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - pip and our tests


def last_line(done: subprocess.CompletedProcess[str]) -> tuple[bool, str]:
    """Whether pytest was content, and its last line, or all that it said."""
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()]
    return done.returncode == 0, lines[-1] if done.returncode == 0 else "\n".join(lines)
