"""Plans: for the types and dtypes of the tensors of a call, the function that casts what has to be cast and computes.

`route` says where a plan is kept; the source that dispatch.py compiles looks there. One tensor: by its class, then its
dtype. Several of one class: by the class, then each dtype. A tensor and then a Python number: apart from the others, by
the number's class first. A list of tensors that are alike: as one of them; of others, by the set of their classes and
dtypes, so that its length makes no difference. Anything else: by all classes and dtypes in one tuple.

So there is one plan for each combination of classes and dtypes, and no more, whatever else calls differ in. A class
that may go (one made in a function, or in a notebook) is not held: its plans are kept for as long as it is there.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.backends.current import backend_in_block, current_backend, on, on_default_change
from kcore_ops.backends.interface import Backend
from kcore_ops.engine import inference
from kcore_ops.engine.call import HOST_NUMBERS, HOST_TYPES, Call, backend_of
from kcore_ops.engine.op import Op, all_ops, op_of
from kcore_ops.foundation import settings, tree

__all__ = [
    "checked_before",
    "defined",
    "make_plan",
    "on_current",
    "temporary_plan",
    "remember",
    "is_permanent",
    "store",
]

Run = Callable[..., Any]
# A conversion of one argument: its position, the function, and the position of a tensor beside which the result is to
# lie, given as the function's second argument; None if it lies where it is.
Step = tuple[int, Run, int | None]

# Python's flag of classes that a class statement makes; others, as that of None, are part of Python or of a library.
_IS_MADE = 1 << 9

# Number of static arguments for which an op that computes in a wider dtype remembers the dtypes of its results.
_MAX_KNOWN = 64


def _kinds(slots: Sequence[Any]) -> list[tuple[type, Any]]:
    return [(value.__class__, getattr(value, "dtype", None)) for value in slots]


def route(op: Op, slots: Sequence[Any]) -> tuple[dict[Any, Any], list[Any]]:
    """Return the table and the keys, outermost first, under which the plan for these arguments is kept."""
    kinds = _kinds(slots)
    if len(kinds) == 1 and isinstance(slots[0], list | tuple):
        alike = frozenset(_kinds(slots[0]))
        return op.plans, list(next(iter(alike))) if len(alike) == 1 else [alike]
    if len(kinds) == 1:
        return op.plans, list(kinds[0])
    if len(kinds) > 1 and all(kind is kinds[0][0] for kind, _ in kinds):
        return op.plans, [kinds[0][0], *[dtype for _, dtype in kinds]]
    if len(kinds) == 2 and kinds[1][0] in (int, float):
        return op.number_plans, [kinds[1][0], *kinds[0]]
    return op.plans, [tuple([part for kind in kinds for part in kind])]


def store(op: Op, slots: Sequence[Any], run: Run) -> None:
    """Keep a plan where the next call of the kind will look for it."""
    key = _temporary_key(slots)
    if key is not None:
        op.temporary_plans.setdefault(key[0], {})[key[1]] = run
        return
    table, keys = route(op, slots)
    for one in keys[:-1]:
        table = table.setdefault(one, {})
    table[keys[-1]] = run


def _stored(op: Op, slots: Sequence[Any]) -> Run | None:
    if _temporary_key(slots) is not None:
        return temporary_plan(op, slots)
    table, keys = route(op, slots)
    for key in keys:
        found = table.get(key)
        if found is None:
            return None
        table = found
    return table  # type: ignore[return-value]


def temporary_plan(op: Op, slots: Sequence[Any]) -> Run | None:
    """Return the plan for arguments some of whose classes may go, if there is one."""
    key = _temporary_key(slots)
    return None if key is None else op.temporary_plans.get(key[0], {}).get(key[1])


def _temporary_key(slots: Sequence[Any]) -> tuple[type, Any] | None:
    """Return the first class among the arguments that may go, and a key that holds none; None if all stay."""
    classes = _flat_kinds(slots)
    going = next((cls for cls, _ in classes if not is_permanent(cls)), None)
    if going is None:
        return None
    return going, tuple([(weakref.ref(cls), dtype) for cls, dtype in classes])


def _flat_kinds(slots: Sequence[Any]) -> list[tuple[type, Any]]:
    if len(slots) == 1 and isinstance(slots[0], list | tuple):
        return list(dict.fromkeys(_kinds(slots[0])))
    return _kinds(slots)


def is_permanent(cls: type) -> bool:
    """Return whether a class lives as long as the module that it is found in, by its name, or as Python does."""
    if not cls.__flags__ & _IS_MADE:
        return True
    found: Any = sys.modules.get(cls.__module__)
    if cls.__module__ == "__main__":
        return False
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is cls


def remember(op: Op, call: Call, run: Run) -> None:
    """Keep the plan of a call."""
    if all(isinstance(value, HOST_TYPES) for value in call.values):
        # Arrays and numbers alone go to the backend that is current when the call is made.
        runs = getattr(_stored(op, call.original), "runs", {})
        run = _by_current_backend(op, {**runs, backend_in_block(): run}, len(call.args))
    store(op, call.original, run)


def _by_current_backend(op: Op, runs: dict[Backend | None, Run], count: int) -> Run:
    """Return the plan of a call with no tensors: the one made while the same backend was current.

    `runs` is by the backend of the innermost `use_backend` block. None is the default one; its change drops all plans.
    """
    from kcore_ops.engine.dispatch import dispatch_anew

    def of_one(x: Any) -> Any:
        try:
            run = runs[backend_in_block()]
        except KeyError:
            return dispatch_anew(op, (x,))
        return run(x)

    def of_two(x: Any, y: Any) -> Any:
        try:
            run = runs[backend_in_block()]
        except KeyError:
            return dispatch_anew(op, (x, y))
        return run(x, y)

    def of_many(*args: Any) -> Any:
        try:
            run = runs[backend_in_block()]
        except KeyError:
            return dispatch_anew(op, args)
        return run(*args)

    plan: Any = {1: of_one, 2: of_two}.get(count, of_many)
    plan.runs = runs
    return plan  # type: ignore[no-any-return]


def forget_plans() -> None:
    """Drop every plan: a setting they were made with has changed."""
    for op in all_ops().values():
        op.forget_plans()


settings.on_floatx_change.append(forget_plans)
settings.on_draws_change.append(forget_plans)
on_default_change.append(forget_plans)


def make_plan(op: Op, call: Call, backend: Backend) -> tuple[Run, bool]:
    """Return the function that casts what has to be cast and computes, and whether it serves other calls too."""
    described = [dtype for dtype, _ in call.specs(backend)]
    targets = call.target_dtypes(described, backend)
    kind, function = op.implementation(backend)
    is_definition = kind == "definition"
    if kind == "native" and op.name in backend.of_int8 and set(described) == {"int8"}:
        function, targets = backend.of_int8[op.name], described
    wide = {} if is_definition or op.name == "cast" else _widening(op, backend, targets)
    # Frameworks take the dtype of a number from a tensor that comes before it, not after.
    numbers_pass = (
        not is_definition
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
        # What had to be made an array would have to be made one again.
        is_reusable = all(
            call.args[position] is given
            for (position, _), given in zip(call.groups.values(), call.original, strict=True)
        )
        spots = {position: spots.start for position, spots in call.groups.values() if spots.start < spots.stop}
        like = next((position for position, spot in spots.items() if _is_tensor(backend, call.values[spot])), None)
        steps = [
            (position, convert, None if _is_tensor(backend, call.values[spot]) else like)
            for position, spot in spots.items()
            if (convert := converts[spot]) is not None
        ]
        function = on_current(backend, function, like) if is_definition else function
        run = _with_numbers_in_range(op, call, targets, with_conversions(function, steps))
    elif kinds == {"sequence"} and len(call.groups) == 1:
        is_reusable = all(
            value is given and hasattr(value, "dtype")
            for value, given in zip(call.values, call.original[0], strict=True)
        )
        position = next(iter(call.groups.values()))[0]
        is_starred = any(name.startswith("*") for name in op.parameters)
        if is_definition:
            function = on_current(backend, function, position if call.values else None, is_list=not is_starred)
        run = _with_conversion_of_items(backend, position, call.values, converts, function, is_starred)
    else:
        is_reusable = False
        run = _with_conversion_of_trees(backend, call, converts, function, is_definition)
    if backend.raises_late:
        run = checked_before(run, op, backend)
    if wide:
        run = _narrowing(run, op, backend, set(wide.values()))
    if is_reusable and type(backend).canonical_dtype is not Backend.canonical_dtype:
        wanted = call.target_dtypes(described, None)
        if any(_is_of_64_bits(dtype) for dtype in wanted):
            run = _while_canonical(run, op, backend, wanted, targets)
    return run, is_reusable


def checked_before(run: Run, op: Op, backend: Backend) -> Run:
    """Hold the arguments of each call to the op's specs, where the framework objects once a value is asked for."""

    def run_if_right(*args: Any) -> Any:
        inference.infer_call(op, Call(op, args), backend)
        return run(*args)

    return run_if_right


def _is_tensor(backend: Backend, value: Any) -> bool:
    return isinstance(value, backend.tensor_types)


def _is_of_64_bits(dtype: str) -> bool:
    return dtype.endswith("64") and dtype != "complex64" or dtype == "complex128"


def _while_canonical(run: Run, op: Op, backend: Backend, wanted: list[str], targets: list[str]) -> Run:
    """Make another plan once the framework has been set to have, or to lack, the dtypes wanted."""
    from kcore_ops.engine.dispatch import dispatch_anew

    def run_if_canonical(*args: Any) -> Any:
        if [backend.canonical_dtype(dtype) for dtype in wanted] == targets:
            return run(*args)
        return dispatch_anew(op, args)

    return run_if_canonical


def _widening(op: Op, backend: Backend, targets: list[str]) -> dict[str, str]:
    """Map dtypes the backend can not compute this op in to those it uses instead."""
    table = {**backend.widened.get("*", {}), **backend.widened.get(op.name, {})}
    return {target: table[target] for target in targets if table.get(target, target) != target}


def _conversion(backend: Backend, value: Any, dtype: str, target: str, number_passes: bool) -> Any:
    """Return the function that makes a value a tensor of dtype `target`, or None if it is one.

    One for what is no tensor yet takes a tensor beside it, or None, as its second argument.
    """
    is_tensor = _is_tensor(backend, value)
    if not is_tensor and number_passes and isinstance(value, HOST_NUMBERS) and dtype != "bool":
        return None
    if is_tensor and isinstance(value, np.ndarray) and (type(value) is not np.ndarray or not value.dtype.isnative):
        return lambda x, like=None: backend.to_tensor(x, target)  # as a plain array
    if is_tensor and dtype == target:
        return None
    if is_tensor:
        cast = backend.ops["cast"]
        return lambda x, like=None: cast(x, target)
    if backend.follows_tensors:
        return lambda x, like=None: backend.to_tensor(x, target, like)
    return lambda x, like=None: backend.to_tensor(x, target)


def with_conversions(function: Run, steps: Sequence[Step]) -> Run:
    """Convert some of the arguments before calling."""
    if not steps:
        return function
    if len(steps) == 1:
        ((position, convert, like),) = steps
        if (position, like) == (0, None):
            return lambda x, *rest: function(convert(x), *rest)
        if (position, like) == (1, None):
            return lambda x, y, *rest: function(x, convert(y), *rest)
        if (position, like) == (0, 1):
            return lambda x, y, *rest: function(convert(x, y), y, *rest)
        if (position, like) == (1, 0):
            return lambda x, y, *rest: function(x, convert(y, x), *rest)

    def run(*args: Any) -> Any:
        converted = list(args)
        for position, convert, like in steps:
            converted[position] = convert(args[position]) if like is None else convert(args[position], args[like])
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


def _with_conversion_of_items(
    backend: Backend, position: int, values: Sequence[Any], converts: list[Any], function: Run, is_starred: bool
) -> Run:
    """Convert the items of a list of tensors, each by its class and dtype; `*operands` are passed one by one."""
    if all(convert is None for convert in converts) and not is_starred:
        return function
    by_kind = dict(zip(_kinds(values), converts, strict=True))

    def converted(items: Sequence[Any]) -> Iterator[Any]:
        like = next((x for x in items if _is_tensor(backend, x)), None)
        for x in items:
            convert = by_kind[x.__class__, getattr(x, "dtype", None)]
            yield x if convert is None else convert(x, like)

    needs_conversion = any(convert is not None for convert in converts)

    def run(*args: Any) -> Any:
        items = args[position]
        if needs_conversion:
            items = list(converted(items))
        before, after = args[:position], args[position + 1 :]
        return function(*before, *items) if is_starred else function(*before, items, *after)

    return run


def _with_conversion_of_trees(
    backend: Backend, call: Call, converts: list[Any], function: Run, is_definition: bool
) -> Run:
    """Convert the tensors of one call wherever they stand in its arguments; a definition runs in their place."""
    like = next((x for x in call.values if not isinstance(x, HOST_TYPES)), None)
    if is_definition:
        definition = on_current(backend, lambda _, *args: function(*args), None if like is None else 0)

    def run(*_: Any) -> Any:
        values = [x if convert is None else convert(x, like) for convert, x in zip(converts, call.values, strict=True)]
        args = call.replaced(values)
        return definition(like, *args) if is_definition else function(*args)

    return run


def _narrowing(run: Run, op: Op, backend: Backend, wide_dtypes: set[str]) -> Run:
    """Cast results back to the dtypes the op's body gives them, where they were computed in a wider one."""
    cast = backend.ops["cast"]
    tensors = {position for position, _, _ in op.tensor_parameters}
    known: dict[str, list[Any]] = {}

    def dtypes_of_results(args: Sequence[Any]) -> list[Any]:
        statics = tuple(arg for position, arg in enumerate(args) if position not in tensors)
        is_plain = all(isinstance(leaf, (*HOST_NUMBERS, str, None.__class__)) for leaf in tree.flatten(list(statics)))
        # One plan serves lists in every order, and results may follow it. Lists among the statics have no hash.
        lists = [args[position] for position in tensors if isinstance(args[position], list | tuple)]
        key = repr((statics, [[str(getattr(x, "dtype", None)) for x in items] for items in lists]))
        found = known.get(key) if is_plain else None
        if found is None:
            found = [
                getattr(x, "dtype", None)
                for x in tree.flatten(inference.infer_call(op, Call(op, tuple(args)), backend))
            ]
            if is_plain:
                if len(known) >= _MAX_KNOWN:
                    known.clear()
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


def on_current(backend: Backend, definition: Run, first: int | None = None, is_list: bool = False) -> Run:
    """Make a backend and a place current while a definition runs: what it creates is to be that backend's, and there.

    The place is that of one argument, the tensor at position `first`, or the first of a list of them.
    """
    elsewhere = backend.elsewhere

    def run(*args: Any) -> Any:
        if current_backend() is backend:
            return definition(*args)
        with on(backend):
            return definition(*args)

    def run_there(*args: Any) -> Any:
        place = elsewhere(args[first])  # type: ignore[index]
        return run(*args) if place is None else _run_in(backend, place, definition, args)

    def run_there_by_list(*args: Any) -> Any:
        place = elsewhere(args[first][0])  # type: ignore[index]
        return run(*args) if place is None else _run_in(backend, place, definition, args)

    if first is None or not backend.follows_tensors:
        return run
    return run_there_by_list if is_list else run_there


def defined(function: Any) -> Run:
    """Return the definition of an op, for a backend's table that leaves some calls to it.

    It runs on the backend, and in the place, of its first tensor, whatever is current.

    >>> import numpy as np
    >>> from kcore_ops import softmax
    >>> defined(softmax)(np.zeros(2, "float32"), -1)
    array([0.5, 0.5], dtype=float32)
    """
    op = op_of(function)
    definition = op.definition
    assert definition is not None, f"{op.name} has no definition"
    first = op.tensor_parameters[0][0]

    def run(*args: Any) -> Any:
        backend = backend_of([args[first]])
        place = backend.elsewhere(args[first])
        if place is None and current_backend() is backend:
            return definition(*args)
        return _run_in(backend, place, definition, args)

    return run


def _run_in(backend: Backend, place: Any, definition: Run, args: Sequence[Any]) -> Any:
    with on(backend), nullcontext() if place is None else backend.place_scope(place):
        return definition(*args)
