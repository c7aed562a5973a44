"""`checkpoint`: a function that is computed again when gradients are taken, in place of remembering what is inside.

What a function reads and assigns beside its arguments, variables that is, is made explicit for the backend, as in any
other pure function: in a `StatelessScope` the values of variables are arguments, and what is assigned are results. Then
one definition serves frameworks that differentiate pure functions and those that record what is run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextvars import Context, ContextVar, copy_context
from typing import Any

from kcore_ops.backends.interface import Backend
from kcore_ops.engine.call import backend_of
from kcore_ops.engine.inference import is_inferring
from kcore_ops.foundation import tree
from kcore_ops.specs.spec import TensorSpec
from kcore_ops.state.stateless_scope import StatelessScope, current_scope
from kcore_ops.state.variable import Variable

__all__ = ["checkpoint"]

Function = Callable[..., Any]


def checkpoint(fun: Function, variables: Sequence[Variable] = ()) -> Function:
    """Return the function with its inner results forgotten, and computed again when gradients are taken.

    It trades time for memory: Chen et al. (2016), arXiv:1604.06174. Gradients reach the tensors among its arguments and
    the variables that it reads. What it assigns to variables, the states of seeds and moving averages, is assigned
    once, and a second run finds them as the first one did. On a backend without gradients it is the function itself.

    Args:
        fun: function of tensors, trees of them and settings, which returns a tensor or a tree. It is to do nothing but
            compute, and assign to variables.
        variables: sequence of variables that `fun` is known to read. In a `StatelessScope` any other one is found by
            running `fun` once more; none by default.

    >>> from kcore_ops import grad, use_backend
    >>> with use_backend("torch"):
    ...     grad(checkpoint(lambda x: x * x))(3.0)
    tensor(6.)
    """

    @functools.wraps(fun)
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        leaves = tree.flatten([args, kwargs])
        if is_inferring() or any(isinstance(leaf, TensorSpec) for leaf in leaves):
            return fun(*args, **kwargs)
        backend = backend_of([leaf for leaf in leaves if not isinstance(leaf, Variable)])
        if not backend.has("checkpoint"):
            return fun(*args, **kwargs)
        scope = current_scope()
        known = [] if scope is None else [(variable, scope.get_current_value(variable)) for variable in variables]
        read = [pair for pair in known if pair[1] is not None and not _is_as_before(*pair)]
        while True:
            call = _Call(backend, fun, [args, kwargs], leaves, [variable for variable, _ in read])
            results = backend.checkpoint(call)(*call.tensors, *(value for _, value in read))
            if not call.found:
                return call.finish(results)
            read += call.found  # as arguments, in another turn: the results of this one are dropped

    return recomputed


class _Call:
    """A call as a function of tensors alone: those among the arguments, then the values of variables.

    Attributes:
        tensors: the tensors among the arguments.
        found: variables that are no arguments, and that the function has read in the scope around, with their values.
    """

    def __init__(
        self, backend: Backend, fun: Function, given: Any, leaves: Sequence[Any], variables: Sequence[Variable]
    ) -> None:
        self.backend, self.fun, self.given, self.leaves, self.variables = backend, fun, given, leaves, variables
        self.spots = [i for i, leaf in enumerate(leaves) if isinstance(leaf, backend.tensor_types)]
        self.tensors = [leaves[i] for i in self.spots]
        self.found: list[tuple[Variable, Any]] = []
        self._before: list[tuple[Variable, Any]] = []
        self._first: tuple[Any, list[Variable]] = None, []
        self._context: Context | None = None

    def __call__(self, *tensors: Any) -> list[Any]:
        if self._context is not None:
            # Again, perhaps in a thread of the framework's: with what was around it at first.
            return self._context.copy().run(self._compute_again, tensors)
        self._context = copy_context()
        results, self._first, self.found = self._compute(tensors)
        return results

    def _compute_again(self, tensors: Sequence[Any]) -> list[Any]:
        before = {id(variable): value for variable, value in self._before}
        _before.set({**(_before.get() or {}), **before})  # in a copy of the context, which ends with this
        return self._compute(tensors)[0]

    def _compute(self, tensors: Sequence[Any]) -> tuple[list[Any], tuple[Any, list[Variable]], list[Any]]:
        """Return tensors: of the result, then what variables are assigned; the result and these variables; `found`."""
        leaves = list(self.leaves)
        for i, tensor in zip(self.spots, tensors, strict=False):
            leaves[i] = tensor
        args, kwargs = tree.pack_sequence_as(self.given, leaves)
        values = tensors[len(self.spots) :]
        with _Recording([*self._before, *zip(self.variables, values, strict=True)]) as scope:
            result = self.fun(*args, **kwargs)
        updates = scope.updates()
        tensors_of_result = [leaf for leaf in tree.flatten(result) if self._is_tensor(leaf)]
        returned = [*tensors_of_result, *(value for _, value in updates)]
        return returned, (result, [variable for variable, _ in updates]), scope.found

    def finish(self, tensors: Sequence[Any]) -> Any:
        """Return the result, and assign to the variables."""
        (result, assigned), self._first = self._first, (None, [])
        rest = iter(tensors)
        leaves = [next(rest) if self._is_tensor(leaf) else leaf for leaf in tree.flatten(result)]
        if "mutable_state" in self.backend.capabilities:
            copy, given = self.backend.ops["copy"], {id(variable) for variable in self.variables}
            self._before = [(v, copy(v._own_value())) for v in assigned if id(v) not in given]
        for variable, value in zip(assigned, rest, strict=True):
            variable.assign(value)
        return tree.pack_sequence_as(result, leaves)

    def _is_tensor(self, leaf: Any) -> bool:
        return isinstance(leaf, self.backend.tensor_types)


# What variables that are no arguments were before they were assigned to, by id: for a function that is computed again.
_before: ContextVar[dict[int, Any] | None] = ContextVar("kcore_before", default=None)


def _is_as_before(variable: Variable, value: Any) -> bool:
    """Return whether it is by being computed again that a variable has a value, rather than by a scope around."""
    before = _before.get()
    return before is not None and before.get(id(variable)) is value


class _Recording(StatelessScope):
    """A scope that notes which variables it was asked for and knew from the scope around it alone."""

    def __init__(self, pairs: Sequence[tuple[Variable, Any]]) -> None:
        super().__init__(pairs)
        self.found: list[tuple[Variable, Any]] = []

    def get_current_value(self, variable: Variable) -> Any:
        value = super().get_current_value(variable)
        if value is not None and id(variable) not in self._values and not _is_as_before(variable, value):
            self._values[id(variable)] = (variable, value)
            self.found.append((variable, value))
        return value
