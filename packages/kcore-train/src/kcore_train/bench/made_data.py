"""Data for a model of which nothing else is known: inputs by its input specs, targets by its outputs and losses."""

from __future__ import annotations

import re
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_layers import Model
from kcore_ops.dtypes import numpy_dtype

from kcore_train import losses
from kcore_train.bench.job import TargetError

__all__ = ["made_data"]

_FIX = "let the function return (model, x, y)"
# What the targets of losses are, where they are not shaped like the outputs.
_CLASS_NUMBERS = {"circle", "sparsecategoricalcrossentropy"}
_ONE_HOT = {"categoricalcrossentropy", "categoricalfocalcrossentropy", "categoricalgeneralizedcrossentropy"}
_UNKNOWN = {"crossentropy", "ctc"}


def made_data(model: Model, num_samples: int) -> tuple[Any, Any]:
    """Draw inputs and targets for a compiled model. Integers are 0 or 1, which every vocabulary has.

    Args:
        model: the model, whose inputs are known.
        num_samples: how many samples to draw.

    Raises:
        TargetError: naming what could not be guessed.

    >>> from kcore_layers import Input, Sequential, layers
    >>> model = Sequential([Input((3,)), layers.Dense(2)])
    >>> model.compile(loss="sparse_categorical_crossentropy")
    >>> x, y = made_data(model, 8)
    >>> x.shape, x.dtype, y.shape, y.dtype
    ((8, 3), dtype('float32'), (8,), dtype('int32'))
    """
    structure = getattr(model, "input", None) if getattr(model, "inputs", None) else None
    if structure is None:
        raise TargetError(f"the inputs of {model.name!r} can not be guessed, for it has no Input", fix=_FIX)
    generator = np.random.default_rng(0)
    x = ops.tree.map_structure(lambda tensor: _drawn(generator, tensor, num_samples), structure)
    return x, _targets(generator, model, num_samples)


def _drawn(generator: np.random.Generator, tensor: Any, num_samples: int) -> np.ndarray[Any, Any]:
    _, *sizes = tensor.shape
    if None in sizes:
        problem = (
            f"the input {tensor.name!r} has the shape {tuple(tensor.shape)}, whose unknown sizes can not be guessed"
        )
        raise TargetError(problem, fix=_FIX)
    if not re.match("u?int|float|bfloat|bool", tensor.dtype):
        raise TargetError(f"the input {tensor.name!r} is of {tensor.dtype}, which can not be guessed", fix=_FIX)
    shape = (num_samples, *sizes)
    drawn = generator.random(shape) if "float" in tensor.dtype else generator.integers(0, 2, shape)
    return drawn.astype(numpy_dtype(tensor.dtype))


def _targets(generator: np.random.Generator, model: Model, num_samples: int) -> Any:
    """Return targets in the form in which the losses are given: for one output, or in a list or dict."""
    given, outputs = model.loss, model.output
    if given is None:
        return None
    if ops.tree.is_nested(outputs):
        if not ops.tree.is_nested(given):
            return ops.tree.map_structure(lambda output: _target(generator, given, output, num_samples), outputs)
        pairs = _pairs(given, outputs, model)
        if isinstance(given, dict):
            return {name: _target(generator, loss, output, num_samples) for name, loss, output in pairs}
        return [_target(generator, loss, output, num_samples) for _, loss, output in pairs]
    (loss,) = ops.tree.flatten(given) if ops.tree.is_nested(given) else (given,)
    return _target(generator, loss, outputs, num_samples)


def _pairs(given: Any, outputs: Any, model: Model) -> list[tuple[str, Any, Any]]:
    """Return the name, loss and tensor of each output."""
    if isinstance(given, dict):
        named = (
            outputs
            if isinstance(outputs, dict)
            else dict(zip(getattr(model, "output_names", ()), outputs, strict=False))
        )
        if set(given) == set(named):
            return [(name, given[name], named[name]) for name in given]
    elif isinstance(outputs, list | tuple) and len(given) == len(outputs):
        return [("", loss, output) for loss, output in zip(given, outputs, strict=True)]
    raise TargetError(f"the targets of {model.name!r} can not be guessed: its losses and outputs differ", fix=_FIX)


def _target(generator: np.random.Generator, identifier: Any, output: Any, num_samples: int) -> Any:
    loss = losses.get(identifier)
    name = getattr(loss, "__name__", type(loss).__name__)
    module = getattr(loss, "__module__", "")
    word = name.replace("_", "").lower()
    if loss is None or not module.startswith("kcore_train.losses") or word in _UNKNOWN or None in output.shape[1:]:
        problem = (
            f"the targets for the loss {name!r} and an output of the shape {tuple(output.shape)} can not be guessed"
        )
        raise TargetError(problem, fix=_FIX)
    shape = (num_samples, *output.shape[1:])
    if word in _CLASS_NUMBERS:
        return generator.integers(0, min(2, shape[-1]), shape[:-1]).astype("int32")
    if word in _ONE_HOT:
        return np.eye(shape[-1], dtype="float32")[generator.integers(0, shape[-1], shape[:-1])]
    return generator.integers(0, 2, shape).astype("float32")
