"""Weights of plain PyTorch modules for layers: which layer a module stands for, and how its tensors are turned.

A module stands for the layer at its place: `encoder.fc1.weight` is of the layer `fc1` in `encoder`. What stands where
is said by attributes, by names of layers or, in a `Sequential`, by numbers; either side may lack the first parts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from kcore_ops import Variable

from kcore_layers.base.layer import Layer
from kcore_layers.files.tensor_names import NamedLayer, named_layers
from kcore_layers.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Dense,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Embedding,
    GroupNormalization,
    GRUCell,
    LayerNormalization,
    LSTMCell,
    MultiHeadAttention,
    PReLU,
    RMSNormalization,
    SimpleRNN,
    SimpleRNNCell,
)

__all__ = ["Match", "TorchNames", "match_modules"]

Array: TypeAlias = "np.ndarray[Any, Any]"
Shape: TypeAlias = tuple[int, ...]
# Makes the array of a variable of a shape from a module's tensors.
Turn: TypeAlias = Callable[..., Array]
# The ways to get a variable, by its attribute: names in the module, and what turns those tensors.
Ways: TypeAlias = Mapping[str, list[tuple[tuple[str, ...], Turn]]]


class Match(NamedTuple):
    """What a variable's value can be made from.

    Attributes:
        variable: the variable.
        keys: the names of the tensors.
        turn: makes the value, of the variable's shape and the tensors.
    """

    variable: Variable
    keys: tuple[str, ...]
    turn: Turn


class TorchNames(NamedTuple):
    """What was found of a module's tensors in a model.

    Attributes:
        matches: what variables can be made from.
        ignored: names of tensors for which layers have no use: how many batches a normalization has seen.
        ambiguous: names of tensors that may be of several layers, with what to say of them.
    """

    matches: list[Match]
    ignored: set[str]
    ambiguous: dict[str, str]


# How tensors are turned. `shape` is that of the variable, which whoever asks compares with what comes out.


def _as_it_is(shape: Shape, x: Array) -> Array:
    return x


def _reshaped(shape: Shape, x: Array) -> Array:
    return x.reshape(shape)


def _transposed(shape: Shape, x: Array) -> Array:
    return x.T


def _channels_last(shape: Shape, x: Array) -> Array:
    """Put the two axes of channels, (out, in), behind those of space, as (in, out)."""
    return x.transpose(*range(2, x.ndim), 1, 0)


def _depthwise(shape: Shape, x: Array) -> Array:
    """Give (*space, 1, in * multiplier), where an input's outputs are side by side, an axis for either."""
    return _channels_last(shape, x).reshape(shape)


def _summed(shape: Shape, *biases: Array) -> Array:
    return np.sum(biases, axis=0, dtype=biases[0].dtype)


def _update_first(x: Array) -> Array:
    """Put the parts of a GRU in order: torch has reset, update and candidate, layers have the update first."""
    reset, update, candidate = np.split(x, 3)
    return np.concatenate([update, reset, candidate])


def _gru_kernel(shape: Shape, x: Array) -> Array:
    return _update_first(x).T


def _gru_bias(shape: Shape, of_input: Array, of_state: Array) -> Array:
    return np.stack([_update_first(of_input), _update_first(of_state)])


def _third(i: int, turn: Turn) -> Turn:
    """Turn the part for queries, keys or values of a tensor that holds all three."""
    return lambda shape, x: turn(shape, np.split(x, 3)[i])


def _to_heads(shape: Shape, x: Array) -> Array:
    """Give (heads * size, in) as (in, heads, size)."""
    return x.T.reshape(x.shape[1], *shape[1:])


def _from_heads(shape: Shape, x: Array) -> Array:
    """Give (out, heads * size) as (heads, size, out)."""
    return x.T.reshape(*shape[:-1], x.shape[0])


# One table for each class of layers.


def _same(**names: str) -> Ways:
    return {attribute: [((name,), _as_it_is)] for attribute, name in names.items()}


def _kernel(turn: Turn) -> Ways:
    return {"kernel": [(("weight",), turn)], "bias": [(("bias",), _as_it_is)]}


def _cell(turn: Turn, bias: Turn, ending: str = "", prefix: str = "") -> Ways:
    return {
        f"{prefix}kernel": [((f"weight_ih{ending}",), turn)],
        f"{prefix}recurrent_kernel": [((f"weight_hh{ending}",), turn)],
        f"{prefix}bias": [((f"bias_ih{ending}", f"bias_hh{ending}"), bias)],
    }


# Torch orders an LSTM's gates as layers do: input, forget, candidate, output.
_CELLS: dict[type, tuple[type, Turn, Turn]] = {
    LSTM: (LSTMCell, _transposed, _summed),
    GRU: (GRUCell, _gru_kernel, _gru_bias),
    SimpleRNN: (SimpleRNNCell, _transposed, _summed),
}
_AFFINE = _same(gamma="weight", beta="bias")


def _projection(i: int, letter: str) -> Ways:
    """Return the ways to the projections of an attention, which torch keeps together where their sizes are the same."""
    of_kernel: list[tuple[tuple[str, ...], Turn]] = [
        (("in_proj_weight",), _third(i, _to_heads)),
        ((f"{letter}_proj_weight",), _to_heads),
    ]
    name = ("query_dense", "key_dense", "value_dense")[i]
    return {f"{name}.kernel": of_kernel, f"{name}.bias": [(("in_proj_bias",), _third(i, _reshaped))]}


_TABLES: dict[type, Ways] = {
    Dense: _kernel(_transposed),
    **dict.fromkeys((DepthwiseConv1D, DepthwiseConv2D), _kernel(_depthwise)),
    **dict.fromkeys(
        (Conv1D, Conv2D, Conv3D, Conv1DTranspose, Conv2DTranspose, Conv3DTranspose), _kernel(_channels_last)
    ),
    BatchNormalization: {**_AFFINE, **_same(moving_mean="running_mean", moving_variance="running_var")},
    **dict.fromkeys((LayerNormalization, GroupNormalization), _AFFINE),
    RMSNormalization: _same(scale="weight"),
    Embedding: _same(embeddings="weight"),
    PReLU: {"alpha": [(("weight",), _reshaped)]},
    **{cell: _cell(kernel, bias) for cell, kernel, bias in _CELLS.values()},
    **{layer: _cell(kernel, bias, "_l0", "cell.") for layer, (_, kernel, bias) in _CELLS.items()},
    MultiHeadAttention: {
        **_projection(0, "q"),
        **_projection(1, "k"),
        **_projection(2, "v"),
        "output_dense.kernel": [(("out_proj.weight",), _from_heads)],
        "output_dense.bias": [(("out_proj.bias",), _as_it_is)],
    },
}
_IGNORED: dict[type, str] = {BatchNormalization: "num_batches_tracked"}


def _ways(layer: Any) -> Ways:
    """Return the ways to a layer's variables; none for a class that is no torch module's counterpart."""
    if isinstance(layer, Bidirectional):
        for cls, (_, kernel, bias) in _CELLS.items():
            if isinstance(layer.forward_layer, cls) and isinstance(layer.backward_layer, cls):
                forward = _cell(kernel, bias, "_l0", "forward_layer.cell.")
                return {**forward, **_cell(kernel, bias, "_l0_reverse", "backward_layer.cell.")}
    return next((ways for cls, ways in _TABLES.items() if isinstance(layer, cls)), {})


# Which module stands for which layer.

_EXACT, _PARTIAL = 2, 1


def match_modules(model: Layer, keys: Collection[str], wanted: Iterable[Variable]) -> TorchNames:
    """Find what the values of variables can be made from among the tensors of a PyTorch module.

    Args:
        model: a built model.
        keys: the names of the tensors.
        wanted: the variables.
    """
    ids = {id(v) for v in wanted}
    found = TorchNames([], set(), {})
    layers = [named for named in named_layers(model) if _wanted_ways(named.layer, ids)]
    modules = _modules(keys, {name for named in layers for name in _names(_ways(named.layer))})
    pairs, doubts = _pair(layers, modules)
    present = set(keys)
    for named, module in pairs:
        prefix = f"{module}." if module else ""
        for variable, ways in _wanted_ways(named.layer, ids).items():
            for names, turn in ways:
                own = tuple(prefix + name for name in names)
                if present.issuperset(own):
                    found.matches.append(Match(variable, own, turn))
                    break
        found.ignored.update(prefix + name for cls, name in _IGNORED.items() if isinstance(named.layer, cls))
    for module, doubt in doubts.items():
        prefix = f"{module}." if module else ""
        found.ambiguous.update({prefix + name: doubt for name in modules[module]})
    return found


def _wanted_ways(layer: Any, ids: set[int]) -> dict[Variable, list[tuple[tuple[str, ...], Turn]]]:
    found = {}
    for path, ways in _ways(layer).items():
        variable = layer
        for attribute in path.split("."):
            variable = getattr(variable, attribute, None)
        if id(variable) in ids:
            found[variable] = ways
    return found


def _names(ways: Ways) -> set[str]:
    return {name for each in ways.values() for names, _ in each for name in names}


def _modules(keys: Iterable[str], names: set[str]) -> dict[str, set[str]]:
    """Return the places of modules that have tensors of these names, with those that each has."""
    found: dict[str, set[str]] = {}
    for key in keys:
        place, name = key, ""
        for _ in range(2):  # names in a module have one part or two: `weight`, `out_proj.weight`
            place, _, part = place.rpartition(".")
            name = f"{part}.{name}" if name else part
            if name in names:
                found.setdefault(place, set()).add(name)
    return found


def _pair(
    layers: list[NamedLayer], modules: dict[str, set[str]]
) -> tuple[list[tuple[NamedLayer, str]], dict[str, str]]:
    """Return layers with the modules that stand for them, and what is in doubt of other modules.

    Where a place is the same from the model on, others that are so in their last parts are not looked at.
    """
    pairs: list[tuple[NamedLayer, str]] = []
    doubts: dict[str, str] = {}
    # What a layer's module has at least one of.
    needs = {
        id(named.layer): [set(names) for ways in _ways(named.layer).values() for names, _ in ways] for named in layers
    }
    by_last_part: dict[str, list[NamedLayer]] = {}
    for named in layers:
        for part in {step[-1] for step in named.steps[-1]} if named.steps else ():
            by_last_part.setdefault(part, []).append(named)
    without_place = [named for named in layers if not named.steps]
    for least in (_EXACT, _PARTIAL):
        doubts = {}
        done, used = {id(named.layer) for named, _ in pairs}, {module for _, module in pairs}
        candidates: dict[str, dict[int, NamedLayer]] = {}
        claims: dict[int, list[str]] = {}
        for module, names in modules.items():
            place = tuple(module.split(".")) if module else ()
            near = [*by_last_part.get(place[-1], []), *without_place] if place else layers
            for named in near if module not in used else ():
                key = id(named.layer)
                if key in done or not any(map(names.issuperset, needs[key])) or _likeness(place, named.steps) < least:
                    continue
                if key not in candidates.setdefault(module, {}):
                    candidates[module][key] = named
                    claims.setdefault(key, []).append(module)
        for module, found in candidates.items():
            named = next(iter(found.values()))
            rivals = claims[id(named.layer)]
            if len(found) > 1:
                doubts[module] = f"may be of the layers {', '.join(repr(each.name) for each in found.values())}"
            elif len(rivals) > 1:
                others = ", ".join(repr(each) for each in rivals if each != module)
                doubts[module] = f"may be of the layer {named.name!r}, as may {others}"
            else:
                pairs.append((named, module))
    return pairs, doubts


def _likeness(module: tuple[str, ...], steps: tuple[frozenset[tuple[str, ...]], ...]) -> int:
    """Return whether the place of a module is that of a layer, or one of the two the end of the other."""
    if not module or not steps:
        return _PARTIAL if module or steps else _EXACT
    best = 0
    for step in steps[-1]:
        length = min(len(step), len(module))
        if module[-length:] == step[-length:]:
            is_whole = length == len(step)
            best = max(best, _likeness(module[:-length], steps[:-1]) if is_whole else _PARTIAL)
    return best
