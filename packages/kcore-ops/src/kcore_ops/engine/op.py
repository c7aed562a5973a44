"""What an op is: one function, its dtype rule, and who implements it. `define.py` makes them.

A primitive's body says what shape and dtype come out; its value comes from the backend. A derived op's body is its
definition in terms of other ops, which a backend may override. Either body, run on specs, infers the result.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeAlias, TypeVar

from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import promotion
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ArgumentError, MissingOp

__all__ = ["Op", "OpFunction", "Tensor", "all_ops", "op_of", "register"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

# The annotations that mean something to the dispatcher. For type checkers they are Any: a tensor is whatever a backend
# calls one.
if TYPE_CHECKING:
    Tensor: TypeAlias = Any
    Tree: TypeAlias = Any
    Axis: TypeAlias = Any
    Shape: TypeAlias = Any
    DType: TypeAlias = Any
    FloatDType: TypeAlias = Any
    Number: TypeAlias = Any
else:

    class Tensor:
        """A tensor of any backend, or what can become one: an array, a number, a list."""

    class Tree:
        """Nested lists, tuples and dicts of tensors."""

    class Axis:
        """An axis, several, or None; backends get an integer, a tuple or None."""

    class Shape:
        """A size or several; backends get a tuple."""

    class DType:
        """Whatever `standardize_dtype` takes; backends get a name, or None if it may be left out."""

    class FloatDType:
        """A dtype, where None means `config.floatx()`."""

    class Number:
        """A Python number that becomes an element of the result; an integer that the dtype can not hold is refused."""


TENSOR_KINDS = ("tensor", "optional", "sequence", "tree")


@dataclasses.dataclass(eq=False)
class Op:
    """One op: its body, and what is known of its parameters.

    Attributes:
        name: the name backends know it by; third parties' ops carry their package's name before a dot.
        body: what runs on specs: the shape rule of a primitive, the definition of a derived op.
        definition: what runs where a backend has no function of its own, or None.
        parameters: each parameter's name and kind, in order; `*operands` comes last, named with its star.
        rules: the dtype rule of each group of tensor parameters.
        overrides: functions by backend name, which come before the backend's own.
        unary: what a call with nothing but its first argument stands for, if that is another function.
        in_parts: whether objects in place of tensors that do not run it are asked for what its definition calls.
        function: what users call.
        dispatcher: the function that looks up plans: `function` itself, or what that wraps.
        plans: ready-made calls by the types and dtypes of the arguments; see plans.py.
        number_plans: the same for a tensor followed by a Python number.
        temporary_plans: the same for classes that may go, which no plan is to hold.
    """

    name: str
    body: Callable[..., Any]
    definition: Callable[..., Any] | None
    parameters: dict[str, str]
    rules: tuple[tuple[tuple[str, ...], promotion.Rule], ...]
    overrides: dict[str, Callable[..., Any] | str] = dataclasses.field(default_factory=dict)
    unary: Callable[[Any], Any] | None = None
    in_parts: bool = False
    function: Any = None
    dispatcher: Any = None
    plans: dict[Any, Any] = dataclasses.field(default_factory=dict)
    number_plans: dict[Any, Any] = dataclasses.field(default_factory=dict)
    temporary_plans: weakref.WeakKeyDictionary[type, dict[Any, Any]] = dataclasses.field(
        default_factory=weakref.WeakKeyDictionary
    )

    @functools.cached_property
    def tensor_parameters(self) -> list[tuple[int, str, str]]:
        """Position, name and kind of each parameter that takes tensors."""
        return [(i, name, kind) for i, (name, kind) in enumerate(self.parameters.items()) if kind in TENSOR_KINDS]

    @property
    def is_draw(self) -> bool:
        """Whether it draws random numbers, which `config.set_identical_draws` is about."""
        return self.name.startswith("random_")

    def __reduce__(self) -> Any:
        return op_of, (self.name,)

    def spread(self, args: Sequence[Any]) -> list[Any]:
        """Return arguments, one for each parameter, as its function takes them: those of `*operands` one by one."""
        return [*args[:-1], *args[-1]] if list(self.parameters)[-1].startswith("*") else list(args)

    def forget_plans(self) -> None:
        """Drop the ready-made calls: who implements the op has changed."""
        self.plans.clear()
        self.number_plans.clear()
        self.temporary_plans.clear()

    def implementation(self, backend: Backend) -> tuple[str, Callable[..., Any]]:
        """Return who runs the op on a backend, "override", "native" or "definition", and the function.

        Raises:
            MissingOp: if there is none.
        """
        if self.is_draw and self.definition is not None and settings.has_identical_draws():
            return "definition", self.definition
        override = self.overrides.get(backend.name)
        if override is not None:
            if isinstance(override, str):  # "module:function", imported only now
                module, _, attribute = override.partition(":")
                override = self.overrides[backend.name] = getattr(importlib.import_module(module), attribute)
            return "override", override
        if self.name in backend.ops:
            return "native", backend.ops[self.name]
        if self.definition is not None:
            return "definition", self.definition
        problem = f"backend {backend.name!r} has no {self.name}, which is a primitive and has no definition"
        if "." in self.name:  # somebody else's
            fix = f"give it a function by its method override({backend.name!r}, ...), or a definition by define(...)"
        else:
            fix = (
                f"add {self.name!r} to the backend's table; "
                f"python -m kcore_ops.conformance {backend.name} lists what is missing"
            )
        raise MissingOp(problem, fix=fix)


class OpFunction(Protocol, Generic[P, R_co]):
    """A function that is an op."""

    __name__: str
    op: Op

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the op."""

    def override(self, backend: str, function: Callable[..., Any] | str | None = None) -> Any:
        """Implement the op on one backend: a decorator, or given the function or its `"module:name"`."""

    def define(self, function: Callable[P, Any]) -> Callable[P, Any]:
        """Return a primitive a definition, for backends without a function of their own."""


_ops: dict[str, Op] = {}


def all_ops() -> Mapping[str, Op]:
    """Return every op by name; those of third parties once their packages are imported."""
    return _ops


def op_of(function: Any) -> Op:
    """Return the op behind a function such as `kcore_ops.add`, or an op by its name.

    >>> from kcore_ops import add
    >>> op_of(add).name
    'add'
    """
    found = _ops.get(function) if isinstance(function, str) else getattr(function, "op", None)
    if not isinstance(found, Op):
        raise ArgumentError(f"{function!r} is not an op", fix="pass a function made by @op or @primitive")
    return found


def register(new: Op) -> None:
    """Make an op known by its name.

    Raises:
        ArgumentError: if another package has one of that name.
    """
    old = _ops.get(new.name)
    # A notebook cell may be run again; two packages may not share a name.
    if old is not None and (old.body.__module__, old.body.__qualname__) != (new.body.__module__, new.body.__qualname__):
        raise ArgumentError(
            f"two ops named {new.name!r}: in {old.body.__module__} and in {new.body.__module__}", fix="pass name="
        )
    _ops[new.name] = new
