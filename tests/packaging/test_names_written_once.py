"""A public name is written once, in the `__all__` of the module that defines it; others take it from there.

These tests read the sources; nothing has to be installed.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

# Written by the packages themselves, for `pip` and for people.
VERSION = "__version__"


def written_list(tree: ast.Module) -> list[str] | None:
    """The names in a module's `__all__`, or None if it has none that is written out."""
    for node in statements(tree.body):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                value = node.value
                if isinstance(value, ast.List | ast.Tuple | ast.Set):
                    return [each.value for each in value.elts if isinstance(each, ast.Constant)]
    return None


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported: those within `if`, `try`, `with` and loops as well."""
    for node in body:
        yield node
        for field in ("body", "orelse", "finalbody", "handlers"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from statements(getattr(node, field, []))


def defined_in(tree: ast.Module) -> set[str]:
    """The names that a module itself gives a value."""
    names: set[str] = set()
    for node in statements(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def has_stars(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in statements(tree.body))


def modules_in(*roots: Path) -> dict[str, ast.Module]:
    """The modules of packages, by name."""
    return {
        ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for root in roots
        for path in root.rglob("*.py")
    }


def names_written_again(modules: Mapping[str, ast.Module]) -> list[str]:
    """The modules whose `__all__` has a name that they import, or has names though stars bring some."""
    faults = []
    for module, tree in modules.items():
        written = written_list(tree)
        if written is None:
            continue
        if has_stars(tree):
            faults.append(f"{module} takes names with stars and has a list: compute it, see public_names.imported")
        if imported := sorted(set(written) - defined_in(tree) - {VERSION}):
            faults.append(f"{module} lists what it does not define: {', '.join(imported)}")
        if twice := sorted({name for name in written if written.count(name) > 1}):
            faults.append(f"{module} lists twice: {', '.join(twice)}")
    return faults


def names_from_two_modules(modules: Mapping[str, ast.Module]) -> list[str]:
    """The names that stars bring to a module from two others, where one hides the other."""

    @functools.cache
    def public(module: str) -> dict[str, str]:
        """The public names of a module, each with the module that defines it."""
        written = written_list(modules[module])
        return dict(brought(module)) if written is None else dict.fromkeys(written, module)

    def brought(module: str) -> Iterator[tuple[str, str]]:
        """The names that a module takes to give on, each with the module that defines it."""
        for source, name in taken(modules[module]):
            if name == "*":
                yield from public(source).items()
            elif f"{source}.{name}" in modules:
                yield name, f"{source}.{name}"
            else:
                yield name, public(source).get(name, source)

    faults = []
    for module in [name for name, tree in modules.items() if has_stars(tree)]:
        found: dict[str, str] = {}
        for name, owner in brought(module):
            if found.setdefault(name, owner) != owner:
                faults.append(f"{module} takes {name} from {found[name]} and from {owner}")
    return faults


def taken(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What a module takes to give on: a module and a name, which may be a star."""
    for node in statements(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if alias.name == "*" or alias.asname == alias.name:
                    yield node.module, alias.name


@pytest.fixture(scope="module")
def modules(packages):
    return modules_in(*(package.source for package in packages.values()))


def test_a_list_has_only_what_its_module_defines(modules):
    assert len(modules) > 300
    assert names_written_again(modules) == []


def test_stars_bring_a_name_from_one_module_alone(modules):
    assert sum(map(has_stars, modules.values())) > 40
    assert names_from_two_modules(modules) == []


@pytest.mark.parametrize(
    ("fault", "files"),
    [
        (
            "house.face lists what it does not define: brick",
            {"wall": "__all__ = ['brick']\nbrick = 1\n", "face": "from house.wall import brick\n__all__ = ['brick']\n"},
        ),
        (
            "house.face takes names with stars and has a list: compute it, see public_names.imported",
            {"wall": "__all__ = ['brick']\nbrick = 1\n", "face": "from house.wall import *\n__all__ = []\n"},
        ),
        ("house.wall lists twice: brick", {"wall": "__all__ = ['brick', 'brick']\nbrick = 1\n"}),
        (
            "house.face takes brick from house.wall and from house.roof",
            {
                "wall": "__all__ = ['brick']\nbrick = 1\n",
                "roof": "__all__ = ['brick']\ndef brick(): ...\n",
                "inner": "from house.roof import *\n",
                "face": "from house.wall import *\nfrom house.inner import *\n",
            },
        ),
    ],
)
def test_a_fault_is_noticed_and_named(tmp_path, fault, files):
    root = tmp_path / "house"
    root.mkdir()
    for name, text in files.items():
        (root / f"{name}.py").write_text(text, encoding="utf-8")
    modules = modules_in(root)
    assert [*names_written_again(modules), *names_from_two_modules(modules)] == [fault]


def test_what_kcore_imports_when_it_is_used_is_what_type_checkers_read(packages):
    """The face that imports nothing until it is used names all twice: for type checkers, and for when it runs."""
    tree = ast.parse((packages["kcore"].source / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test).startswith("typing.")]
    read = {name: source for source, name in taken(ast.Module(block.body, []))}
    (owners,) = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "_OWNERS"]
    assert read == {name: owner for owner, names in ast.literal_eval(owners).items() for name in names.split()}
