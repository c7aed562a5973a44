"""Each argument is named where its function or class is explained: in backticks in a sentence, or in `Args:`."""

from __future__ import annotations

import importlib
import inspect
import re
from types import ModuleType

import pytest

PACKAGES = ("kcore", "kcore_ops", "kcore_layers", "kcore_train")


def public_objects(module, seen=None):
    """Give what a package offers by name, and what the modules among its names do, each once."""
    seen = {} if seen is None else seen
    for name in getattr(module, "__all__", None) or [name for name in vars(module) if name[0] not in "_@"]:
        found = getattr(module, name)
        if isinstance(found, ModuleType):
            if found.__name__.startswith(PACKAGES) and found not in seen:
                seen[found] = None
                yield from public_objects(found, seen)
        elif callable(found) and getattr(found, "__module__", "").startswith(PACKAGES) and id(found) not in seen:
            seen[id(found)] = None
            yield f"{module.__name__}.{name}", found


def unnamed(arguments, text):
    """Give the arguments that a docstring does not name; those passed on as they come have no name of their own."""
    in_backticks = " ".join(re.findall(r"`([^`]*)`", text))
    return [
        name
        for name, parameter in arguments.items()
        if not (name in ("args", "kwargs") and parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD))
        and not re.search(rf"\b{name}\b", in_backticks)
        and not re.search(rf"^\s+\*{{0,2}}{name}:", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_argument_of_a_public_function_is_named_in_its_docstring(package):
    found = dict(public_objects(importlib.import_module(package)))
    functions = {name: thing for name, thing in found.items() if not inspect.isclass(thing)}
    assert functions
    missing = {name: unnamed(inspect.signature(f).parameters, inspect.getdoc(f) or "") for name, f in functions.items()}
    assert {name: arguments for name, arguments in missing.items() if arguments} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_each_argument_of_a_public_class_is_named_in_its_docstring(package):
    found = dict(public_objects(importlib.import_module(package)))
    classes = {name: thing for name, thing in found.items() if inspect.isclass(thing)}
    assert classes
    missing = {}
    for name, kind in classes.items():
        arguments = dict(list(inspect.signature(kind.__init__).parameters.items())[1:])
        explained = kind.__mro__ if issubclass(kind, Exception) else (kind, kind.__init__)  # errors are made alike
        missing[name] = unnamed(arguments, "\n".join(each.__doc__ or "" for each in explained))
    assert {name: arguments for name, arguments in missing.items() if arguments} == {}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Sum of the elements of `x` along `axis`; `keepdims` keeps them.", []),
        ("Sum of `x[i]`.\n\n    Args:\n        axis: int.\n        **keepdims: bool.", []),
        ("Sum of the x along `other` axis `y`, with keepdims.", ["x", "axis", "keepdims"]),
        ("", ["x", "axis", "keepdims"]),
    ],
)
def test_an_argument_that_is_not_named_is_noticed(text, missing):
    def function(x, axis, keepdims, *args, **kwargs): ...

    assert unnamed(inspect.signature(function).parameters, text) == missing
