"""First values of weights, drawn on the host, so that a seed means the same ones on every backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor

from kcore_layers.options.argument_types import InitializerLike
from kcore_layers.options.initializers.constant import Constant, Identity, Ones, Zeros
from kcore_layers.options.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from kcore_layers.options.initializers.initializer import MODULE, Initializer, RandomInitializer
from kcore_layers.options.initializers.orthogonal import Orthogonal
from kcore_layers.options.initializers.stft import STFT
from kcore_layers.options.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from kcore_layers.serialization.objects import resolve, serialize_keras_object

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

IdentityInitializer = identity = Identity
OrthogonalInitializer = orthogonal = Orthogonal
STFTInitializer = stft = STFT
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros


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

    >>> deserialize(serialize(RandomNormal(stddev=0.1))).stddev
    0.1
    """
    return resolve(config, "initializer", MODULE, custom_objects)
