"""`@op` and `@primitive`, which make ops of functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from kcore_ops.dtypes import promotion
from kcore_ops.engine.dispatch import public_function
from kcore_ops.engine.op import TENSOR_KINDS, Op, OpFunction, register

__all__ = ["op", "primitive"]

P = ParamSpec("P")
R = TypeVar("R")

_KINDS = {
    "Tensor": "tensor",
    "Tensor | None": "optional",
    "Sequence[Tensor]": "sequence",
    "Tree": "tree",
    "Axis": "axis",
    "Shape": "shape",
    "DType": "dtype",
    "FloatDType": "float_dtype",
    "Number": "number",
    "Number | None": "number",
}


@overload
def op(function: Callable[P, R], /) -> OpFunction[P, R]: ...
@overload
def op(
    *, dtypes: promotion.Rule | Mapping[str, promotion.Rule] = ..., name: str | None = ..., in_parts: bool = ...
) -> Callable[[Callable[P, R]], OpFunction[P, R]]: ...
def op(
    function: Any = None, /, *, dtypes: Any = promotion.keep, name: str | None = None, in_parts: bool = False
) -> Any:
    """Make a derived op: its body is its definition, in terms of other ops.

    Parameters annotated `Tensor`, `Tensor | None` or `Sequence[Tensor]` take tensors; the others are static.

    Args:
        function: function, the op's body; None, as in `@op(...)`, for a decorator that takes it.
        dtypes: rule, of `kcore_ops.dtypes.promotion`, for the dtypes of all tensor parameters, or map from names
            (`"x1 x2"`) to rules; `keep`, which leaves them.
        name: str or None, the op's name, None for the function's, after the name of its package if that is not
            kcore_ops; None.
        in_parts: bool, whether it is a shorthand: an object in place of a tensor that does not run the op is asked to
            run what the definition calls, before its tensor is; False.

    >>> from kcore_ops import exp, sum
    >>> @op(dtypes=promotion.floating)
    ... def sum_of_exp(x: Tensor, axis: Axis = None) -> Tensor:
    ...     return sum(exp(x), axis=axis)
    >>> sum_of_exp([0, 0, 0]).item()
    3.0
    """
    return _decorator(function, dtypes, name, derived=True, in_parts=in_parts)


@overload
def primitive(function: Callable[P, R], /) -> OpFunction[P, R]: ...
@overload
def primitive(
    *, dtypes: promotion.Rule | Mapping[str, promotion.Rule] = ..., name: str | None = ...
) -> Callable[[Callable[P, R]], OpFunction[P, R]]: ...
def primitive(function: Any = None, /, *, dtypes: Any = promotion.keep, name: str | None = None) -> Any:
    """Make a primitive: its body, given specs, gives the spec of the result; backends give its value.

    Args:
        function: function, its body; None for a decorator, as for `op`.
        dtypes: rule, or map from names to rules, as for `op`; `keep`.
        name: str or None, as for `op`; None.
    """
    return _decorator(function, dtypes, name, derived=False)


def _decorator(function: Any, dtypes: Any, name: str | None, derived: bool, in_parts: bool = False) -> Any:
    def decorate(body: Callable[..., Any]) -> Any:
        package = body.__module__.partition(".")[0]
        full_name = name or (body.__name__ if package == "kcore_ops" else f"{package}.{body.__name__}")
        parameters = _parameters(body)
        rules = _rules(parameters, dtypes)
        new = Op(full_name, body, body if derived else None, parameters, rules, in_parts=in_parts)
        register(new)
        return public_function(new)

    return decorate if function is None else decorate(function)


def _parameters(body: Callable[..., Any]) -> dict[str, str]:
    code = body.__code__
    parameters = {}
    for name in code.co_varnames[: code.co_argcount]:
        annotation = body.__annotations__.get(name, "")
        if not isinstance(annotation, str):
            annotation = re.sub(r"[\w.]+\.", "", getattr(annotation, "__name__", "") or str(annotation))
        parameters[name] = _KINDS.get(annotation, "static")
    if code.co_flags & 0x04:  # *operands
        parameters["*" + code.co_varnames[code.co_argcount + code.co_kwonlyargcount]] = "sequence"
    return parameters


def _rules(parameters: dict[str, str], dtypes: Any) -> tuple[tuple[tuple[str, ...], promotion.Rule], ...]:
    tensors = [name for name, kind in parameters.items() if kind in TENSOR_KINDS]
    if not isinstance(dtypes, Mapping):
        dtypes = {} if dtypes is promotion.keep else {" ".join(tensors): dtypes}
    groups = [(tuple(names.split()), rule) for names, rule in dtypes.items()]
    return tuple(groups)
