"""Every public name of Keras's tensor API is there, and takes what Keras's takes."""

from __future__ import annotations

import importlib
import inspect

import pytest

NAMESPACES = (
    "ops",
    "ops.image",
    "ops.linalg",
    "ops.nn",
    "ops.numpy",
    "random",
    "tree",
    "backend",
    "config",
    "dtype_policies",
)

# What is left out on purpose, with the reason.
LEFT_OUT = {
    "dtype_policies.AWQDTypePolicy": "quantization",
    "dtype_policies.GPTQDTypePolicy": "quantization",
    "dtype_policies.Int4DTypePolicy": "quantization",
    "dtype_policies.QuantizedDTypePolicy": "quantization",
    "dtype_policies.QuantizedFloat8DTypePolicy": "quantization",
}


def names_of(module):
    return [name for name in dir(module) if not name.startswith("_") and not inspect.ismodule(getattr(module, name))]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_name_is_there_and_takes_what_keras_takes(keras, namespace):
    theirs, ours = importlib.import_module(f"keras.{namespace}"), importlib.import_module(f"kcore.{namespace}")
    wanted = names_of(theirs)
    assert len(wanted) >= 10, "Keras's names were not found"
    faults = []
    for name in wanted:
        if f"{namespace}.{name}" in LEFT_OUT:
            assert not hasattr(ours, name), f"{namespace}.{name} is there: take it out of LEFT_OUT"
        elif not hasattr(ours, name):
            faults.append(f"{name} is missing")
        else:
            faults += [f"{name}: {fault}" for fault in differences(getattr(theirs, name), getattr(ours, name))]
    assert not faults, f"kcore.{namespace}:\n" + "\n".join(faults)


def differences(theirs, ours):
    """Say which of Keras's parameters are not taken, or not at their place, or have another default."""
    given, taken = parameters(theirs), parameters(ours)
    if given is None or taken is None:
        return []
    names = list(taken)
    found = []
    for position, (name, parameter) in enumerate(given.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name not in taken:
            found.append(f"takes no {name}; takes {', '.join(names)}")
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD and names[position] != name:
            found.append(f"takes {name} at place {names.index(name)} in place of {position}")
        elif parameter.default is not parameter.empty and repr(taken[name].default) != repr(parameter.default):
            found.append(f"{name} is {taken[name].default!r} by default in place of {parameter.default!r}")
    return found


def parameters(function):
    """Give the parameters of a function, or of a class's instances' making; None where Python can not tell."""
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None
