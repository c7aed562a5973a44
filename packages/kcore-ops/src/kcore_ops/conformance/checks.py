"""Checks of one call of an op on one backend: value, dtype, spec, compiled form, gradient."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore_ops import dtypes as dt
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance.case import Case
from kcore_ops.engine.call import Call
from kcore_ops.engine.inference import inferring
from kcore_ops.engine.op import Op, op_of
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["READS_VALUES", "assert_close", "assert_spec", "call", "call_spread", "check_compiled", "check_definition",
           "check_gradient", "check_layout", "check_second_gradient", "check_spec", "check_unknown_sizes",
           "check_value", "compared", "compiles_each_shape", "gradients", "is_float", "numbers", "specs", "tensors",
           "weights"]  # fmt: skip

# Relative and absolute tolerance: some roundings of the dtype.
TOLERANCES = {
    "float64": 1e-9,
    "float32": 3e-5,
    "float16": 8e-3,
    "bfloat16": 6e-2,
    "complex64": 3e-5,
    "complex128": 1e-9,
}
HALVES = ("float16", "bfloat16")

# Calls, of the definition at least, that read values: they are not compiled as a whole, and a device may have none, as
# torch's "meta", which keeps shapes and dtypes alone.
READS_VALUES = {
    "cond": "the predicate says which branch is run",
    "segment_prod": "the gradient tells zeros from other factors",
    "switch": "the index says which branch is run",
    "while_loop": "the condition says when it ends",
}


def tensors(backend: Backend, args: Sequence[Any]) -> tuple[Any, ...]:
    """Return the arguments with the backend's tensors in place of the arrays."""
    return tuple(tree.map_structure(lambda x: _tensor(backend, x) if isinstance(x, np.ndarray) else x, list(args)))


def _tensor(backend: Backend, array: np.ndarray[Any, Any]) -> Any:
    # Of a dtype that is named: of one that is not, JAX compiles a function of its own to read each shape.
    return backend.to_tensor(array, backend.canonical_dtype(dt.standardize_dtype(array.dtype)))


def compiles_each_shape(backend: Backend) -> bool:
    """Return whether a backend computes by compiling for fixed sizes, as XLA does, and so compiles each shape anew."""
    return "jit" in backend.capabilities and not {"dynamic_shapes", "mutable_state"} & backend.capabilities


def _as_one(backend: Backend, case: Case, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of tensors compiled as a whole, where each of its steps would be compiled by itself."""
    is_possible = not case.by_value and case.op not in READS_VALUES
    return backend.jit(function) if compiles_each_shape(backend) and is_possible else function


def _of_arrays(function: Callable[..., Any], op: Op, args: Sequence[Any]) -> tuple[Callable[..., Any], list[Any]]:
    """Return a call with the arguments as a function of what stands in place of the arrays, and the arrays."""
    leaves = tree.flatten(list(args))
    spots = [i for i, leaf in enumerate(leaves) if isinstance(leaf, np.ndarray)]

    def of_arrays(*values: Any) -> Any:
        filled = list(leaves)
        for spot, value in zip(spots, values, strict=True):
            filled[spot] = value
        return function(*_spread(op, tree.pack_sequence_as(list(args), filled)))

    return of_arrays, [leaves[i] for i in spots]


def _defined(backend: Backend, case: Case, args: Sequence[Any]) -> list[Any]:
    """Return the results of an op's definition as arrays."""
    op = op_of(case.op)
    assert op.definition is not None
    function, arrays = _of_arrays(op.definition, op, args)
    with on(backend):
        return numbers(backend, _as_one(backend, case, function)(*(_tensor(backend, x) for x in arrays)))


def call(op: Op, backend: Backend, args: Sequence[Any]) -> Any:
    """Run an op on a backend."""
    with on(backend):
        return call_spread(op, args)


def call_spread(op: Op, args: Sequence[Any]) -> Any:
    """Call an op with a case's arguments, of whichever backend they are."""
    return op.function(*_spread(op, args))


def _spread(op: Op, args: Sequence[Any]) -> tuple[Any, ...]:
    """Return the arguments of `*operands`, which cases keep in one list, one by one."""
    has_varargs = any(name.startswith("*") for name in op.parameters)
    return (*args[:-1], *args[-1]) if has_varargs else tuple(args)


def promoted(op: Op, backend: Backend, args: Sequence[Any]) -> list[Any]:
    """Return the arguments as the op's dtype rules make them, on the host."""
    defaults = op.body.__defaults__ or ()
    missing = len(op.parameters) - len(args)
    full = (*args, *defaults[len(defaults) - missing :]) if missing else tuple(args)
    found = Call(op, full)
    targets = found.target_dtypes([dtype for dtype, _ in found.specs(backend)], backend)
    values = [np.asarray(v).astype(dt.numpy_dtype(t)) for v, t in zip(found.values, targets, strict=True)]
    return found.replaced(values)[: len(args)]


def _wide(x: Any, is_double: bool = True) -> Any:
    """Return an array in the precision references are computed in: double where that is to be had."""
    if not isinstance(x, np.ndarray):
        return x
    name = dt.standardize_dtype(x.dtype)
    real, complex_ = ("float64", "complex128") if is_double else ("float32", "complex64")
    return x.astype(complex_ if name in dt.COMPLEX else real) if not _is_exact(name) else x


def _is_exact(dtype: str) -> bool:
    return dtype == "bool" or dtype in dt.INTEGERS


def numbers(backend: Backend, result: Any) -> list[Any]:
    """Return the results of a call as NumPy arrays."""
    return [backend.to_numpy(x) if isinstance(x, backend.tensor_types) else x for x in tree.flatten(result)]


def assert_close(actual: Any, expected: Any, dtype: str, factor: float, what: str, rounds_once: bool = False) -> None:
    """Compare two results leaf by leaf; half precision that was rounded once is the nearest number, or the next."""
    assert len(actual) == len(expected), f"{what}: {len(actual)} results in place of {len(expected)}"
    for got, want in zip(actual, expected, strict=True):
        got, want = np.asarray(got), np.asarray(want)
        # A result may be less precise than what the case was drawn for, as counts weighted by float16 are.
        tolerance = max(TOLERANCES.get(name, 3e-5) for name in (dtype, dt.standardize_dtype(got.dtype))) * factor
        absolute = tolerance
        if rounds_once and dt.standardize_dtype(got.dtype) in HALVES:
            tolerance = max(dt.epsilon_of(dt.standardize_dtype(got.dtype)), TOLERANCES["float32"] * factor)
            absolute = TOLERANCES["float32"] * factor
        assert got.shape == want.shape, f"{what}: shape {got.shape} in place of {want.shape}"
        if got.dtype == bool or np.issubdtype(got.dtype, np.integer):
            want = want.astype(got.dtype)
            is_close = got == want
        else:
            kind = "complex128" if np.iscomplexobj(got) or np.iscomplexobj(want) else "float64"
            got, want = got.astype(kind), want.astype(kind)
            is_close = np.isclose(got, want, tolerance, absolute, equal_nan=True)
        assert np.all(is_close), f"{what}: {_difference(got, want, is_close)}\nis {got}\nin place of {want}"


def _difference(got: Any, want: Any, is_close: Any) -> str:
    """Say in one line how two arrays differ."""
    if not got.ndim:
        return f"{got} in place of {want}"
    places = np.argwhere(~is_close)
    first = tuple(places[0])
    index = ", ".join(str(i) for i in first)
    return f"{len(places)} of {got.size} elements differ, [{index}] is {got[first]} in place of {want[first]}"


def compared(case: Case, args: Sequence[Any], *sides: list[Any]) -> list[list[Any]]:
    """Return what the case compares in place of the results of each side."""
    return [case.compare(list(side), args) if case.compare else side for side in sides]


def check_value(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """The value is NumPy's, or the definition's in float64, and the result's kind is the backend's own."""
    op = op_of(case.op)
    result = call(op, backend, tensors(backend, args))
    for leaf in tree.flatten(result):
        what = f"{case.op} on {backend.name} returned a {type(leaf).__name__}, which is no tensor"
        assert isinstance(leaf, (*backend.tensor_types, int, bool)), what
    # NumPy has double precision whatever the backend claims.
    is_double = case.reference is not None or "float64" in backend.capabilities
    wide = [tree.map_structure(lambda x: _wide(x, is_double), arg) for arg in promoted(op, backend, args)]
    if case.reference is not None:
        expected = [np.asarray(x) for x in tree.flatten(case.reference(*_spread(op, wide)))]
    else:
        assert op.definition is not None, f"{case.op} is a primitive: its case needs a reference"
        expected = _defined(backend, case, wide)
    actual, expected = compared(case, args, numbers(backend, result), expected)
    assert_close(actual, expected, dtype, case.tolerance, f"{case.op} on {backend.name}", case.rounds_once)


def check_definition(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """What the backend overrides gives what the definition gives."""
    op = op_of(case.op)
    kind, _ = op.implementation(backend)
    if kind == "definition" or op.definition is None:
        return
    defined = _defined(backend, case, promoted(op, backend, args))
    result = call(op, backend, tensors(backend, args))
    what = f"{case.op} on {backend.name}, {kind} against definition"
    actual, expected = compared(case, args, numbers(backend, result), defined)
    assert_close(actual, expected, dtype, case.tolerance, what, case.rounds_once)


def specs(backend: Backend, args: Sequence[Any], known: Sequence[int] | None = None) -> tuple[Any, ...]:
    """Return the arguments with specs in place of the arrays; of sizes known if `known` is None or has their number."""
    number = itertools.count()

    def spec(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        shape = x.shape if known is None or next(number) in known else [None] * x.ndim
        return TensorSpec(shape, backend.canonical_dtype(dt.standardize_dtype(x.dtype)))

    return tuple(tree.map_structure(spec, list(args)))


def check_spec(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """The inferred spec is that of the result."""
    op = op_of(case.op)
    with on(backend), inferring():
        inferred = tree.flatten(op.function(*_spread(op, specs(backend, args))))
    assert_spec(backend, case.op, inferred, tree.flatten(call(op, backend, tensors(backend, args))))


def assert_spec(backend: Backend, name: str, inferred: Sequence[Any], result: Sequence[Any]) -> None:
    """Compare what was inferred of an op's results, leaf by leaf, with the results; sizes not known may be any."""
    assert len(inferred) == len(result), f"{name}: {len(inferred)} specs for {len(result)} results"
    for spec, value in zip(inferred, result, strict=True):
        if _is_tensor(backend, value):
            what = f"{name} on {backend.name}: inferred {spec}, is {backend.dtype(value)} {tuple(value.shape)}"
            assert spec.dtype == backend.dtype(value) and len(spec.shape) == len(value.shape), what
            sizes = zip(spec.shape, value.shape, strict=True)
            assert all(is_unknown(known) or known == size for known, size in sizes), what


def check_unknown_sizes(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """With every size unknown that may be, what is inferred is still true of the result."""
    op = op_of(case.op)
    with on(backend), inferring():
        inferred = tree.flatten(op.function(*_spread(op, specs(backend, args, case.known))))
    assert_spec(backend, case.op, inferred, tree.flatten(call(op, backend, tensors(backend, args))))


def check_layout(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """Tensors whose elements lie in memory in another order, as a transposed one's do, give the same result."""
    if "transpose" not in backend.ops:
        return  # which makes such tensors, where the framework has them
    op = op_of(case.op)

    def turned(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        return op_of("transpose").function(_tensor(backend, np.ascontiguousarray(x.T).reshape(x.T.shape)))

    plain = numbers(backend, call(op, backend, tensors(backend, args)))
    with on(backend):
        other = numbers(backend, call_spread(op, tree.map_structure(turned, list(args))))
    actual, expected = compared(case, args, other, plain)
    assert_close(actual, expected, dtype, case.tolerance, f"{case.op} of transposed tensors on {backend.name}")


def check_compiled(backend: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """Compiled, with sizes unknown where the backend can, the result is the same."""
    op = op_of(case.op)
    function, arrays = _of_arrays(op.function, op, args)
    values = [_tensor(backend, x) for x in arrays]
    shapes = [x.shape if n in case.known else [None] * x.ndim for n, x in enumerate(arrays)]
    unknown = [TensorSpec(shape, dt.standardize_dtype(x.dtype)) for shape, x in zip(shapes, arrays, strict=True)]
    dynamic = "dynamic_shapes" in backend.capabilities
    with on(backend):
        expected = function(*values)
        try:
            compiled = backend.jit(function, specs=unknown if dynamic else None)(*values)
        except ShapeError as error:
            if case.by_value and not dynamic and "size of the result depends on values" in error.problem:
                return
            raise
    what = f"{case.op} compiled on {backend.name}"
    actual, wanted = compared(case, args, numbers(backend, compiled), numbers(backend, expected))
    assert_close(actual, wanted, dtype, case.tolerance, what)


def gradients(backend: Backend, case: Case, args: Sequence[Any], order: int = 1) -> list[Any]:
    """Return the gradients of the floating results, weighted, for the floating arguments; or those of the gradients."""
    op = op_of(case.op)
    function, arrays = _of_arrays(op.function, op, args)
    spots = [i for i, x in enumerate(arrays) if dt.is_float_dtype(x.dtype)]

    def derivative(*tensors: Any) -> list[Any]:
        def results(*values: Any) -> list[Any]:
            filled = list(tensors)
            for spot, value in zip(spots, values, strict=True):
                filled[spot] = value
            leaves = tree.flatten(function(*filled))
            return [x for x in leaves if isinstance(x, backend.tensor_types) and is_float(backend, x)]

        differentiated = results
        for _ in range(order):
            differentiated = _derivative(backend, differentiated)
        return differentiated(*(tensors[i] for i in spots))

    if not spots:
        return []
    with on(backend):
        found = _as_one(backend, case, derivative)(*(_tensor(backend, x) for x in arrays))
        return [backend.to_numpy(x) for x in found]


def _derivative(backend: Backend, function: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    def derivative(*values: Any) -> list[Any]:
        value, pullback = backend.vjp(function, list(values))
        pairs = zip(weights(value), value, strict=True)
        return list(pullback([backend.to_tensor(weight, backend.dtype(x)) for weight, x in pairs])) if value else []

    return derivative


def weights(results: Sequence[Any]) -> list[Any]:
    """Return numbers to multiply results with, so that no two elements count alike."""
    rng = np.random.default_rng(0)
    return [rng.uniform(0.5, 1.5, tuple(x.shape)) for x in results]


def _is_tensor(backend: Backend, x: Any) -> bool:
    return isinstance(x, backend.tensor_types)


def is_float(backend: Backend, x: Any) -> bool:
    """Return whether a tensor is of real floating numbers."""
    return dt.is_float_dtype(backend.dtype(x))


def check_gradient(backend: Backend, other: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """The gradient is the other backend's."""
    what = f"gradient of {case.op} on {backend.name} against {other.name}"
    assert_close(gradients(backend, case, args), gradients(other, case, args), dtype, 4 * case.tolerance, what)


def check_second_gradient(backend: Backend, other: Backend, case: Case, dtype: str, args: Sequence[Any]) -> None:
    """The gradient of the gradient is the other backend's."""
    if all(x.size for x in tree.flatten(list(args)) if isinstance(x, np.ndarray)):
        ours, theirs = gradients(backend, case, args, order=2), gradients(other, case, args, order=2)
        what = f"second gradient of {case.op} on {backend.name} against {other.name}"
        assert_close(ours, theirs, dtype, 40 * case.tolerance, what)
