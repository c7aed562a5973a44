"""The averages of variables that an optimizer keeps, put in their place: for an evaluation, or at the end."""

from __future__ import annotations

from collections.abc import Iterable

import kcore_ops as ops
from kcore_ops import Variable
from kcore_ops.backends.current import on

from kcore_train.optimizers.optimizer_state import OptimizerState

__all__ = ["AveragingOptimizer"]


class AveragingOptimizer(OptimizerState):
    """Base class of `Optimizer`: what it can do with the averages that it, or an optimizer inside it, keeps."""

    def keeps_averages(self) -> bool:
        """Return whether it keeps averages of its variables, or an optimizer inside it does."""
        return self.use_ema or any(each.keeps_averages() for each in self.inner_optimizers().values())

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Set variables to their averages, if those are kept; `fit` does it at its end.

        Args:
            var_list: iterable of variables, the variables to set.
        """
        own = self.adopted(var_list)
        for each in self.inner_optimizers().values():
            each.finalize_variable_values(own)
        if self.use_ema:
            while self._kcore_swapped:
                v = self._kcore_swapped.pop()
                self._average_of(v).assign(v.value)  # which is the average
            for v in own:
                if id(v) in self._places:
                    v.assign(self._average_of(v).value)

    def swap_in_averages(self, var_list: Iterable[Variable], are_in: bool = False) -> None:
        """Exchange variables with their averages, if those are kept, until `swap_out_averages`.

        Nothing is exchanged before the first step, when there are no averages yet, nor what is already.

        Args:
            var_list: iterable of variables, the variables to exchange.
            are_in: bool, whether they are exchanged as they were read from a file, and it is only to be known; False.
        """
        own = self.adopted(var_list)
        for each in self.inner_optimizers().values():
            each.swap_in_averages(own, are_in)
        if self.use_ema and self.built and not self._kcore_swapped and self._iterations.numpy() > 0:
            for v in own:
                if id(v) in self._places:
                    if not are_in:
                        self._exchange(v)
                    self._kcore_swapped.append(v)

    def swap_out_averages(self) -> None:
        """Exchange back what `swap_in_averages` exchanged, if anything."""
        for each in self.inner_optimizers().values():
            each.swap_out_averages()
        while self._kcore_swapped:
            self._exchange(self._kcore_swapped.pop())

    def _average_of(self, variable: Variable) -> Variable:
        return self._averages[self._places[id(variable)]]

    def _exchange(self, variable: Variable) -> None:
        average = self._average_of(variable)
        with on(self.backend):
            value = ops.copy(variable.value)  # which an assignment in place would write over
            variable.assign(average.value)
            average.assign(value)
