"""Activation functions that are more than an op, and all of them by name and as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import kcore_ops as ops
from kcore_ops import (
    celu,
    elu,
    exp,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from kcore_ops.engine.op import Tensor

from kcore_layers.options.argument_types import ActivationLike
from kcore_layers.serialization.objects import builtin, resolve, serialize_keras_object
from kcore_layers.serialization.registry import builtin_name, save_under_name_of

__all__ = ["deserialize", "exponential", "gelu", "get", "linear", "mish", "relu", "serialize"]

_MODULE = "keras.activations"

exponential = exp


@builtin(_MODULE)
def linear(x: Tensor) -> Tensor:
    """Return `x` itself.

    Args:
        x: tensor of any shape.

    >>> linear(ops.array([-1.0, 2.0]))
    array([-1.,  2.], dtype=float32)
    """
    return x


@builtin(_MODULE)
def relu(x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Keep elements above `threshold`, up to `max_value`; replace the others by `negative_slope * (x - threshold)`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float where the slope or a
    bound is a fraction.
    Args:
        x: tensor of any shape.
        negative_slope: float, the slope below the threshold; 0.
        max_value: float, the largest output; None, no limit.
        threshold: float, above which elements pass; 0.

    Raises: `DTypeError` if `x` is complex.

    >>> relu(ops.array([-2.0, 0.5, 9.0]), negative_slope=0.5, max_value=6.0)
    array([-1. ,  0.5,  6. ], dtype=float32)
    """
    if negative_slope == 0 and threshold == 0:
        y = ops.relu(x)
    elif threshold == 0:
        y = leaky_relu(x, negative_slope)
    else:
        below = ops.multiply(ops.subtract(x, threshold), negative_slope)
        y = ops.where(ops.greater(x, threshold), x, below)
    return y if max_value is None else ops.minimum(y, max_value)


@builtin(_MODULE)
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """Multiply each element by the probability that a standard normal number is less.

    Args:
        x: tensor of any shape.
        approximate: bool, whether to use the formula with `tanh`, which is off by at most 5e-4; False.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Hendrycks & Gimpel (2016), arXiv:1606.08415.

    >>> gelu(ops.array([-1.0, 1.0])).round(4)
    array([-0.1587,  0.8413], dtype=float32)
    """
    return ops.gelu(x, approximate)


@builtin(_MODULE)
def mish(x: Tensor) -> Tensor:
    """Multiply each element by the hyperbolic tangent of its softplus: `x * tanh(log(1 + exp(x)))`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Args:
        x: tensor of any shape.

    Raises: `DTypeError` if `x` is complex.
    Source: Misra (2019), arXiv:1908.08681.

    >>> mish(ops.array([-1.0, 1.0])).round(4)
    array([-0.3034,  0.8651], dtype=float32)
    """
    return ops.multiply(x, tanh(softplus(x)))


for _function in (celu, elu, glu, hard_shrink, hard_sigmoid, hard_tanh, leaky_relu, log_sigmoid, log_softmax, relu6,
                  selu, sigmoid, soft_shrink, softmax, softplus, softsign, sparse_plus, sparse_sigmoid, sparsemax,
                  squareplus, tanh, tanh_shrink, threshold):  # fmt: skip
    builtin(_MODULE)(_function)
builtin(_MODULE, name="exponential")(exponential)
builtin(_MODULE, aliases=("hard_swish",))(hard_silu)
builtin(_MODULE, aliases=("swish",))(silu)
save_under_name_of(ops.relu, relu)


def get(identifier: ActivationLike) -> Any:
    """Return the activation meant by a name, a config, a layer or a function; `linear` for None.

    Args:
        identifier: function, layer, name or config; None is `linear`.

    Raises:
        ArgumentError: if there is none.

    >>> get("relu") is relu, get(None) is linear
    (True, True)
    """
    return linear if identifier is None else resolve(identifier, "activation", _MODULE)


def serialize(activation: Callable[..., Tensor]) -> Any:
    """Return an activation as plain data: its name, if it is one of these.

    Args:
        activation: activation, a function or a layer.

    >>> serialize(relu)
    'relu'
    """
    name = builtin_name(activation)
    return name[1] if name and name[0] == _MODULE else serialize_keras_object(activation)


def deserialize(config: str | Mapping[str, Any] | None, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the activation of plain data.

    Args:
        config: plain data, as `serialize` returns it, or a name.
        custom_objects: dict from names to classes and functions, beside those registered; None for no more.

    Raises:
        ArgumentError: if it is not the data of an activation.

    >>> deserialize("swish") is silu
    True
    """
    return linear if config is None else resolve(config, "activation", _MODULE, custom_objects)
