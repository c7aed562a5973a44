"""Running code that reads and assigns variables as a pure function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Self

from kcore_ops.foundation.errors import ArgumentError

if TYPE_CHECKING:
    from kcore_ops.state.variable import Variable

__all__ = ["StatelessScope", "in_stateless_scope"]

_scope: ContextVar[StatelessScope | None] = ContextVar("kcore_stateless_scope", default=None)
current_scope = _scope.get  # the innermost scope of this thread or task, or None


class StatelessScope:
    """Inside the `with` block variables have the values given here, and assignments are kept here.

    In a scope inside another one, a variable that neither was given a value for has the outer one's.

    Args:
        state_mapping: pairs of a variable and the value it has inside.
        collect_losses: kept for Keras's signature; what layers add inside is kept in the scope, and nowhere else.
        initialize_variables: kept for Keras's signature; variables made inside have their values at once.

    Raises:
        ArgumentError: if a key is not a variable, or a value does not have its variable's shape.

    >>> from kcore_ops import Variable
    >>> v = Variable(1.0)
    >>> with StatelessScope([(v, 5.0)]) as scope:
    ...     _ = v.assign_add(1.0)
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
        from kcore_ops.state.variable import Variable

        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self._losses: list[tuple[Any, Any]] = []
        self._values: dict[int, tuple[Variable, Any]] = {}
        self._assigned: dict[int, Variable] = {}
        self._tokens: list[Token[Any]] = []
        self._outer: StatelessScope | None = None
        for variable, value in state_mapping or ():
            if not isinstance(variable, Variable):
                raise ArgumentError(
                    f"state_mapping has a key that is a {type(variable).__name__}", fix="pairs are (Variable, value)"
                )
            self._values[id(variable)] = (variable, variable.checked(value))

    @property
    def losses(self) -> list[Any]:
        """The losses that were added inside."""
        return [loss for _, loss in self._losses]

    def add_loss(self, loss: Any, owner: Any = None) -> None:
        """Keep a loss, and the object that added it."""
        self._losses.append((owner, loss))

    def added(self) -> list[tuple[Any, Any]]:
        """Return the losses that were added inside, each after the object that added it."""
        return list(self._losses)

    def losses_of(self, owners: Sequence[Any]) -> list[Any]:
        """Return the losses that some objects have added."""
        ids = {id(owner) for owner in owners}
        return [loss for owner, loss in self._losses if id(owner) in ids]

    def drop_losses(self, owners: Sequence[Any]) -> None:
        """Forget the losses that some objects have added."""
        ids = {id(owner) for owner in owners}
        self._losses = [(owner, loss) for owner, loss in self._losses if id(owner) not in ids]

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Keep the new value of a variable."""
        variable, value = update
        self._values[id(variable)] = (variable, value)
        self._assigned[id(variable)] = variable

    def updates(self) -> list[tuple[Variable, Any]]:
        """Return the variables that were assigned to in this scope, each with its value now."""
        return [(variable, self._values[key][1]) for key, variable in self._assigned.items()]

    def get_current_value(self, variable: Variable) -> Any:
        """Return the value a variable has in this scope, or None if the scope does not know it."""
        found = self._values.get(id(variable))
        if found is None:
            return None if self._outer is None else self._outer.get_current_value(variable)
        return found[1]

    def __enter__(self) -> Self:
        if not self._tokens:
            self._outer = _scope.get()
        self._tokens.append(_scope.set(self))
        return self

    def __exit__(self, *error: Any) -> None:
        _scope.reset(self._tokens.pop())
        if not self._tokens:
            self._outer = None


@contextmanager
def outside_scopes() -> Iterator[None]:
    """Inside the `with` block variables are read and assigned themselves, also where a scope is around it."""
    token = _scope.set(None)
    try:
        yield
    finally:
        _scope.reset(token)


def in_stateless_scope() -> bool:
    """Return whether code runs inside a `StatelessScope`.

    >>> in_stateless_scope()
    False
    """
    return _scope.get() is not None
