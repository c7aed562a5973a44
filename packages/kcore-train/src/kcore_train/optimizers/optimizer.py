"""`Optimizer`: from gradients to new values of variables.

An optimizer's mathematics is one method, `update`, a pure function of one variable's tensors. It is run variable by
variable where a step is compiled, and on all variables at once where the backend can do that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import kcore_ops as ops
from kcore_ops import StatelessScope, Tensor, Variable
from kcore_ops.backends.current import current_backend, on
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.state.stateless_scope import in_stateless_scope

from kcore_train.optimizers.averages import AveragingOptimizer
from kcore_train.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value

__all__ = ["Optimizer"]


class Optimizer(AveragingOptimizer):
    """Base class of optimizers. A subclass names its slots and defines `update`.

    An optimizer belongs to the backend that is current when it is built.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size.
        weight_decay: float or None, the fraction of each variable, times the learning rate, subtracted at each step
            (Loshchilov & Hutter, 2019, arXiv:1711.05101), None for none; None.
        clipnorm: float or None, the largest norm of each gradient, above 0, None for no limit; None.
        clipvalue: float or None, the largest absolute value in a gradient, above 0, None for no limit; None.
        global_clipnorm: float or None, the largest norm of all gradients together, above 0, None for no limit; None.
        use_ema: bool, whether moving averages of the variables are kept; False.
        ema_momentum: float, the weight of the old average at each step, in [0, 1]; 0.99.
        ema_overwrite_frequency: int or None, the number of steps after which variables are set to their averages, None
            for when training ends; None.
        loss_scale_factor: float or None, the factor that the loss is multiplied by, and gradients divided by, None for
            none; None.
        gradient_accumulation_steps: int or None, the number of steps, at least 2, whose gradients are averaged into one
            update, None for an update at every step; None.
        name: str or None, the name, without "/", None for the class name in snake case; None.

    Raises:
        ArgumentError: if an argument is unknown or out of range.

    >>> import numpy as np
    >>> class Descent(Optimizer):
    ...     def update(self, step, learning_rate, gradient, variable):
    ...         return (variable - learning_rate * gradient,)
    >>> v = Variable([1.0, 2.0])
    >>> Descent(learning_rate=0.5).apply([np.array([1.0, 1.0], "float32")], [v])
    >>> v.numpy()
    array([0.5, 1.5], dtype=float32)
    """

    # Whether `update` may be given the numbers of all variables at once: it looks at each number by itself.
    is_elementwise: ClassVar[bool] = True

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the new value of a variable and those of its slots: all the mathematics of an optimizer.

        Where `is_elementwise`, it may be given the numbers of all variables at once.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            *slots: tensors, the slots before the step, in the order of `slot_groups`.
        """
        raise NotImplementedError(f"{type(self).__name__} has neither update nor update_step")

    def shared(self, step: Tensor, learning_rate: Tensor) -> tuple[Tensor, ...]:
        """Return the scalars that `update` takes before the gradient; they are computed once for all variables.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
        """
        return step, learning_rate

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Update one variable in place. Override it, and `build`, in place of `update` as in Keras.

        Args:
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: `Variable`, the variable to update.
            learning_rate: scalar tensor, the step size.
        """
        place = self._places[id(variable)]
        slots = self._slots[place]
        shared = self.shared(self._step(variable.dtype), learning_rate)
        new = self.update(*shared, gradient, variable.value, *(slot.value for slot in slots))
        for target, value in zip((variable, *slots), new, strict=True):
            target.assign(value)

    def assign(self, variable: Variable, value: Tensor) -> None:
        """Set a variable: for an `update_step` of your own.

        Args:
            variable: `Variable`, the variable.
            value: tensor, the new value, of the shape of the variable.
        """
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Tensor) -> None:
        """Add to a variable.

        Args:
            variable: `Variable`, the variable.
            value: tensor, what to add, of the shape of the variable.
        """
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Tensor) -> None:
        """Subtract from a variable.

        Args:
            variable: `Variable`, the variable.
            value: tensor, what to subtract, of the shape of the variable.
        """
        variable.assign_sub(value)

    # Applying gradients.

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Variable]]) -> Any:
        """Update variables, given pairs of a gradient and its variable, and return the number of updates so far.

        Args:
            grads_and_vars: iterable of pairs, a gradient, or None, and its variable.
        """
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self.iterations

    def apply(self, grads: Iterable[Tensor | None], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Update variables by their gradients.

        Args:
            grads: iterable of tensors or None, a gradient for each variable, None where the loss does not depend on it.
            trainable_variables: iterable of variables or None, the variables, None for those the optimizer was built
                with; None.

        Raises:
            ArgumentError: if the numbers differ, or there is no gradient at all.
        """
        gradients = self.backend.training.gradients_to_apply(list(grads))
        if trainable_variables is None:
            if not self.built:
                raise ArgumentError("the optimizer does not know the variables", fix="pass trainable_variables").at(
                    f"{type(self).__name__}.apply"
                )
            variables = self._trainable_variables
        else:
            variables = list(trainable_variables)
            self.build(variables)
            if self._natives:
                variables = self.adopted(variables)
        if len(gradients) != len(variables):
            raise ArgumentError(
                f"{len(gradients)} gradients were given for {len(variables)} variables",
                fix="pass one gradient for each variable, in the same order",
            ).at(f"{type(self).__name__}.apply")
        if any(gradient is None for gradient in gradients):
            pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
            if not pairs:
                raise ArgumentError(
                    "no variable has a gradient", fix="check that the loss is computed from the model's outputs"
                ).at(f"{type(self).__name__}.apply")
            gradients, variables = [g for g, _ in pairs], [v for _, v in pairs]
        if current_backend() is self.backend:
            self._apply(gradients, variables)
        else:
            with on(self.backend):
                self._apply(gradients, variables)

    def _apply(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        factor = self.loss_scale_factor
        if factor is not None:
            gradients = [
                g if v.overwrite_with_gradient else g / factor for g, v in zip(gradients, variables, strict=True)
            ]
        self._apply_unscaled(gradients, variables)

    def _apply_unscaled(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        """Update variables by gradients of the loss itself, whatever factor it was multiplied with."""
        overwritten: list[tuple[Any, Variable]] = []
        if any([v._overwrite_with_gradient for v in variables]):
            pairs = list(zip(gradients, variables, strict=True))
            overwritten = [(g, v) for g, v in pairs if v.overwrite_with_gradient]
            gradients = [g for g, v in pairs if not v.overwrite_with_gradient]
            variables = [v for v in variables if not v.overwrite_with_gradient]
        is_last: Any = None
        if self.gradient_accumulation_steps:
            is_last = self._accumulate(gradients, variables)
        else:
            self._update_all(gradients, variables)
        for g, v in overwritten:
            v.assign(g if is_last is None else ops.where(is_last, ops.cast(g, v._dtype), v.value))
        if self.use_ema:
            self._average([*variables, *(v for _, v in overwritten)])
        self._iterations.assign_add(1)

    def _accumulate(self, gradients: list[Tensor], variables: list[Variable]) -> Any:
        """Average the gradients of several steps, and update at the last of them; says whether this was it."""
        count = self.gradient_accumulation_steps
        assert count is not None
        sums = [self._accumulators[self._places[id(v)]] for v in variables]
        is_last = ops.equal(ops.mod(self._iterations.value + 1, count), 0)
        means = [ops.add(total.value, ops.cast(g, total._dtype)) / count
                 for total, g in zip(sums, gradients, strict=True)]  # fmt: skip
        self._only_if(is_last, lambda: self._update_all(means, variables), variables)
        for total, mean in zip(sums, means, strict=True):
            total.assign(ops.where(is_last, ops.zeros_like(mean), mean * count))
        return is_last

    def _only_if(self, condition: Tensor, change: Callable[[], None], variables: list[Variable]) -> None:
        """Run `change`, which updates variables, where a condition holds that may be known only when a graph runs."""
        if "mutable_state" in self.backend.capabilities and not in_stateless_scope():

            def changed() -> Any:
                change()
                return ops.zeros(())

            ops.cond(condition, changed, lambda: ops.zeros(()))
            return
        # Both outcomes are computed, as values.
        touched = [*variables, *self.variables]
        before = [v.value for v in touched]
        with StatelessScope(list(zip(touched, before, strict=True))) as scope:
            change()
            after = [scope.get_current_value(v) for v in touched]
        for v, new, old in zip(touched, after, before, strict=True):
            if new is not old:
                v.assign(ops.where(condition, new, old))

    def _update_all(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        gradients = self._clip(gradients)
        rate = self._current_learning_rate()
        self._decay_all(variables, rate)
        if type(self).update_step is not Optimizer.update_step:
            for g, v in zip(gradients, variables, strict=True):
                self.update_step(g, v, ops.cast(rate, v._dtype))
        else:
            slots = [self._slots[self._places[id(v)]] for v in variables]
            shared = self.shared(self._step(ops.config.floatx()), rate)
            self._run("update", self.update, shared, gradients, variables, slots)
        for v in variables:
            if v.constraint is not None:
                v.assign(v.constraint(v.value))

    def _decay_all(self, variables: list[Variable], rate: Tensor) -> None:
        self._decay(variables, self.weight_decay, rate)

    def _decay(self, variables: list[Variable], weight_decay: float | None, rate: Tensor) -> None:
        if weight_decay:
            decayed = [v for v in variables if self._decays(v)]
            self._run("decay", _decayed, (rate * weight_decay,), [], decayed, [[] for _ in decayed])

    def _clip(self, gradients: list[Tensor]) -> list[Any]:
        if self.clipvalue is not None:
            return [clip_by_value(g, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [clip_by_norm(g, self.clipnorm) for g in gradients]
        if self.global_clipnorm is not None:
            return clip_by_global_norm(gradients, self.global_clipnorm)
        return gradients

    def _run(
        self,
        name: str,
        function: Any,
        shared: tuple[Tensor, ...],
        gradients: list[Tensor],
        variables: list[Variable],
        slots: list[list[Variable]],
    ) -> None:
        """Set variables and slots to what a function makes of them: of all at once, if it and the backend can."""
        if not variables:
            return
        if not in_stateless_scope() and (self.is_elementwise or name != "update"):
            updater = self._updater(name, function)
            if updater is not None:
                rows = [[v, *own] for v, own in zip(variables, slots, strict=True)]
                states = [list(column) for column in zip(*rows, strict=True)]
                if updater(shared, gradients, [[v._storage for v in column] for column in states]):
                    return
        for i, (v, own) in enumerate(zip(variables, slots, strict=True)):
            dtype = v._dtype
            scalars = [ops.cast(each, dtype) if is_float_dtype(dtype) else each for each in shared]
            given = [ops.cast(gradients[i], dtype)] if gradients else []
            targets = (v, *own)
            old = [target.value for target in targets]
            for target, value, before in zip(targets, function(*scalars, *given, *old), old, strict=True):
                if value is not before:
                    target.assign(value)

    def _updater(self, name: str, function: Any) -> Any:
        if name not in self._updaters:
            self._updaters[name] = self.backend.training.in_place_updater(function)
        return self._updaters[name]

    def _average(self, variables: list[Variable]) -> None:
        averages = [self._averages[self._places[id(v)]] for v in variables]
        # The first average is of one value.
        momentum = ops.where(ops.equal(self._count(), 0), 0.0, self.ema_momentum)
        self._run("average", _averaged, (momentum,), [], averages, [[v] for v in variables])
        if self.ema_overwrite_frequency:
            is_due = ops.equal(ops.mod(self._count() + 1, self.ema_overwrite_frequency), 0)
            for v, average in zip(variables, averages, strict=True):
                v.assign(ops.where(is_due, average.value, v.value))

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss to differentiate: times `loss_scale_factor`, if there is one.

        Args:
            loss: scalar tensor, the loss.
        """
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # As a pure function.

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Tensor],
        grads: Sequence[Tensor | None],
        trainable_variables: Sequence[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the new values of variables and state.

        Args:
            optimizer_variables: sequence of tensors, a value for each of `self.variables`.
            grads: sequence of tensors or None, a gradient for each variable, None where the loss does not depend on it.
            trainable_variables: sequence of tensors, a value for each variable the optimizer was built with.

        Returns:
            `(trainable_variables, optimizer_variables)`.

        Raises:
            ArgumentError: if it is not built, or the numbers do not fit.
        """
        if not self.built:
            raise ArgumentError("the optimizer is not built", fix="call optimizer.build(model.trainable_variables)").at(
                f"{type(self).__name__}.stateless_apply"
            )
        return self.stateless_apply_to(self._trainable_variables, optimizer_variables, grads, trainable_variables)

    def stateless_apply_to(
        self,
        variables: Sequence[Variable],
        optimizer_variables: Sequence[Tensor],
        grads: Sequence[Tensor | None],
        values: Sequence[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the new values as `stateless_apply` does, for some of the variables the optimizer was built with.

        Args:
            variables: sequence of variables, some of those the optimizer was built with.
            optimizer_variables: sequence of tensors, a value for each of `self.variables`.
            grads: sequence of tensors or None, a gradient for each variable, None where the loss does not depend on it.
            values: sequence of tensors, a value for each of `variables`.
        """
        own = self.variables
        for what, given, wanted in (
            ("trainable variables", values, variables),
            ("optimizer variables", optimizer_variables, own),
        ):
            if len(given) != len(wanted):
                raise ArgumentError(
                    f"{len(given)} {what} were given and there are {len(wanted)}", fix="pass a value for each"
                ).at(f"{type(self).__name__}.stateless_apply")
        mapping = [*zip(variables, values, strict=True), *zip(own, optimizer_variables, strict=True)]
        with StatelessScope(mapping) as scope:
            self.apply(grads, variables)
            new = [scope.get_current_value(v) for v in variables]
            return new, [scope.get_current_value(v) for v in own]


def _decayed(share: Tensor, variable: Tensor) -> tuple[Tensor, ...]:
    return (variable - variable * share,)


def _averaged(momentum: Tensor, average: Tensor, variable: Tensor) -> tuple[Tensor, ...]:
    return average * momentum + variable * (1 - momentum), variable
