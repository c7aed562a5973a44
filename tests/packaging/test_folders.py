"""A folder is a floor: it imports from floors below it only, inside functions as well.

These tests read the sources; nothing has to be installed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LAYERED = ("kcore-layers", "kcore-ops", "kcore-train")


def imported_modules(tree: ast.AST, package: list[str]) -> Iterator[str]:
    """The absolute names of what code imports at run time: modules, and what is taken from them.

    Args:
        tree: the code.
        package: the package that relative imports start from, as parts of its name.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            for each in node.orelse:
                yield from imported_modules(ast.Module([each], []), package)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)
        else:
            yield from imported_modules(node, package)


def imports_between_folders(root: Path) -> dict[tuple[str, str], str]:
    """For each folder or flat module of a package and another one that it imports, the file that does, and the other's.

    The package's own `__init__.py` is above all floors, and does not count.
    """
    units = {path.stem for path in root.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))} - {"__init__"}
    found: dict[tuple[str, str], str] = {}
    for path in sorted(root.rglob("*.py")):
        *folders, _ = parts = path.relative_to(root).parts
        if parts == ("__init__.py",):
            continue
        unit = parts[0].removesuffix(".py")
        for name in imported_modules(ast.parse(path.read_text(encoding="utf-8")), [root.name, *folders]):
            package, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if package == root.name and target in units - {unit}:
                found.setdefault((unit, target), f"{'/'.join(parts)} imports {file_of(root, rest)}")
    return found


def file_of(root: Path, name: str) -> str:
    """The file of a module, or of the module that has a name, from the package's root."""
    parts = name.split(".")
    while parts:
        for path in (root.joinpath(*parts).with_suffix(".py"), root.joinpath(*parts, "__init__.py")):
            if path.is_file():
                return path.relative_to(root).as_posix()
        parts.pop()
    return name


def import_cycle(root: Path) -> list[str]:
    """The imports that make a cycle between folders, each with its two files; [] if there is none."""
    imports = imports_between_folders(root)
    done: set[str] = set()

    def cycle_from(unit: str, path: list[str]) -> list[str]:
        if unit in path:
            return [*path[path.index(unit) :], unit]
        if unit in done:
            return []
        for source, target in imports:
            if source == unit and (cycle := cycle_from(target, [*path, unit])):
                return cycle
        done.add(unit)
        return []

    for unit in sorted({source for source, _ in imports}):
        if cycle := cycle_from(unit, []):
            return [imports[step] for step in zip(cycle, cycle[1:], strict=False)]
    return []


@pytest.mark.parametrize("name", LAYERED)
def test_folders_import_in_one_direction(packages, name):
    cycle = import_cycle(packages[name].source)
    assert not cycle, f"{name} has a cycle between its folders:\n  " + "\n  ".join(cycle)


def make_package(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_a_cycle_is_noticed_and_its_files_are_named(tmp_path):
    """The test above can fail; an import in a function, a relative one and one beside a type checker's count."""
    root = make_package(
        tmp_path / "house",
        low__brick="def wall():\n    from house.middle import mortar\n",
        middle__mortar="from ..high.roof import tiles\n",
        high__roof="if TYPE_CHECKING:\n    pass\nelse:\n    import house.low.brick\ntiles = 3\n",
        high__attic="from house.high import roof\n",
    )
    assert sorted(import_cycle(root)) == [
        "high/roof.py imports low/brick.py",
        "low/brick.py imports middle/mortar.py",
        "middle/mortar.py imports high/roof.py",
    ]


def test_imports_that_only_type_checkers_read_are_no_cycle(tmp_path):
    root = make_package(
        tmp_path / "house",
        low__brick="import typing\nif typing.TYPE_CHECKING:\n    from house.high.roof import tiles\n",
        high__roof="from house.low import brick\n",
    )
    assert import_cycle(root) == []
    assert imports_between_folders(root) == {("high", "low"): "high/roof.py imports low/brick.py"}
