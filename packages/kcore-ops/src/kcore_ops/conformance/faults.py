"""Wrong calls made of right ones: specs and backend must agree on whether one is wrong, and on what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import Case
from kcore_ops.engine.inference import inferring
from kcore_ops.engine.op import Op, op_of
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import KcoreError, MissingOp

__all__ = ["MUTATIONS", "check_faults", "outcome", "wrong_calls"]


def _longer(x: Any) -> Any:
    return np.concatenate([x, x[..., :1]], axis=-1) if x.ndim and x.shape[-1] else None


def _deeper(x: Any) -> Any:
    return np.stack([x, x])


def _scalar(x: Any) -> Any:
    return x.reshape(-1)[0, ...] if x.ndim and x.size else None


def _cast(dtype: str) -> Callable[[Any], Any]:
    is_complex = dtype.startswith("complex")
    return lambda x: None if x.dtype == dtype else (x if is_complex else x.real).astype(dtype)


# What is done to one array of a call; None: nothing that would be another call.
MUTATIONS: dict[str, Callable[[Any], Any]] = {
    "no tensor": lambda x: "no tensor",
    "complex": _cast("complex64"),
    "floating": _cast("float32"),
    "boolean": _cast("bool"),
    "longer": _longer,
    "deeper": _deeper,
    "a scalar": _scalar,
}


def wrong_calls(backend: Backend, args: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Return calls with one array changed in one way, each with what was done; some are no less right than before."""
    leaves = tree.flatten(list(args))
    for spot, leaf in enumerate(leaves):
        if not isinstance(leaf, np.ndarray):
            continue
        for name, change in MUTATIONS.items():
            if name == "complex" and "complex" not in backend.capabilities:
                continue
            changed = change(leaf)
            if changed is not None:
                new = [changed if i == spot else x for i, x in enumerate(leaves)]
                yield f"array {spot} {name}", tree.pack_sequence_as(list(args), new)


def check_faults(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """What specs refuse the backend refuses with the same error, and what specs accept it accepts."""
    op = op_of(case.op)
    # Parts of other ops are given what those have checked; what a user's function says is its own affair.
    if not case.errors or not _is_public(op) or any(callable(arg) for arg in args):
        return
    for name, wrong in wrong_calls(backend, args):
        what = f"{case.op} on {backend.name}, {name}"
        call = f"the call is {case.op} of {wrong}"
        with on(backend), inferring():
            inferred = outcome(op, checks.specs(backend, wrong))
        with on(backend):
            actual = outcome(op, checks.tensors(backend, wrong))
        if isinstance(inferred, Exception) and isinstance(actual, Exception):
            little = f"{what}: specs give an error that says little, {inferred!r}\n{call}"
            assert isinstance(inferred, KcoreError), little
            other = f"{what}: the backend's error is not that of specs\nthe backend says\n{actual}"
            assert str(actual) == str(inferred), f"{other}\nand specs say\n{inferred}\n{call}"
        elif isinstance(inferred, Exception):
            # Frameworks take a scalar for a vector of one here and there, and do not look at what is empty.
            arrays = [x for x in [*tree.flatten(wrong), *checks.numbers(backend, actual)] if isinstance(x, np.ndarray)]
            is_degenerate = any(not x.ndim or not x.size for x in arrays)
            assert is_degenerate, f"{what}: the backend accepts what is wrong: {_problem(inferred)}\n{inferred}\n{call}"
        elif isinstance(actual, Exception):
            refused = f"{what}: specs accept what the backend refuses: {_problem(actual)}"
            raise AssertionError(f"{refused}\n{actual}\n{call}") from actual
        else:
            checks.assert_spec(backend, case.op, inferred, actual)


def _problem(error: Exception) -> str:
    text = error.problem if isinstance(error, KcoreError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def _is_public(op: Op) -> bool:
    import kcore_ops

    functions = (getattr(module, op.name, None) for module in (kcore_ops, kcore_ops.image))
    return any(getattr(function, "op", None) is op for function in functions)


def outcome(op: Op, args: Sequence[Any]) -> Any:
    """Return the leaves of the result of a call, or the error; that a primitive is missing is raised."""
    try:
        return tree.flatten(checks.call_spread(op, args))
    except MissingOp:
        raise
    except Exception as error:
        if isinstance(error.__cause__, MissingOp):
            raise
        return error
