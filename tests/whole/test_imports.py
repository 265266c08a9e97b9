"""No package imports in a circle, lazy imports counted: what belongs together lies in one direction."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"ressq_runtime": ROOT / "runtime", "ressq_edge": ROOT, "ressq_export": ROOT / "export"}


def list_modules(package: str) -> dict[str, Path]:
    folder = FOLDERS[package]
    paths = (path for path in (folder / package).rglob("*.py"))
    return {".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def find_imports(nodes: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    """All imports in and below the nodes, but those for type checkers alone."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from find_imports(node.orelse)
        else:
            yield from find_imports(ast.iter_child_nodes(node))


def find_edges(modules: dict[str, Path]) -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {}
    for name, path in modules.items():
        found: set[str] = set()
        for imported in find_imports([ast.parse(path.read_text("utf-8"))]):
            if isinstance(imported, ast.Import):
                found |= {alias.name for alias in imported.names}
            else:
                assert not imported.level, f"{path}: a relative import"
                for alias in imported.names:
                    whole = f"{imported.module}.{alias.name}"
                    found.add(whole if whole in modules else str(imported.module))
        edges[name] = (found & set(modules)) - {name}
    return edges


def find_circle(edges: dict[str, set[str]]) -> list[str]:
    """The modules of a circle, in its order; empty: there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(edges[name]):
            if circle := walk(other, [*way, name]):
                return circle
        done.add(name)
        return []

    return next((circle for name in sorted(edges) if (circle := walk(name, []))), [])


@pytest.mark.parametrize("package", FOLDERS)
def test_no_module_needs_itself(package: str) -> None:
    modules = list_modules(package)
    assert len(modules) > 30
    circle = find_circle(find_edges(modules))
    assert not circle, " -> ".join(circle)


def test_a_circle_is_found_however_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def late():\n    from p import b\n")
    (tmp_path / "b.py").write_text("if TYPE_CHECKING:\n    from p import a\nelse:\n    import p.c\n")
    (tmp_path / "c.py").write_text("try:\n    from p.a import late\nexcept ImportError:\n    pass\n")
    modules = {f"p.{path.stem}": path for path in sorted(tmp_path.iterdir())}
    assert find_circle(find_edges(modules)) == ["p.a", "p.b", "p.c", "p.a"]
    (tmp_path / "c.py").write_text("")
    assert find_circle(find_edges(modules)) == []
