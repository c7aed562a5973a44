"""Dependencies point one way: kcore -> kcore_train -> kcore_layers -> kcore_ops <- kcore_backend_*.

These tests read the sources; nothing has to be installed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# What each package may import of the others.
SIBLINGS = {
    "kcore": {"kcore_train", "kcore_layers", "kcore_ops"},
    "kcore-train": {"kcore_layers", "kcore_ops"},
    "kcore-layers": {"kcore_ops"},
    "kcore-ops": set(),
    "kcore-backend-jax": {"kcore_ops"},
    "kcore-backend-numpy": {"kcore_ops"},
    "kcore-backend-tf": {"kcore_ops"},
    "kcore-backend-torch": {"kcore_ops"},
}
# Where what is imported is not called as the distribution is.
MODULES = {"ml-dtypes": "ml_dtypes", "orbax-checkpoint": "orbax"}
# The conformance suite is a part of kcore-ops for which backend authors install hypothesis and pytest; files of
# safetensors, and exports, are written where the libraries of their formats are installed; models are estimators of
# scikit-learn where that is.
EXTRAS = {
    "kcore-backend-tf": {"onnx", "tf2onnx"},
    "kcore-layers": {"openvino", "orbax", "pydot", "safetensors"},
    "kcore-ops": {"hypothesis", "pytest"},
    "kcore-train": {"grain", "scipy", "sklearn"},
}
FRAMEWORKS = {
    "jax": "kcore-backend-jax",
    "jaxlib": "kcore-backend-jax",
    "tensorflow": "kcore-backend-tf",
    "torch": "kcore-backend-torch",
}
BACKEND_NAMES = {"jax", "numpy", "tensorflow", "torch"}
NEUTRAL = ("kcore", "kcore-layers", "kcore-ops", "kcore-train")


def trees(source: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(source.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each module that is imported, anywhere in a file, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, str(node.module)


def imported(source: Path) -> list[tuple[str, str]]:
    """Each place, as file:line, and the top-level module imported there, the standard library's aside."""
    return [
        (f"{path.relative_to(source)}:{line}", module.partition(".")[0])
        for path, tree in trees(source)
        for line, module in imports(tree)
        if module.partition(".")[0] not in sys.stdlib_module_names
    ]


def test_every_package_has_its_place_in_the_order(packages):
    assert set(SIBLINGS) == set(packages)


@pytest.mark.parametrize("name", sorted(SIBLINGS))
def test_siblings_are_imported_in_one_direction(packages, name):
    package = packages[name]
    allowed = {package.module} | SIBLINGS[name]
    ours = {other.module for other in packages.values()}
    wrong = [f"{place} imports {module}" for place, module in imported(package.source) if module in ours - allowed]
    assert not wrong


@pytest.mark.parametrize("name", sorted(SIBLINGS))
def test_siblings_are_declared_in_one_direction(packages, name):
    declared = {packages[other].module for other in packages[name].requirements if other in packages}
    assert declared <= SIBLINGS[name]


@pytest.mark.parametrize("name", sorted(SIBLINGS))
def test_what_is_imported_is_declared(packages, required, name):
    package = packages[name]
    declared = {MODULES.get(other, other.replace("-", "_")) for other in required(name)}
    allowed = declared | {package.module} | EXTRAS.get(name, set())
    wrong = [f"{place} imports {module}" for place, module in imported(package.source) if module not in allowed]
    assert not wrong


@pytest.mark.parametrize("name", sorted(SIBLINGS))
def test_a_framework_is_imported_by_its_own_backend_alone(packages, name):
    found = imported(packages[name].source)
    wrong = [f"{place} imports {module}" for place, module in found if FRAMEWORKS.get(module, name) != name]
    assert not wrong


@pytest.mark.parametrize("name", sorted(SIBLINGS))
def test_private_names_stay_at_home(packages, name):
    """No package imports another's `_private` modules or names."""
    package = packages[name]
    ours = {other.module for other in packages.values()} - {package.module}
    wrong = []
    for path, tree in trees(package.source):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in ours:
                names = [*str(node.module).split("."), *(alias.name for alias in node.names)]
                private = [part for part in names if part.startswith("_") and not part.startswith("__")]
                wrong += [f"{path.name}:{node.lineno} imports {part}" for part in private]
    assert not wrong


def decisions(tree: ast.Module) -> Iterator[ast.AST]:
    """What code branches on: comparisons, the subjects and patterns of `match`, `startswith` and its like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.MatchValue):
            yield node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("startswith", "endswith"):
                yield node


def named_backends(node: ast.AST) -> set[str]:
    strings = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return BACKEND_NAMES & {string.partition(".")[0].lower() for string in strings}


# A class of NumPy's is no backend: arrays and scalars of NumPy's are values from the host, on every backend.
def is_about_a_module(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr in ("__module__", "kind") for part in ast.walk(node))


@pytest.mark.parametrize("name", NEUTRAL)
def test_no_decision_is_made_on_the_name_of_a_backend(packages, name):
    wrong = [
        f"{path.name}:{node.lineno} compares with {', '.join(sorted(found))}"
        for path, tree in trees(packages[name].source)
        for node in decisions(tree)
        if (found := named_backends(node)) and not (found == {"numpy"} and is_about_a_module(node))
    ]
    assert not wrong, "ask for a capability instead"


def test_a_decision_on_the_name_of_a_backend_is_noticed():
    """The test above can fail."""
    tree = ast.parse('if backend.name == "torch" or name in ("jax", "numpy"):\n    pass')
    assert [sorted(named_backends(node)) for node in decisions(tree)] == [["torch"], ["jax", "numpy"]]
