"""Models made anew on another backend, with the same weights."""

from __future__ import annotations

from typing import Any

from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_layers.serialization.objects import trusting
from kcore_layers.serialization.registry import CustomObjectScope, original_class

__all__ = ["computes_in_half", "described", "moved"]


def computes_in_half(layer: Any) -> bool:
    """Return whether a layer, or one inside, keeps its weights in float32 and computes in half precision.

    Args:
        layer: the layer or model.
    """
    return any(_is_mixed(each) for each in layer._kcore_sublayers())


def _is_mixed(layer: Any) -> bool:
    return layer.variable_dtype == "float32" and layer.compute_dtype in ("float16", "bfloat16")


def moved(layer: Any, backend: Backend, in_float32: bool = False) -> Any:
    """Return a layer or model like another, with the same weights, on another backend.

    Args:
        layer: the layer or model, built.
        backend: the backend.
        in_float32: whether layers of mixed precision compute in float32 there; False by default.

    Raises:
        ArgumentError: if it can not be made of its config there.
    """
    where = f'move of {type(layer).__name__} "{layer.name}" from {layer._kcore_backend.name} to {backend.name}'
    # Classes that are in use here need not be registered.
    classes = {original_class(type(each)).__name__: original_class(type(each)) for each in layer._kcore_sublayers()}
    try:
        with on(backend), CustomObjectScope(classes), trusting():
            cls: Any = original_class(type(layer))
            made = cls.from_config(layer.get_config())
            if not made.built:
                made.build_from_config(layer.get_build_config())
            made.set_weights(layer.get_weights())
            for each in made._kcore_sublayers() if in_float32 else ():
                if _is_mixed(each):
                    each.dtype_policy = "float32"
    except Exception as error:
        raise ArgumentError(
            f"it can not be made anew there: {described(error)}",
            fix="make the model on that backend and set its weights, or give its classes a get_config of what "
            "__init__ takes, and a call that computes with kcore.ops",
        ).at(where) from error
    return made


def described(error: Exception) -> str:
    """Return what an error says, in a line: the first of what a framework may tell at length.

    Args:
        error: the error.
    """
    if isinstance(error, KcoreError):
        return ", ".join([*error.where, error.problem])
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join([*lines[:2], *getattr(error, '__notes__', ())])[:400]}"
