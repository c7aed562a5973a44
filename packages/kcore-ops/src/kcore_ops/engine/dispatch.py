"""From the arguments of a call to the function that computes it. The hottest code in kcore.

A call looks up a *plan* by the types and dtypes of its tensors, and runs it: the backend's own function where nothing
has to be cast, a short wrapper where something has. A plan is made once, on the first such call (`dispatch`), which is
also the way that symbolic tensors, lists and anything else out of the ordinary take. An exception leads to `recover`,
which finds out what was wrong.
"""

from __future__ import annotations

import functools
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from kcore_ops.backends import registry
from kcore_ops.backends.current import current_backend
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import INTEGERS, check_fits, numpy_dtype, standardize_dtype
from kcore_ops.dtypes.promotion import COMPARING
from kcore_ops.engine import inference
from kcore_ops.engine.call import Call, SymbolicShape, answers_ops, backend_of, stands_for_value, unwrapped
from kcore_ops.engine.op import TENSOR_KINDS, Op, all_ops
from kcore_ops.engine.plans import (
    Run,
    checked_before,
    make_plan,
    on_current,
    remember,
    store,
    temporary_plan,
)
from kcore_ops.engine.sizes import has_unknown_size
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError, KcoreError, ShapeError
from kcore_ops.foundation.tracebacks import shortened
from kcore_ops.specs import operators
from kcore_ops.specs.spec import Size, TensorSpec, standardize_shape
from kcore_ops.specs.symbolic import KerasTensor

__all__ = ["create", "dispatch", "public_function", "recover"]

_GUARDS = {
    "axis": "if {0}.__class__ is not int and {0} is not None: {0} = slow.standard_axis({0}, op)",
    "shape": "{0} = slow.standard_shape({0}, op)",
    "dtype": "if {0} is not None: {0} = slow.standard_dtype({0}, op)",
    "float_dtype": "{0} = slow.standard_dtype({0}, op)",
    # What every integer dtype holds is looked at no further.
    "number": "if (not 0 <= {0} <= 127) if {0}.__class__ is int or {0}.__class__ is float else "
    "({0} is not None and {0}.__class__ in slow.NUMBERS): slow.check_number({0}, op, ({arguments}))",
}

# What may hold numbers too large, beside Python's own; arrays are cast, as NumPy casts them.
NUMBERS = frozenset({list, tuple, *(numpy_dtype(name).type for name in INTEGERS)})


def public_function(op: Op) -> Any:
    """Return the function users call: the body's signature and docstring over the dispatcher."""
    body = op.body
    values = {"op": op, "plans": op.plans, "numbers": op.number_plans, "slow": sys.modules[__name__]}
    closure = tuple(types.CellType(values[name]) for name in _FIRST_CALL.co_freevars)
    function: Any = types.FunctionType(_FIRST_CALL, body.__globals__, body.__name__, body.__defaults__, closure)
    op.dispatcher = function
    functools.update_wrapper(function, body)
    function.op = op
    op.function = operators.functions[op.name] = function
    function.override = functools.partial(_override, op)
    function.define = functools.partial(_define, op)
    return function


def _override(op: Op, backend: str, function: Any = None) -> Any:
    if function is None:
        return functools.partial(_override, op, backend)
    op.overrides[backend] = function
    op.forget_plans()
    return function


def _define(op: Op, function: Any) -> Any:
    op.definition = function
    op.forget_plans()
    return function


def with_code(op: Op) -> Any:
    """Return an op's function, once it has its code: what its first call asks for.

    Compiling what a program never calls would be a third of the time that importing kcore takes.
    """
    code = op.body.__code__
    header = [f"{name}:{op.parameters.get(name, 'static')}" for name in code.co_varnames[: code.co_argcount]]
    header += [name for name in op.parameters if name.startswith("*")]
    op.dispatcher.__code__ = _template(tuple(header))
    return op.dispatcher


@functools.cache
def _template(header: tuple[str, ...]) -> types.CodeType:
    """Compile the function for a list of parameters, each written `name:kind`, or `*name`.

    It is compiled, as dataclasses compile `__init__`, because a generic `*args, **kwargs` would cost twice as much as
    all the rest.
    """
    names = [part.partition(":")[0] for part in header]
    kinds = {part.partition(":")[0]: part.partition(":")[2] or "sequence" for part in header}
    arguments = "".join(f"{name.lstrip('*')}, " for name in names)
    lines = [_GUARDS[kind].format(name, arguments=arguments) for name, kind in kinds.items() if kind in _GUARDS]
    lines += [
        f"if {name}.__class__ is slow.SymbolicShape: return slow.dispatch(op, ({arguments}))"
        for name, kind in kinds.items()
        if kind == "shape"
    ]
    tensors = [name.lstrip("*") for name in names if kinds[name] in TENSOR_KINDS]
    if not tensors:
        lines += [f"return slow.create(op, ({arguments}))"]
    elif "tree" in kinds.values() or ("sequence" in kinds.values() and len(tensors) > 1):
        lines += [f"return slow.dispatch(op, ({arguments}))"]
    else:
        lines += [
            "try:",
            *(f"    {line}" for line in _lookup(tensors, "sequence" in kinds.values())),
            "except (LookupError, AttributeError, TypeError):",
            "    pass",
            "else:",
            "    try:",
            f"        return run({arguments})",
            "    except Exception as error:",
            f"        return slow.recover(op, ({arguments}), error)",
            # Outside the handler, or the miss would be shown as the context of whatever goes wrong.
            f"return slow.dispatch(op, ({arguments}))",
        ]
    return _compiled(", ".join(names), lines)


# What an op's function finds in its closure: few things, as each costs a little in each call. `slow` is this module.
_CELLS = "op, plans, numbers, slow"


def _compiled(parameters: str, lines: list[str]) -> types.CodeType:
    """Compile a function with all of the closure in it, so that the code of one can take the place of another's."""
    source = [f"def make({_CELLS}):", f"    def function({parameters}):", f"        if False: {_CELLS}"]
    source += [f"        {line}" for line in lines]
    namespace: dict[str, Any] = {}
    exec(compile("\n".join(source), f"<kcore op({parameters})>", "exec"), namespace)
    make: types.CodeType = namespace["make"].__code__
    return next(constant for constant in make.co_consts if isinstance(constant, types.CodeType))


_FIRST_CALL = _compiled("*args, **kwargs", ["return slow.with_code(op)(*args, **kwargs)"])


def _lookup(tensors: list[str], is_sequence: bool) -> list[str]:
    """Source that sets `run` to the plan, from where `plans.route` keeps it."""
    if is_sequence:
        return [
            f"_kind, _dtype = {tensors[0]}[0].__class__, {tensors[0]}[0].dtype",
            f"for _each in {tensors[0]}:",
            "    if _each.__class__ is not _kind or _each.dtype is not _dtype:",
            f"        kinds = frozenset([(each.__class__, each.dtype) for each in {tensors[0]}])",
            # Of a framework that makes its dtypes anew they may still be equal.
            "        run = plans[kinds] if len(kinds) > 1 else plans[_kind][_dtype]",
            "        break",
            "else:",
            "    run = plans[_kind][_dtype]",
        ]
    if len(tensors) == 1:
        (x,) = tensors
        return [f"run = plans[{x}.__class__][{x}.dtype]"]
    if len(tensors) == 2:
        x, y = tensors
        return [
            f"kind, other = {x}.__class__, {y}.__class__",
            "if kind is other:",
            f"    run = plans[kind][{x}.dtype][{y}.dtype]",
            "elif other is float or other is int:",
            f"    run = numbers[other][kind][{x}.dtype]",
            "else:",
            f'    run = plans[kind, getattr({x}, "dtype", None), other, getattr({y}, "dtype", None)]',
        ]
    first, *others = tensors
    parts = "".join(f'{x}.__class__, getattr({x}, "dtype", None), ' for x in tensors)
    return [
        f"kind = {first}.__class__",
        f"if {' and '.join(f'{x}.__class__ is kind' for x in others)}:",
        f"    run = plans[kind]{''.join(f'[{x}.dtype]' for x in tensors)}",
        "else:",
        f"    run = plans[{parts}]",
    ]


def faults_of_table(backend: Backend) -> list[str]:
    """Return what is wrong with a backend's table: ops that do not exist, and functions of other parameters."""
    faults = []
    for name, function in backend.ops.items():
        if name not in all_ops():
            faults.append(f"op {name!r} does not exist")
            continue
        parameters, expected = registry.parameters_of(function), all_ops()[name].parameters
        if parameters is not None and len(parameters) != len(expected):
            faults.append(f"op {name!r} takes ({', '.join(parameters)}) and must take ({', '.join(expected)})")
    return faults


registry.checks.append(faults_of_table)


# What the template's guards call.


def standard_axis(axis: Any, op: Op) -> Any:
    """Return an axis as an integer, or several as a tuple."""
    if isinstance(axis, np.ndarray) and axis.ndim:
        axis = axis.tolist()
    if isinstance(axis, list | tuple):
        return tuple([a if type(a) is int else standard_axis(a, op) for a in axis])
    try:
        return axis.__index__()
    except (AttributeError, TypeError):
        problem = f"{axis!r} is not an axis"
        raise ArgumentError(problem, fix="pass an integer, a tuple of them, or None").at(op.name) from None


def standard_shape(shape: Any, op: Op) -> tuple[Any, ...]:
    """Return a shape as a tuple."""
    if shape.__class__ is tuple:
        for size in shape:
            if size.__class__ is not int:
                break
        else:
            return shape
    try:
        shape = standardize_shape(shape)
    except KcoreError as error:
        raise error.at(op.name)  # noqa: B904 (its cause is its own)
    return SymbolicShape(shape) if any(isinstance(size, Size | TensorSpec) for size in shape) else shape


def standard_dtype(dtype: Any, op: Op) -> str:
    """Return the name of a dtype."""
    try:
        return standardize_dtype(dtype)
    except KcoreError as error:
        raise error.at(op.name)  # noqa: B904 (its cause is its own)


def check_number(number: Any, op: Op, args: tuple[Any, ...]) -> None:
    """Refuse a number, or one of a list, that the dtype asked for, or else that of the first tensor, can not hold."""
    call = Call(op, args)
    kinds = list(op.parameters.values())
    dtype = next((arg for kind, arg in zip(kinds, args, strict=True) if kind.endswith("dtype")), None)
    backend = None if call.is_symbolic else call.backend()  # graphs are built without any
    try:
        if dtype is not None:
            check_fits(number, standard_dtype(dtype, op))
        elif call.values:
            check_fits(number, call.target_dtypes([described for described, _ in call.specs(backend)], backend)[0])
    except KcoreError as error:
        raise error.at(op.name, call.received()) if not error.where else error  # noqa: B904 (its cause is its own)


# The way of a call that has no plan yet.


def dispatch(op: Op, args: tuple[Any, ...]) -> Any:
    """Run a call whose plan is not where the op's function looks for it."""
    if op.unary is not None and all(value is None for value in args[1:]):
        return op.unary(args[0])
    if op.temporary_plans:
        known = temporary_plan(op, [args[position] for position, _, _ in op.tensor_parameters])
        if known is not None:
            try:
                return known(*args)
            except Exception as error:
                return recover(op, args, error)
    return dispatch_anew(op, args)


def dispatch_anew(op: Op, args: tuple[Any, ...]) -> Any:
    """Run a call whose plan is not known, or holds no longer: find the backend, settle dtypes, remember the plan."""
    slots = [args[position] for position, _, _ in op.tensor_parameters]
    if any(answers_ops(item) for slot in slots for item in _items(slot)):
        return _with_answers(op, slots)(*args)
    if any(stands_for_value(value) for value in slots):
        return _with_values(op, slots)(*args)
    try:
        call = Call(op, args)
    except KcoreError as error:
        raise error.at(op.name) if not error.where else error  # noqa: B904 (its cause is its own)
    if call.is_symbolic or inference.is_inferring():
        try:
            return inference.infer_symbolic(op, call)
        except Exception:
            again = _in_plain_numbers(op, args, ())
            if again is None:
                raise
            return again()
    try:
        backend = call.backend()
        run, is_reusable = make_plan(op, call, backend)
    except KcoreError as error:
        raise error.at(op.name, call.received()) if not error.where else error  # noqa: B904
    if is_reusable:
        remember(op, call, run)
    try:
        return run(*call.args)
    except Exception as error:
        return recover(op, args, error)


_PLAIN = frozenset({bool, int, float, complex, str, type(None)})


def create(op: Op, args: tuple[Any, ...]) -> Any:
    """Run an op that takes no tensors: on the current backend, or on that of a tensor among its sizes."""
    others: list[Any] = []
    for arg in args:
        if arg.__class__ is tuple or arg.__class__ is list:
            others += [leaf for leaf in arg if leaf.__class__ not in _PLAIN]
        elif arg.__class__ not in _PLAIN:
            others.append(arg)
    if inference.is_inferring() or any(isinstance(leaf, TensorSpec | Size) for leaf in others):
        return inference.infer_symbolic(op, Call(op, args))
    backend = backend_of(others) if others else current_backend()
    run = op.plans.get(backend)
    if run is None:
        kind, run = op.implementation(backend)
        run = on_current(backend, run) if kind == "definition" else run
        run = op.plans[backend] = checked_before(run, op, backend) if backend.raises_late else run
    try:
        return run(*args)
    except Exception as error:
        return recover(op, args, error)


def _with_values(op: Op, slots: list[Any]) -> Run:
    """Store a plan that calls the op again with the values of what stands for one, whatever they are by then."""
    positions = [
        position for (position, _, _), slot in zip(op.tensor_parameters, slots, strict=True) if stands_for_value(slot)
    ]
    run: Run = _taking_values(len(op.parameters), tuple(positions))(op.function)
    if not any(isinstance(slot, list | tuple) for slot in slots):
        store(op, slots, run)
    return run


@functools.cache
def _taking_values(count: int, positions: tuple[int, ...]) -> Callable[[Run], Run]:
    """Compile what wraps a function of `count` arguments to take the values of those at some positions."""
    names = ", ".join(f"a{i}" for i in range(count))
    values = ", ".join(f"a{i}.__kcore_value__()" if i in positions else f"a{i}" for i in range(count))
    return eval(f"lambda function: lambda {names}: function({values})")  # type: ignore[no-any-return]


def _with_answers(op: Op, slots: list[Any]) -> Run:
    """Store a plan that asks the objects in place of tensors, in their order, whether they run the op themselves.

    Where none does, what the op is short for runs, or the op itself on the tensors that they stand for.
    """
    positions = [position for position, _, _ in op.tensor_parameters]

    def run(*args: Any) -> Any:
        for position in positions:
            for item in _items(args[position]):
                if answers_ops(item):
                    result = item.__kcore_op__(op.function, args)
                    if result is not NotImplemented:
                        return result
        if op.in_parts and op.definition is not None:
            return op.definition(*args)
        values = [_values_of(arg) if position in positions else arg for position, arg in enumerate(args)]
        return op.function(*op.spread(values))

    if not any(isinstance(slot, list | tuple) for slot in slots):
        store(op, slots, run)
    return run


def _items(slot: Any) -> Any:
    return slot if isinstance(slot, list | tuple) else (slot,)


def _values_of(arg: Any) -> Any:
    return [unwrapped(item) for item in arg] if isinstance(arg, list | tuple) else unwrapped(arg)


# Faults.


def _in_plain_numbers(op: Op, args: tuple[Any, ...], tensor_types: tuple[type, ...]) -> Callable[[], Any] | None:
    """Return a call with numbers that every framework takes, if it had NumPy's for settings, or very large integers.

    Where arrays are tensors they stay: of a tensor some settings mean other things than of numbers.
    """
    has_arrays = np.ndarray not in tensor_types
    plain = [
        _as_numbers(arg, has_arrays) if kind == "static" else _as_float(op, arg)
        for arg, kind in zip(args, op.parameters.values(), strict=True)
    ]
    if all(number is arg for number, arg in zip(plain, args, strict=True)):
        return None
    return functools.partial(op.function, *op.spread(plain))


def _as_float(op: Op, number: Any) -> Any:
    """Return an integer beyond int64, which no integer dtype was too small for, as the float it is to be.

    Raises:
        RangeError: if it is beyond floats too, and the op does more than compare.
    """
    if number.__class__ is not int or abs(number) < 2**63:
        return number
    try:
        return float(number)
    except OverflowError:
        if not any(rule in COMPARING for _, rule in op.rules):
            check_fits(number, "float64")
        return math.inf if number > 0 else -math.inf


def _as_numbers(setting: Any, has_arrays: bool) -> Any:
    if isinstance(setting, np.generic) or (has_arrays and isinstance(setting, np.ndarray)):
        return setting.tolist() if setting.dtype.kind == "i" else setting
    if isinstance(setting, list | tuple):
        numbers = [_as_numbers(part, has_arrays) for part in setting]
        is_plain = all(number is part for number, part in zip(numbers, setting, strict=True))
        return setting if is_plain else tuple(numbers)
    return setting


def recover(op: Op, args: tuple[Any, ...], error: Exception) -> Any:
    """Raise the error a user can act on: run the body on specs to see what is wrong, keeping `error` as the cause.

    What can not be run for a symbolic tensor among the static arguments becomes a call of its graph.
    """
    call = Call(op, args)
    if any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(list(args))):
        return inference.infer_symbolic(op, call)  # a number of copies, say, that is a size of a graph
    try:
        again = _in_plain_numbers(op, args, call.backend().tensor_types)
    except KcoreError as found:
        raise found.at(op.name, call.received())  # noqa: B904 (its cause is its own)
    if again is not None:
        return again()
    cause = error.__cause__ if isinstance(error, KcoreError) else error
    try:
        backend = call.backend()
        inference.infer_call(op, call, backend)
    except KcoreError as found:
        found.where, found.received = [op.name], call.received()
        found.backend = backend.name
        raise shortened(found) from (cause and shortened(cause))
    except Exception:  # noqa: S110 (a function the user passed failed on specs: the first error says more)
        pass
    if isinstance(error, KcoreError):
        if not error.where:
            error.at(op.name, call.received())
        error.backend = backend.name
    elif has_unknown_size(call, backend):
        unknown = ShapeError(
            "a size is a tensor, whose value is not known while a function is compiled",
            fix="compute sizes with Python's operators, ops.shape(x)[0] * 2, rather than with ops",
        )
        unknown.backend = backend.name
        raise shortened(unknown.at(op.name, call.received())) from shortened(error)
    else:
        error.add_note(f"kcore: in {op.name} on backend {backend.name}; received: {'; '.join(call.received())}")
    raise shortened(error)
