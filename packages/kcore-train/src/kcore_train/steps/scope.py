"""The scope that a compiled step runs in: whatever variable it reads is an input of the step, never a constant."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from kcore_ops import StatelessScope, Variable
from kcore_ops.backends.interface import Backend

__all__ = ["StepScope"]


class StepScope(StatelessScope):
    """Gives the variables of some lists their values, and notes each other variable that is read or assigned to.

    One that is noted has the value it has outside, and is to be among the lists when the step is next called. So a
    variable that only a user's loss, metric or callback holds is found by being used.

    Args:
        backend: whose variables are noted.
        lists: lists of variables.
        values: a list of values for each.
    """

    def __init__(self, backend: Backend, lists: Sequence[list[Variable]], values: Sequence[Any]) -> None:
        super().__init__(collect_losses=True)
        self.backend = backend
        self.lists = lists
        self._held: dict[int, Any] = {}
        # Weakly: a variable that comes and goes with the call is no input.
        self._noted: dict[int, weakref.ref[Variable]] = {}
        self.set(values)

    def set(self, values: Sequence[Any]) -> None:
        """Give the variables of the first lists new values, as they are before the next batch."""
        self.losses.clear()
        for variables, own in zip(self.lists, values, strict=False):
            for variable, value in zip(variables, own, strict=True):
                self._held[id(variable)] = variable.checked(value)

    def get_current_value(self, variable: Variable) -> Any:
        """Give the value of any variable of the backend, None for those of others."""
        key = id(variable)
        if key not in self._held and variable.backend is self.backend:
            self._note(variable, variable._storage)
        return self._held.get(key)

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Keep the new value of a variable."""
        variable, value = update
        if id(variable) in self._held:
            self._held[id(variable)] = value
        else:
            self._note(variable, value)

    def _note(self, variable: Variable, value: Any) -> None:
        key = id(variable)

        def forget(_: Any) -> None:
            self._noted.pop(key, None)
            self._held.pop(key, None)

        self._noted[key] = weakref.ref(variable, forget)
        self._held[key] = value

    def settle(self, others: list[Variable]) -> list[Any]:
        """End the step: add what was noted to `others`, the last of the lists, and give the values of all in it."""
        found = [reference() for reference in self._noted.values()]
        others.extend(variable for variable in found if variable is not None)
        values = [self._held[id(variable)] for variable in others]
        self._noted.clear()
        self._held.clear()
        return values
