"""Checks of calls whose tensors lie on another device than the default one: nothing leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from kcore_ops import dtypes as dt
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import Case
from kcore_ops.engine.inference import inferring
from kcore_ops.engine.op import Op, op_of
from kcore_ops.foundation import tree

__all__ = ["check_place", "other_device"]


def other_device(backend: Backend) -> str | None:
    """Return the name of a device that is not the default one, or None if there is no other."""
    return next(iter(backend.devices()[1:]), None)


def check_place(backend: Backend, device: str, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """Results, and gradients, lie where the tensors do, and have the spec that they have anywhere."""
    op = op_of(case.op)
    like = backend.to_device(backend.to_tensor(0.0, "float32"), device)
    if (case.by_value or case.op in checks.READS_VALUES) and not _has_values(backend, like):
        return
    with on(backend), inferring():
        inferred = tree.flatten(checks.call_spread(op, checks.specs(backend, args)))
    spots = [i for i, x in enumerate(tree.flatten(list(args))) if isinstance(x, np.ndarray)]
    # What is made of numbers alone is made on the device of the block.
    scope = nullcontext() if backend.follows_tensors and spots else backend.device_scope(device)
    with on(backend), scope:
        for what, chosen in (("its tensors", spots), ("its first tensor", spots[:1])):
            what = f"{case.op} on {backend.name}, with {what} on {device}"
            result = tree.flatten(checks.call_spread(op, _placed(backend, like, args, chosen)))
            checks.assert_spec(backend, what, inferred, result)
            _assert_place(backend, like, result, what)
        if case.gradient and "gradient" in backend.capabilities and dtype == "float32":
            _check_gradient(backend, like, op, args, spots)


def _placed(backend: Backend, like: Any, args: Sequence[Any], spots: Sequence[int]) -> list[Any]:
    """Return the arguments with tensors beside another in place of some arrays; the rest stay on the host."""
    leaves = tree.flatten(list(args))
    filled = [backend.beside(like, x, None) if i in spots else x for i, x in enumerate(leaves)]
    new: list[Any] = tree.pack_sequence_as(list(args), filled)
    return new


def _has_values(backend: Backend, x: Any) -> bool:
    try:
        backend.to_numpy(x)
    except (NotImplementedError, RuntimeError):
        return False
    return True


def _assert_place(backend: Backend, like: Any, results: Sequence[Any], what: str) -> None:
    place = backend.place_of(like)
    places = [backend.place_of(x) for x in results if isinstance(x, backend.tensor_types)]
    assert all(found in (None, place) for found in places), f"{what}: results are on {places} and not on {place}"


def _check_gradient(backend: Backend, like: Any, op: Op, args: Sequence[Any], spots: Sequence[int]) -> None:
    leaves = tree.flatten(_placed(backend, like, args, spots))
    floats = [i for i in spots if _is_float(backend, leaves[i])]

    def results(*values: Any) -> list[Any]:
        filled = list(leaves)
        for spot, value in zip(floats, values, strict=True):
            filled[spot] = value
        result = checks.call_spread(op, tree.pack_sequence_as(list(args), filled))
        return [x for x in tree.flatten(result) if _is_float(backend, x)]

    value, pullback = backend.vjp(results, [leaves[i] for i in floats]) if floats else ([], None)
    if pullback is not None and value:
        ones = [backend.beside(like, np.ones(tuple(x.shape)), backend.dtype(x)) for x in value]
        _assert_place(backend, like, pullback(ones), f"gradient of {op.name} on {backend.name}")


def _is_float(backend: Backend, x: Any) -> bool:
    return isinstance(x, backend.tensor_types) and dt.is_float_dtype(backend.dtype(x))
