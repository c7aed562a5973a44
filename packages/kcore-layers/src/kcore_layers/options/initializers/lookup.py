"""Initializers by name, config or class, and as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor

from kcore_layers.options.argument_types import InitializerLike
from kcore_layers.options.initializers.constant import Constant
from kcore_layers.options.initializers.initializer import MODULE
from kcore_layers.serialization.objects import resolve, serialize_keras_object

__all__ = ["deserialize", "get", "serialize"]


def get(identifier: InitializerLike) -> Any:
    """Return the initializer meant by a name, a config, a class, a function, or an array to start from; None for None.

    Args:
        identifier: initializer, class, function, name or config, or an array to start from; None is returned as it is.

    Raises:
        ArgumentError: if there is none.

    >>> get("ones")((2,))
    array([1., 1.], dtype=float32)
    """
    if isinstance(identifier, np.ndarray) or ops.is_tensor(identifier):
        return Constant(identifier)
    return resolve(identifier, "initializer", MODULE)


def serialize(initializer: Callable[..., Tensor] | None) -> Any:
    """Return an initializer as plain data.

    Args:
        initializer: initializer, an instance or a function; None is returned as it is.

    >>> from kcore_layers.options.initializers.distributions import RandomNormal
    >>> serialize(RandomNormal(stddev=0.1))["config"]
    {'seed': None, 'mean': 0.0, 'stddev': 0.1}
    """
    return serialize_keras_object(initializer)


def deserialize(config: str | Mapping[str, Any] | None, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make an initializer of plain data.

    Args:
        config: plain data, as `serialize` returns it, or a name.
        custom_objects: dict from names to classes and functions, beside those registered; None for no more.

    Raises:
        ArgumentError: if it is not the data of an initializer.

    >>> from kcore_layers.options.initializers.distributions import RandomNormal
    >>> deserialize(serialize(RandomNormal(stddev=0.1))).stddev
    0.1
    """
    return resolve(config, "initializer", MODULE, custom_objects)
