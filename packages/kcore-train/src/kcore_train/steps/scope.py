"""The scopes that functional steps run in: variables have the values of a state, and what is assigned is kept."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from kcore_ops import StatelessScope, Variable
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.op import Tensor

__all__ = ["ListsScope", "StepScope"]


class ListsScope(StatelessScope):
    """A scope in which lists of variables have the values given.

    Args:
        lists: lists of variables.
        values: a list of values for each.
    """

    def __init__(self, lists: Sequence[Sequence[Variable]], values: Sequence[Sequence[Tensor]]) -> None:
        pairs = [
            pair for variables, own in zip(lists, values, strict=True) for pair in zip(variables, own, strict=True)
        ]
        super().__init__(pairs, collect_losses=True)
        self.lists = lists

    def after(self) -> list[list[Tensor]]:
        """Return the values of each list now."""
        return [[self.get_current_value(v) for v in variables] for variables in self.lists]

    def beyond(self) -> list[tuple[Variable, Tensor]]:
        """Return the variables of none of the lists that were assigned to, with their values."""
        listed = {id(v) for variables in self.lists for v in variables}
        return [(v, value) for v, value in self.updates() if id(v) not in listed]


class StepScope(StatelessScope):
    """The scope of a compiled step: whatever variable it reads is an input of the step, never a constant.

    The variables of some lists have the values given; each other variable that is read or assigned to is captured. A
    captured one has the value it has outside, and is to be among the lists when the step is next called. So a variable
    that only a user's loss, metric or callback holds is found by being used.

    Args:
        backend: whose variables are captured.
        lists: lists of variables.
        values: a list of values for each.
    """

    def __init__(self, backend: Backend, lists: Sequence[list[Variable]], values: Sequence[Sequence[Tensor]]) -> None:
        super().__init__(collect_losses=True)
        self.backend = backend
        self.lists = lists
        self._held: dict[int, Tensor] = {}
        # Weakly: a variable that comes and goes with the call is no input.
        self._captured: dict[int, weakref.ref[Variable]] = {}
        self.set(values)

    def set(self, values: Sequence[Sequence[Tensor]]) -> None:
        """Set the variables of the first lists to new values, as they are before the next batch.

        Args:
            values: a list of values for each of these lists.
        """
        self.losses.clear()
        for variables, own in zip(self.lists, values, strict=False):
            for variable, value in zip(variables, own, strict=True):
                self._held[id(variable)] = variable.checked(value)

    def get_current_value(self, variable: Variable) -> Tensor:
        """Return the value of any variable of the backend, None for those of others.

        Args:
            variable: the variable, captured if it is in no list.
        """
        key = id(variable)
        if key not in self._held and variable.backend is self.backend:
            self._capture(variable, variable._storage)
        return self._held.get(key)

    def add_update(self, update: tuple[Variable, Tensor]) -> None:
        """Keep the new value of a variable.

        Args:
            update: the variable and the value.
        """
        variable, value = update
        if id(variable) in self._held:
            self._held[id(variable)] = value
        else:
            self._capture(variable, value)

    def _capture(self, variable: Variable, value: Tensor) -> None:
        key = id(variable)

        def forget(_: weakref.ref[Variable]) -> None:
            self._captured.pop(key, None)
            self._held.pop(key, None)

        self._captured[key] = weakref.ref(variable, forget)
        self._held[key] = value

    def end(self, others: list[Variable]) -> list[Tensor]:
        """End the step: add what was captured to `others`, the last of the lists, and return the values of all in it.

        Args:
            others: receives the captured variables.
        """
        found = [reference() for reference in self._captured.values()]
        others.extend(variable for variable in found if variable is not None)
        values = [self._held[id(variable)] for variable in others]
        self._captured.clear()
        self._held.clear()
        return values
