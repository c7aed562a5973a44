"""Running code that reads and assigns variables as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

from kcore_ops.errors import ArgumentError

if TYPE_CHECKING:
    from kcore_ops.variable import Variable

__all__ = ["StatelessScope", "in_stateless_scope"]

_scope: ContextVar[StatelessScope | None] = ContextVar("kcore_stateless_scope", default=None)


class StatelessScope:
    """Inside the `with` block variables have the values given here, and assignments are kept here.

    Args:
        state_mapping: pairs of a variable and the value it has inside.
        collect_losses: whether `add_loss` calls of layers are kept in `losses`.
        initialize_variables: kept for Keras's signature; variables made inside have their values at once.

    Raises:
        ArgumentError: if a key is not a variable, or a value does not have its variable's shape.

    >>> from kcore_ops import Variable
    >>> v = Variable(1.0)
    >>> with StatelessScope([(v, 5.0)]) as scope:
    ...     v.assign_add(1.0)
    ...     inside = v.numpy().item()
    >>> inside, v.numpy().item(), float(scope.get_current_value(v))
    (6.0, 1.0, 6.0)
    """

    def __init__(
        self,
        state_mapping: Sequence[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        from kcore_ops.variable import Variable

        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self._values: dict[int, tuple[Variable, Any]] = {}
        self._tokens: list[Token[Any]] = []
        for variable, value in state_mapping or ():
            if not isinstance(variable, Variable):
                raise ArgumentError(
                    f"state_mapping has a key that is a {type(variable).__name__}", fix="pairs are (Variable, value)"
                )
            self._values[id(variable)] = (variable, variable.checked(value))

    def add_loss(self, loss: Any) -> None:
        """Keep a loss that a layer added."""
        self.losses.append(loss)

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Keep the new value of a variable."""
        variable, value = update
        self._values[id(variable)] = (variable, value)

    def get_current_value(self, variable: Variable) -> Any:
        """Give the value a variable has in this scope, or None if the scope does not know it."""
        found = self._values.get(id(variable))
        return None if found is None else found[1]

    def __enter__(self) -> StatelessScope:
        self._tokens.append(_scope.set(self))
        return self

    def __exit__(self, *error: Any) -> None:
        _scope.reset(self._tokens.pop())


def current_scope() -> StatelessScope | None:
    """Give the innermost scope of this thread or task."""
    return _scope.get()


def in_stateless_scope() -> bool:
    """Say whether code runs inside a `StatelessScope`.

    >>> in_stateless_scope()
    False
    """
    return _scope.get() is not None
