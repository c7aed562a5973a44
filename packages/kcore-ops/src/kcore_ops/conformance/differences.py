"""Derivatives by finite differences: what gradients are held to where no second backend is there to compare with."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore_ops import dtypes as dt
from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import Case
from kcore_ops.engine.op import op_of
from kcore_ops.foundation import tree

__all__ = ["check_gradient_by_differences", "check_second_gradient_by_differences"]

Arrays = Sequence[Any]


def check_gradient_by_differences(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """The gradient, along one direction, lies between the slopes of small steps backwards and forwards.

    The steps are taken in float64, on this backend or another one installed, or for want of one in what there is.
    """
    op = op_of(case.op)
    what = f"gradient of {case.op} on {backend.name} against finite differences"
    if case.is_constant:
        for gradient in checks.gradients(backend, case, args):
            assert not np.any(gradient), f"{what}: it is {gradient}, and zero by definition"
        return
    values = backend if "float64" in backend.capabilities else _with_float64() or backend

    def results(arguments: Sequence[Any]) -> list[Any]:
        leaves = tree.flatten(checks.call(op, values, checks.tensors(values, arguments)))
        return [values.to_numpy(x) for x in leaves if isinstance(x, values.tensor_types) and checks.is_float(values, x)]

    is_double = "float64" in values.capabilities
    _check(lambda args: checks.gradients(backend, case, args), results, args, is_double, case.tolerance, what)


def check_second_gradient_by_differences(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """The gradient of the gradient lies between the slopes of the gradient."""
    what = f"second gradient of {case.op} on {backend.name} against finite differences"

    def gradients(args: Sequence[Any], order: int) -> Arrays:
        return checks.gradients(backend, case, args, order)

    _check(functools.partial(gradients, order=2), functools.partial(gradients, order=1), args, True,
           10 * case.tolerance, what)  # fmt: skip


def _with_float64() -> Backend | None:
    """Return an installed backend that computes in float64, if there is one; the lightest come last by priority."""
    for record in sorted(registry.backends().values(), key=lambda record: record.priority):
        if record.is_usable and "float64" in registry.load(record.name).capabilities:
            return registry.load(record.name)
    return None


def _check(
    gradients: Callable[[Sequence[Any]], Arrays],
    results: Callable[[Sequence[Any]], Arrays],
    args: Sequence[Any],
    is_double: bool,
    factor: float,
    what: str,
) -> None:
    """Compare gradients with slopes where the arguments are, or else, if they differ there, right beside it.

    There are places where a function has no derivative, or one that no step shows: at a quantile that is an element,
    say. What a backend takes for it there is its own affair, as long as it is a number.
    """
    fault = _fault(gradients(args), results, args, is_double, factor)
    if fault is not None:
        rng = np.random.default_rng(2)
        beside = tree.map_structure(
            lambda x: np.asarray(x + 1e-3 * rng.uniform(-1, 1, x.shape), x.dtype) if _is_float_array(x) else x,
            list(args),
        )
        found = gradients(args)
        is_finite = all(np.isfinite(gradient.astype("float64")).all() for gradient in found)
        if not is_finite or _fault(gradients(beside), results, beside, is_double, factor) is not None:
            raise AssertionError(f"{what}: {fault}")


def _in_float64(args: Sequence[Any]) -> list[Any]:
    wide: list[Any] = tree.map_structure(lambda x: np.asarray(x, "float64") if _is_float_array(x) else x, list(args))
    return wide


def _is_float_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) and dt.is_float_dtype(x.dtype)


def _fault(
    found: Arrays, results: Callable[[Sequence[Any]], Arrays], args: Sequence[Any], is_double: bool, factor: float
) -> str | None:
    """Compare gradients, found at `args`, with the slopes of the weighted results along one direction.

    Where a function is smooth the two slopes are all but equal. At a corner they enclose every derivative that
    backends choose. Where the function jumps, or is infinite or NaN, there is nothing to compare.

    Returns:
        How they differ, or None.
    """
    wide = _in_float64(args) if is_double else list(args)
    leaves = tree.flatten(list(wide))
    spots = [i for i, x in enumerate(leaves) if _is_float_array(x)]
    rng = np.random.default_rng(1)
    directions = [rng.uniform(-1, 1, leaves[i].shape) for i in spots]

    def at(distance: float) -> Arrays:
        filled = list(leaves)
        for i, direction in zip(spots, directions, strict=True):
            filled[i] = np.asarray(leaves[i] + distance * direction, leaves[i].dtype)
        return results(tree.pack_sequence_as(wide, filled))

    middle = at(0.0)
    if not all(np.isfinite(x.astype("float64")).all() for x in middle):
        return None
    is_precise = all(x.dtype == np.float64 for x in (*middle, *(leaves[i] for i in spots)))
    step, tolerance = (1e-5, 1e-5) if is_precise else (1e-2, 2e-2)
    weights = checks.weights(middle)

    def slopes(distance: float) -> Any:
        """Return the slope of each weighted number from here to a distance, NaN where it jumps on the way."""
        near, far = (
            [weight * (moved.astype("float64") - x) for weight, moved, x in zip(weights, at(d), middle, strict=True)]
            for d in (distance / 2, distance)
        )
        halfway, whole = (np.concatenate([[0.0], *(x.ravel() for x in rise)]) for rise in (near, far))
        jumps = np.abs(halfway) > 0.9 * np.abs(whole) + tolerance * step
        return np.where(jumps, np.nan, whole / distance)

    both = slopes(-step), slopes(step)
    least, most = float(np.sum(np.minimum(*both))), float(np.sum(np.maximum(*both)))
    products = [g.astype("float64") * d for g, d in zip(found, directions, strict=True)] if found else []
    actual = sum(float(np.sum(product)) for product in products)
    # The gradient is as precise as the dtypes of the arguments are.
    coarsest = max([checks.TOLERANCES[dt.standardize_dtype(x.dtype)] for x in tree.flatten(list(args))
                    if _is_float_array(x)], default=0.0)  # fmt: skip
    scale = max(1.0, sum(float(np.sum(np.abs(product))) for product in products))
    allowed = factor * max(tolerance, 4 * coarsest) * scale
    if not (math.isfinite(least) and math.isfinite(most)) or least - allowed <= actual <= most + allowed:
        return None
    return f"{actual:.6g} along one direction, and small steps give {least:.6g} to {most:.6g}"
