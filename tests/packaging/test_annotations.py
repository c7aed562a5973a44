"""Public arguments have types that say something, and docstrings that say the rest.

These tests read the sources; nothing has to be installed. Public are the functions of a module, and of its classes
`__init__`, `__call__` and the methods, whose names do not begin with `_`. Those of a private class count too, as its
subclasses are public. `*args` and `**kwargs` count like any argument.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = Path(__file__).resolve().parents[2] / "packages"
TYPED = ("kcore-layers", "kcore-train")
MOST_UNTYPED = 0.15  # share of arguments whose type is Any, or a union with it
# Folders whose docstrings name every argument.
DOCUMENTED = (
    "kcore-layers/src/kcore_layers/layers",
    "kcore-layers/src/kcore_layers/options",
    "kcore-train/src/kcore_train/callbacks",
    "kcore-train/src/kcore_train/data",
    "kcore-train/src/kcore_train/losses",
    "kcore-train/src/kcore_train/metrics",
    "kcore-train/src/kcore_train/objective",
    "kcore-train/src/kcore_train/optimizers",
    "kcore-train/src/kcore_train/steps",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(tree: ast.Module) -> Iterator[tuple[str, Function, ast.ClassDef | None]]:
    """The public functions of a module and of its classes: name, definition, and the class it is in."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node, None
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, Function) and (
                    not each.name.startswith("_") or each.name in ("__init__", "__call__")
                ):
                    yield f"{node.name}.{each.name}", each, node


def arguments_of(function: Function, is_method: bool) -> dict[str, ast.expr | None]:
    """The arguments by name, with stars as docstrings write them, without `self` or `cls`, and their annotations."""
    parameters = function.args
    by_position = parameters.posonlyargs + parameters.args
    is_static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
    found = {each.arg: each.annotation for each in by_position[int(is_method and not is_static) :]}
    if parameters.vararg is not None:
        found[f"*{parameters.vararg.arg}"] = parameters.vararg.annotation
    found |= {each.arg: each.annotation for each in parameters.kwonlyargs}
    if parameters.kwarg is not None:
        found[f"**{parameters.kwarg.arg}"] = parameters.kwarg.annotation
    return found


def is_any(annotation: ast.expr | None) -> bool:
    """Say whether an annotation is Any, or a union with it, so that it says nothing."""
    if isinstance(annotation, ast.BinOp):
        return is_any(annotation.left) or is_any(annotation.right)
    return annotation is None or (isinstance(annotation, ast.Name) and annotation.id == "Any")


def untyped_share(trees: list[ast.Module]) -> float:
    """The share of public arguments whose type is Any."""
    kinds = [
        is_any(annotation)
        for tree in trees
        for _, function, owner in public_functions(tree)
        for annotation in arguments_of(function, owner is not None).values()
    ]
    return sum(kinds) / len(kinds)


def undocumented_arguments(tree: ast.Module) -> list[str]:
    """The public arguments that no docstring names under "Args:"; those of `__init__` belong to the class's."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = []
    for name, function, owner in public_functions(tree):
        if function.name == "__init__" or is_setter(function):
            continue
        documented = names_in(ast.get_docstring(function))
        arguments = arguments_of(function, owner is not None)
        found += [f"{name}({argument})" for argument in arguments if argument not in documented]
    for node in classes.values():
        constructor = constructor_of(node, classes)
        if not node.name.startswith("_") and constructor is not None:
            documented = names_in(ast.get_docstring(node))
            arguments = arguments_of(constructor, is_method=True)
            found += [f"{node.name}({argument})" for argument in arguments if argument not in documented]
    return found


def is_setter(function: Function) -> bool:
    """Say whether a function sets a property, whose docstring is that of its getter."""
    return any(isinstance(each, ast.Attribute) and each.attr == "setter" for each in function.decorator_list)


def constructor_of(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Function | None:
    """The `__init__` of a class, or of a base in the same module."""
    for each in node.body:
        if isinstance(each, Function) and each.name == "__init__":
            return each
    bases = [classes[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
    return next((found for base in bases if (found := constructor_of(base, classes)) is not None), None)


def names_in(docstring: str | None) -> list[str]:
    """The arguments that a docstring lists under "Args:"."""
    section = re.search(r"^Args:\n((?: +.*\n|\n(?= ))+)", f"{docstring}\n", re.MULTILINE)
    return re.findall(r"^    (\*{0,2}\w+): ", section[1], re.MULTILINE) if section else []


def read(folder: Path) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}


@pytest.mark.parametrize("package", TYPED)
def test_few_public_arguments_may_be_anything(package):
    assert untyped_share(list(read(PACKAGES / package / "src").values())) <= MOST_UNTYPED


@pytest.mark.parametrize("folder", DOCUMENTED)
def test_docstrings_name_every_public_argument(folder):
    found = {path: undocumented_arguments(tree) for path, tree in read(PACKAGES / folder).items()}
    assert {str(path.relative_to(PACKAGES)): names for path, names in found.items() if names} == {}


SAMPLE = '''
class _Base:
    def __init__(self, a: int, b: Any = None, *rest: Any, **kwargs: Unpack[Options]): ...

class Public(_Base):
    """Do.

    Args:
        a: int, a number.
        *rest: more of
            b: this is no argument.
    """

    @staticmethod
    def made(x: Tensor): ...

    def _hidden(self, y: Any): ...

def use(z: str | Any, untyped):
    """Use.

    Args:
        untyped: anything.

    Raises:
        z: no argument either.
    """
'''


def test_the_share_counts_public_arguments_whose_type_is_any_or_missing():
    assert untyped_share([ast.parse(SAMPLE)]) == pytest.approx(4 / 7)  # b, rest, z, untyped; not a, kwargs and x


def test_arguments_that_no_docstring_names_are_found():
    assert undocumented_arguments(ast.parse(SAMPLE)) == ["Public.made(x)", "use(z)", "Public(b)", "Public(**kwargs)"]
