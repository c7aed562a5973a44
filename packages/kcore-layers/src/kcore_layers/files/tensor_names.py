"""The names of a model's weights in `state_dict()` on PyTorch, which are those in files of safetensors on any backend.

A weight's name is its own, after the attributes that its layer is reached by: `blocks_0.kernel`, `scale`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from kcore_ops import Variable

from kcore_layers.base.layer import Layer
from kcore_layers.models.sequential import Sequential

__all__ = ["NamedLayer", "named_layers", "named_variables", "names_of_states"]


class NamedLayer(NamedTuple):
    """A layer in a model.

    Attributes:
        layer: the layer.
        name: what the names of its weights begin with: `blocks_0`; "" for the model itself.
        steps: the way to it from the model, each step in all ways to say it: by its attribute, `("blocks", "0")` or
            `("blocks_0",)`, by the layer's name, and in a `Sequential` by its number.
    """

    layer: Layer
    name: str
    steps: tuple[frozenset[tuple[str, ...]], ...]


def named_layers(model: Layer) -> Iterator[NamedLayer]:
    """Return the model and the layers inside, parents first; those that are reached in several ways, as often.

    Args:
        model: the model.
    """
    return _inside(NamedLayer(model, "", ()), ())


def _inside(named: NamedLayer, outer: tuple[int, ...]) -> Iterator[NamedLayer]:
    layer: Any = named.layer
    yield named
    outer = (*outer, id(layer))
    numbers = {id(each): str(i) for i, each in enumerate(layer.layers)} if isinstance(layer, Sequential) else {}
    for path, inner in layer._kcore_named_sublayers():
        if id(inner) in outer:  # it holds what it is held by
            continue
        own_name = path.replace(".", "_")
        step = frozenset({tuple(path.split(".")), (own_name,), (inner.name,), (numbers.get(id(inner), own_name),)})
        yield from _inside(NamedLayer(inner, _joined(named.name, own_name), (*named.steps, step)), outer)


def named_variables(model: Layer) -> dict[str, Variable]:
    """Return the weights of a model by name, in order; one that several layers share has as many names.

    Args:
        model: a built model.

    >>> from kcore_layers import Input
    >>> from kcore_layers.layers import Dense
    >>> list(named_variables(Sequential([Input((3,)), Dense(4), Dense(2, name="last")])))
    ['dense.kernel', 'dense.bias', 'last.kernel', 'last.bias']
    """
    weights = {id(v) for v in model.weights}
    return {name: v for name, v in _all_variables(model).items() if id(v) in weights}


def names_of_states(model: Layer) -> set[str]:
    """Return the names of variables that are no weights: what stateful recurrent layers go on from.

    Args:
        model: a built model.
    """
    return _all_variables(model).keys() - named_variables(model).keys()


def _all_variables(model: Layer) -> dict[str, Variable]:
    return {
        _joined(name, own_name): variable
        for layer, name, _ in named_layers(model)
        for own_name, variable in _own_variables(layer).items()
    }


def _own_variables(layer: Any) -> dict[str, Variable]:
    """Return a layer's own variables, by the names that its module has for them; wrapped modules keep theirs."""
    of_natives = {
        id(variable): f"{name}.{variable.name}"
        for name in layer.__dict__.get("_kcore_native_modules", {})
        for variable in layer._kcore_own_variables()
    }
    found: dict[str, Variable] = {}
    for variable in layer._kcore_own_variables():
        name = of_natives.get(id(variable)) or variable.name.replace(".", "_")
        while name in found:
            name += "_"
        found[name] = variable
    return found


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)
