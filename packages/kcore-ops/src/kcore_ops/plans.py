"""Plans: for the types and dtypes of the tensors of a call, the function that casts what has to be cast and computes.

`route` says where a plan is kept; the source that dispatch.py compiles looks there. One tensor: by its class, then its
dtype. Two of one class: by the class, then each dtype. A tensor and then a Python number: apart from the others, by the
number's class first. Anything else: by all classes and dtypes in one tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore_ops import config, dtypes, inference, tree
from kcore_ops.calls import HOST_NUMBERS, HOST_TYPES, Call
from kcore_ops.current import backend_in_block, current_backend, on, on_default_change
from kcore_ops.operation import Op, all_ops
from kcore_ops.plugin import Backend

__all__ = ["make_plan", "on_current", "remember", "store"]

Run = Callable[..., Any]


def route(op: Op, slots: Sequence[Any]) -> tuple[dict[Any, Any], list[Any]]:
    """Give the table and the keys, outermost first, under which the plan for these arguments is kept."""
    kinds = [(value.__class__, getattr(value, "dtype", None)) for value in slots]
    if len(kinds) == 1 and isinstance(slots[0], list | tuple):
        return op.plans, [tuple([(x.__class__, getattr(x, "dtype", None)) for x in slots[0]])]
    if len(kinds) == 1:
        return op.plans, list(kinds[0])
    if len(kinds) == 2 and kinds[0][0] is kinds[1][0]:
        return op.plans, [*kinds[0], kinds[1][1]]
    if len(kinds) == 2 and kinds[1][0] in (int, float):
        return op.number_plans, [kinds[1][0], *kinds[0]]
    return op.plans, [tuple([part for kind in kinds for part in kind])]


def store(op: Op, slots: Sequence[Any], run: Run) -> None:
    """Keep a plan where the next call of the kind will look for it."""
    table, keys = route(op, slots)
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = run


def _stored(op: Op, slots: Sequence[Any]) -> Run | None:
    table, keys = route(op, slots)
    for key in keys:
        found = table.get(key)
        if found is None:
            return None
        table = found
    return table  # type: ignore[return-value]


def remember(op: Op, call: Call, run: Run) -> None:
    """Keep the plan of a call."""
    if all(isinstance(value, HOST_TYPES) for value in call.values):
        # Arrays and numbers alone go to the backend that is current when the call is made.
        runs = getattr(_stored(op, call.original), "runs", {})
        run = _by_current_backend(op, {**runs, backend_in_block(): run}, len(call.args))
    store(op, call.original, run)


def _by_current_backend(op: Op, runs: dict[Backend | None, Run], count: int) -> Run:
    """Give the plan of a call with no tensors: the one made while the same backend was current.

    `runs` is by the backend of the innermost `use_backend` block. None is the default one; its change drops all plans.
    """
    from kcore_ops.dispatch import dispatch

    def of_one(x: Any) -> Any:
        try:
            run = runs[backend_in_block()]
        except KeyError:
            return dispatch(op, (x,))
        return run(x)

    def of_two(x: Any, y: Any) -> Any:
        try:
            run = runs[backend_in_block()]
        except KeyError:
            return dispatch(op, (x, y))
        return run(x, y)

    def of_many(*args: Any) -> Any:
        try:
            run = runs[backend_in_block()]
        except KeyError:
            return dispatch(op, args)
        return run(*args)

    plan: Any = {1: of_one, 2: of_two}.get(count, of_many)
    plan.runs = runs
    return plan  # type: ignore[no-any-return]


def forget_plans() -> None:
    """Drop every plan: a setting they were made with has changed."""
    for op in all_ops().values():
        op.forget_plans()


config.on_floatx_change.append(forget_plans)
config.on_draws_change.append(forget_plans)
on_default_change.append(forget_plans)


def make_plan(op: Op, call: Call, backend: Backend) -> tuple[Run, bool]:
    """Give the function that casts what has to be cast and computes, and whether it serves other calls too."""
    described = [dtype for dtype, _ in call.specs(backend)]
    targets = call.settle(described, backend)
    kind, function = op.implementation(backend)
    function = on_current(backend, function) if kind == "definition" else function
    wide = {} if kind == "definition" or op.name == "cast" else _widening(op, backend, targets)
    # Frameworks take the dtype of a number from a tensor that comes before it, not after.
    numbers_pass = (
        kind != "definition"
        and bool(call.values)
        and not isinstance(call.values[0], HOST_NUMBERS)
        and backend.takes_number(op.name, targets[0])
    )
    converts = [
        _conversion(backend, value, dtype, wide.get(target, target), numbers_pass)
        for value, dtype, target in zip(call.values, described, targets, strict=True)
    ]
    kinds = {op.parameters[name] for name in call.groups}
    if kinds <= {"tensor", "optional"}:
        is_reusable = not any(isinstance(value, list | tuple) for value in call.original)
        spots = {position: spots.start for position, spots in call.groups.values() if spots.start < spots.stop}
        steps = [(position, converts[spot]) for position, spot in spots.items() if converts[spot] is not None]
        run = _with_numbers_in_range(op, call, targets, with_conversions(function, steps))
    elif kinds == {"sequence"} and len(call.groups) == 1:
        is_reusable = all(
            value is given and hasattr(value, "dtype")
            for value, given in zip(call.values, call.original[0], strict=True)
        )
        run = _with_conversion_of_items(op, next(iter(call.groups.values()))[0], converts, function)
    else:
        is_reusable = False
        run = _with_conversion_of_trees(call, converts, function)
    if wide:
        run = _narrowing(run, op, backend, set(wide.values()))
    return run, is_reusable


def _widening(op: Op, backend: Backend, targets: list[str]) -> dict[str, str]:
    """Map dtypes the backend can not compute this op in to those it uses instead."""
    table = {**backend.widened.get("*", {}), **backend.widened.get(op.name, {})}
    return {target: table[target] for target in targets if table.get(target, target) != target}


def _conversion(backend: Backend, value: Any, dtype: str, target: str, number_passes: bool) -> Any:
    """Give the function that makes a value a tensor of dtype `target`, or None if it is one."""
    is_tensor = isinstance(value, backend.tensor_types)
    if not is_tensor and number_passes and isinstance(value, HOST_NUMBERS) and dtype != "bool":
        return None
    if is_tensor and dtype == target:
        return None
    if is_tensor:
        cast = backend.ops["cast"]
        return lambda x: cast(x, target)
    return lambda x: backend.to_tensor(x, target)


def with_conversions(function: Run, steps: list[tuple[int, Run]]) -> Run:
    """Convert some of the arguments, by position, before calling."""
    if not steps:
        return function
    if len(steps) == 1:
        ((position, convert),) = steps
        if position == 0:
            return lambda x, *rest: function(convert(x), *rest)
        if position == 1:
            return lambda x, y, *rest: function(x, convert(y), *rest)

    def run(*args: Any) -> Any:
        converted = list(args)
        for position, convert in steps:
            converted[position] = convert(converted[position])
        return function(*converted)

    return run


def _with_numbers_in_range(op: Op, call: Call, targets: list[str], run: Run) -> Run:
    """Look at the Python integers that are to become integers of a tensor's dtype, which may be too small for them."""
    for name, (position, spots) in call.groups.items():
        for value, target in zip(call.values[spots], targets[spots], strict=True):
            if value.__class__ is int and target in dtypes.INTEGERS:
                run = _with_number_in_range(op, position, target, call.compares(name), run)
    return run


def _with_number_in_range(op: Op, position: int, dtype: str, compares: bool, run: Run) -> Run:
    least, most = dtypes.limits(dtype)

    def beyond(*args: Any) -> Any:
        number = args[position]
        if not compares:
            dtypes.check_fits(number, dtype)
        # No number of an integer dtype is infinite, not even once it is a float.
        infinity = np.float32("-inf" if number < least else "inf")
        return op.function(*args[:position], infinity, *args[position + 1 :])

    def run_of_two(x: Any, y: Any) -> Any:
        return run(x, y) if least <= y <= most else beyond(x, y)

    def run_of_many(*args: Any) -> Any:
        return run(*args) if least <= args[position] <= most else beyond(*args)

    return run_of_two if position == 1 and len(op.parameters) == 2 else run_of_many


def _with_conversion_of_items(op: Op, position: int, converts: list[Any], function: Run) -> Run:
    """Convert the items of a list of tensors; `*operands` are passed one by one."""
    needs_conversion = any(convert is not None for convert in converts)
    is_starred = any(name.startswith("*") for name in op.parameters)
    if not needs_conversion and not is_starred:
        return function

    def run(*args: Any) -> Any:
        items = args[position]
        if needs_conversion:
            items = [x if convert is None else convert(x) for convert, x in zip(converts, items, strict=True)]
        before, after = args[:position], args[position + 1 :]
        return function(*before, *items) if is_starred else function(*before, items, *after)

    return run


def _with_conversion_of_trees(call: Call, converts: list[Any], function: Run) -> Run:
    """Convert the tensors of one call wherever they stand in its arguments."""

    def run(*_: Any) -> Any:
        values = [x if convert is None else convert(x) for convert, x in zip(converts, call.values, strict=True)]
        return function(*call.replaced(values))

    return run


def _narrowing(run: Run, op: Op, backend: Backend, wide_dtypes: set[str]) -> Run:
    """Cast results back to the dtypes the op's body gives them, where they were computed in a wider one."""
    cast = backend.ops["cast"]
    tensors = {position for position, _, _ in op.tensor_parameters}
    known: dict[str, list[Any]] = {}

    def dtypes_of_results(args: Sequence[Any]) -> list[Any]:
        statics = tuple(arg for position, arg in enumerate(args) if position not in tensors)
        is_plain = all(isinstance(leaf, (*HOST_NUMBERS, str, None.__class__)) for leaf in tree.flatten(list(statics)))
        key = repr(statics)  # lists among them have no hash
        found = known.get(key) if is_plain else None
        if found is None:
            found = [
                getattr(x, "dtype", None)
                for x in tree.flatten(inference.infer_call(op, Call(op, tuple(args)), backend))
            ]
            if is_plain:
                known[key] = found
        return found

    def run_and_narrow(*args: Any) -> Any:
        result = run(*args)
        leaves = tree.flatten(result)
        wide = [isinstance(x, backend.tensor_types) and backend.dtype(x) in wide_dtypes for x in leaves]
        if not any(wide):
            return result
        targets = dtypes_of_results(args)
        cast_back = [cast(x, t) if is_wide else x for x, t, is_wide in zip(leaves, targets, wide, strict=True)]
        return tree.pack_sequence_as(result, cast_back)

    return run_and_narrow


def on_current(backend: Backend, definition: Run) -> Run:
    """Make a backend current while a definition runs: what it creates is to be that backend's."""

    def run(*args: Any) -> Any:
        if current_backend() is backend:
            return definition(*args)
        with on(backend):
            return definition(*args)

    return run
