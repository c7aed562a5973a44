"""`Optimizer`: from gradients to new values of variables.

An optimizer's mathematics is one method, `update`, a pure function of one variable's tensors. It is run variable by
variable where a step is compiled, and on all variables at once where the backend can do that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import kcore_ops as ops
from kcore_layers import initializers
from kcore_layers.naming import auto_name, snake_case
from kcore_ops import StatelessScope, Variable
from kcore_ops.current import current_backend, on
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.errors import ArgumentError
from kcore_ops.plugin import Backend
from kcore_ops.stateless_scope import in_stateless_scope

from kcore_train.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

__all__ = ["Optimizer"]


class Optimizer:
    """Base of optimizers. A subclass names its slots and defines `update`.

    An optimizer belongs to the backend that is current when it is built.

    Args:
        learning_rate: a number, a `LearningRateSchedule`, or a function without arguments.
        weight_decay: fraction of each variable, times the learning rate, that is taken off it at each step (Loshchilov
            & Hutter, 2019, arXiv:1711.05101); None is none.
        clipnorm: largest norm of each gradient.
        clipvalue: largest absolute value in a gradient.
        global_clipnorm: largest norm of all gradients together.
        use_ema: whether moving averages of the variables are kept.
        ema_momentum: weight of the old average.
        ema_overwrite_frequency: steps after which variables are set to their averages; None: when training ends.
        loss_scale_factor: factor that the loss is multiplied with, and gradients divided by.
        gradient_accumulation_steps: number of steps whose gradients are averaged into one update.
        name: its name.

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

    # Names of the tensors kept for each variable; those in one group lie side by side among the variables.
    slot_groups: Sequence[Sequence[str]] = ()

    # Whether `update` may be given the numbers of all variables at once: it looks at each number by itself.
    is_elementwise: ClassVar[bool] = True

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            unknown = ", ".join(map(repr, kwargs))
            raise ArgumentError(f"{type(self).__name__} has no argument {unknown}", fix="check the spelling")
        self.name = name or auto_name(snake_case(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm = _positive(self, "clipnorm", clipnorm)
        self.clipvalue = _positive(self, "clipvalue", clipvalue)
        self.global_clipnorm = _positive(self, "global_clipnorm", global_clipnorm)
        if sum(each is not None for each in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ArgumentError(
                "only one of clipnorm, clipvalue and global_clipnorm can be given", fix="pass one of them"
            ).at(type(self).__name__)
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ArgumentError(f"ema_momentum can not be {ema_momentum}", fix="use a number from 0 to 1")
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._given_learning_rate = learning_rate
        self._backend: Backend | None = None
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._places: dict[int, int] = {}
        self._slots: list[list[Variable]] = []
        self._averages: list[Variable] = []
        self._accumulators: list[Variable] = []
        self._undecayed: tuple[set[int], tuple[str, ...]] = (set(), ())
        self._updaters: dict[str, Any] = {}
        self._learning_rate: Any = learning_rate
        self._start(learning_rate)

    def _start(self, learning_rate: Any) -> None:
        """Make the variables that there are before anything is known of what is trained."""
        if isinstance(learning_rate, Mapping):
            from kcore_train.optimizers import schedules

            learning_rate = schedules.deserialize(learning_rate)
        backend = current_backend()
        self._backend = backend
        self._iterations = self._new_variable(0, "int32", "iteration")
        self._learning_rate = learning_rate
        if not isinstance(learning_rate, LearningRateSchedule) and not callable(learning_rate):
            if isinstance(learning_rate, bool) or not isinstance(learning_rate, int | float) or learning_rate < 0:
                if not hasattr(learning_rate, "dtype"):
                    raise ArgumentError(
                        f"learning_rate can not be {learning_rate!r}",
                        fix="pass a number, a LearningRateSchedule or a function",
                    ).at(type(self).__name__)
            self._learning_rate = self._new_variable(learning_rate, ops.config.floatx(), "learning_rate")

    @property
    def backend(self) -> Backend:
        """The backend its variables are on."""
        assert self._backend is not None
        return self._backend

    def _new_variable(self, value: Any, dtype: str, name: str, shape: Any = None) -> Variable:
        with on(self.backend):
            variable = Variable(value, shape, dtype, trainable=False, autocast=False, name=name)
        variable.path = f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    # What an optimizer is: its slots and its update.

    def slot_initial_value(self, slot: str) -> float | None:
        """Give the number that a slot is filled with at first; None for the variable's own numbers."""
        return 0.0

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Give the groups of slots that a variable has."""
        return self.slot_groups

    def new_slot(self, variable: Variable, slot: str) -> Variable:
        """Make a slot of a variable: of its shape and dtype."""
        return self.add_variable_from_reference(variable, slot, self.slot_initial_value(slot))

    def update(self, step: Any, learning_rate: Any, gradient: Any, variable: Any, *slots: Any) -> tuple[Any, ...]:
        """Give a variable's new value and those of its slots. All that an optimizer computes stands here.

        Where `is_elementwise`, it may be given the numbers of all variables at once.

        Args:
            step: the number of this step, from 1, a scalar tensor.
            learning_rate: a scalar tensor.
            gradient: like the variable.
            variable: the value now.
            *slots: their values now, in the order of `slot_groups`.
        """
        raise NotImplementedError(f"{type(self).__name__} has neither update nor update_step")

    def shared(self, step: Any, learning_rate: Any) -> tuple[Any, ...]:
        """Give the scalars that `update` takes before the gradient; they are computed once for all variables."""
        return step, learning_rate

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable by way of `assign`. Override it, and `build`, in place of `update` as in Keras."""
        place = self._places[id(variable)]
        slots = self._slots[place]
        shared = self.shared(self._step(variable.dtype), learning_rate)
        new = self.update(*shared, gradient, variable.value, *(slot.value for slot in slots))
        for target, value in zip((variable, *slots), new, strict=True):
            target.assign(value)

    # Building.

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots for variables; for those that are new, if it is built."""
        new = [v for v in variables if id(v) not in self._places]
        if not new:
            return
        if not self._trainable_variables:
            self._settle_backend(new[0].backend)
        for v in new:
            self._places[id(v)] = len(self._trainable_variables)
            self._trainable_variables.append(v)
            self._slots.append([])
        if self.use_ema:
            self._averages += self.add_optimizer_variables(new, "average")
        if self.gradient_accumulation_steps:
            self._accumulators += self.add_optimizer_variables(new, "gradient_accumulator")
        groups = [self.slots_of(v) for v in new]
        for i in range(max(map(len, groups))):
            for v, own in zip(new, groups, strict=True):
                self._slots[self._places[id(v)]] += [
                    self.new_slot(v, slot) for group in own[i : i + 1] for slot in group
                ]
        self.built = True

    def _settle_backend(self, backend: Backend) -> None:
        """Belong to the backend of the variables, where that was not the current one when this was made."""
        if backend is self._backend:
            return
        count, rate = self._iterations.numpy(), self._learning_rate
        rate = rate.numpy() if isinstance(rate, Variable) else None
        self._backend = backend
        self._variables.clear()
        self._iterations = self._new_variable(count, "int32", "iteration")
        if rate is not None:
            self._learning_rate = self._new_variable(rate, ops.config.floatx(), "learning_rate")

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable that is part of the optimizer's state."""
        value = initializers.get(initializer)
        return self._new_variable(value, dtype or ops.config.floatx(), name or "variable", shape)

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable of the shape and dtype of another: filled with a number, or None for a copy."""
        v = reference_variable
        if initializer is None:
            value: Any = v.numpy()
        else:
            is_number = isinstance(initializer, int | float)
            value = initializers.Constant(initializer) if is_number else initializers.get(initializer)
        full_name = f"{v.path.replace('/', '_')}_{name or 'variable'}"
        return self._new_variable(value, v._dtype, full_name, None if initializer is None else v.shape)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Make a variable, or one for each of several names, for each of `trainable_variables`."""
        names = [name] if isinstance(name, str) else list(name)
        starts = initializer if isinstance(initializer, list | tuple) else [initializer] * len(names)
        made = [
            [self.add_variable_from_reference(v, each, start) for each, start in zip(names, starts, strict=True)]
            for v in trainable_variables
        ]
        columns = tuple(list(column) for column in zip(*made, strict=True)) if made else tuple([] for _ in names)
        return columns[0] if isinstance(name, str) else columns

    # State.

    @property
    def variables(self) -> list[Variable]:
        """Its state: the count of steps, the learning rate, and the slots."""
        return list(self._variables)

    @property
    def iterations(self) -> Any:
        """The number of updates so far: a variable; where gradients are accumulated, a tensor."""
        return self._count() if self.gradient_accumulation_steps else self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate now, a scalar tensor."""
        return self._current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule) or (callable(value) and not isinstance(value, Variable)):
            if isinstance(self._learning_rate, Variable):
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = value
        elif isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(value)
        else:
            raise ArgumentError(
                "the learning rate follows a schedule, and can not be set to a number",
                fix="make the optimizer with a number for learning_rate",
            ).at(type(self).__name__)

    def _current_learning_rate(self) -> Any:
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return rate.value
        with on(self.backend):
            if isinstance(rate, LearningRateSchedule):
                return rate(self._count())
            return ops.convert_to_tensor(rate(), ops.config.floatx())

    def _count(self) -> Any:
        """Give the number of updates so far."""
        if not self.gradient_accumulation_steps:
            return self._iterations.value
        return ops.floor_divide(self._iterations.value, self.gradient_accumulation_steps)

    def _step(self, dtype: str) -> Any:
        return ops.cast(ops.add(self._count(), 1), dtype)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Sequence[str] | None = None) -> None:
        """Leave variables out of the weight decay: those given, and those whose paths hold one of the names."""
        ids, names = self._undecayed
        self._undecayed = (ids | {id(v) for v in var_list or ()}, (*names, *(var_names or ())))

    def _decays(self, variable: Variable) -> bool:
        ids, names = self._undecayed
        return id(variable) not in ids and not any(name in variable.path for name in names)

    def assign(self, variable: Variable, value: Any) -> None:
        """Set a variable: for an `update_step` of one's own."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    # Applying gradients.

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Any:
        """Update variables, given pairs of a gradient and its variable."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self.iterations

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Update variables.

        Args:
            grads: a gradient for each; None for one that the loss does not depend on.
            trainable_variables: the variables; those it was built with if None.

        Raises:
            ArgumentError: if the numbers differ, or there is no gradient at all.
        """
        gradients = [self.backend.dense_gradient(gradient) for gradient in grads]
        if trainable_variables is None:
            if not self.built:
                raise ArgumentError("the optimizer does not know the variables", fix="pass trainable_variables").at(
                    f"{type(self).__name__}.apply"
                )
            variables = self._trainable_variables
        else:
            variables = list(trainable_variables)
            self.build(variables)
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

    def _apply(self, gradients: list[Any], variables: list[Variable]) -> None:
        if any(v.overwrite_with_gradient for v in variables):
            gradients, variables = self._overwrite(gradients, variables)
        if self.loss_scale_factor is not None:
            gradients = [g / self.loss_scale_factor for g in gradients]
        if self.gradient_accumulation_steps:
            self._accumulate(gradients, variables)
        else:
            self._update_all(gradients, variables)
        if self.use_ema:
            self._average(variables)
        self._iterations.assign(ops.add(self._iterations.value, 1))

    def _overwrite(self, gradients: list[Any], variables: list[Variable]) -> tuple[list[Any], list[Variable]]:
        rest = []
        for g, v in zip(gradients, variables, strict=True):
            if v.overwrite_with_gradient:
                v.assign(g)
            else:
                rest.append((g, v))
        return [g for g, _ in rest], [v for _, v in rest]

    def _accumulate(self, gradients: list[Any], variables: list[Variable]) -> None:
        """Average the gradients of several steps, and update at the last of them."""
        count = self.gradient_accumulation_steps
        assert count is not None
        sums = [self._accumulators[self._places[id(v)]] for v in variables]
        is_last = ops.equal(ops.mod(self._iterations.value + 1, count), 0)
        means = [ops.add(total.value, ops.cast(g, total._dtype)) / count
                 for total, g in zip(sums, gradients, strict=True)]  # fmt: skip
        self._only_if(is_last, lambda: self._update_all(means, variables), variables)
        for total, mean in zip(sums, means, strict=True):
            total.assign(ops.where(is_last, ops.zeros_like(mean), mean * count))

    def _only_if(self, condition: Any, change: Callable[[], None], variables: list[Variable]) -> None:
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

    def _update_all(self, gradients: list[Any], variables: list[Variable]) -> None:
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

    def _decay_all(self, variables: list[Variable], rate: Any) -> None:
        self._decay(variables, self.weight_decay, rate)

    def _decay(self, variables: list[Variable], weight_decay: float | None, rate: Any) -> None:
        if weight_decay:
            decayed = [v for v in variables if self._decays(v)]
            self._run("decay", _decayed, (rate * weight_decay,), [], decayed, [[] for _ in decayed])

    def _clip(self, gradients: list[Any]) -> list[Any]:
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
        shared: tuple[Any, ...],
        gradients: list[Any],
        variables: list[Variable],
        slots: list[list[Variable]],
    ) -> None:
        """Give variables and slots what a function makes of them: of all at once, if it and the backend can."""
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
            self._updaters[name] = self.backend.in_place_updater(function)
        return self._updaters[name]

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, int | float) and name != "built" and "_updaters" in self.__dict__:
            self._updaters.clear()  # they hold the numbers they were made with

    # Averages of the variables.

    def _average(self, variables: list[Variable]) -> None:
        averages = [self._averages[self._places[id(v)]] for v in variables]
        # The first average is of one value.
        momentum = ops.where(ops.equal(self._count(), 0), 0.0, self.ema_momentum)
        self._run("average", _averaged, (momentum,), [], averages, [[v] for v in variables])
        if self.ema_overwrite_frequency:
            is_due = ops.equal(ops.mod(self._count() + 1, self.ema_overwrite_frequency), 0)
            for v, average in zip(variables, averages, strict=True):
                v.assign(ops.where(is_due, average.value, v.value))

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Set variables to their averages, if those are kept; `fit` does it at its end."""
        if self.use_ema:
            for v in var_list:
                if id(v) in self._places:
                    v.assign(self._averages[self._places[id(v)]].value)

    def scale_loss(self, loss: Any) -> Any:
        """Give the loss that gradients are to be taken of."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # As a pure function.

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Give the new values of variables and state.

        Args:
            optimizer_variables: a value for each of `self.variables`.
            grads: a gradient for each variable.
            trainable_variables: a value for each variable it was built with.

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
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        values: Sequence[Any],
    ) -> tuple[list[Any], list[Any]]:
        """Do as `stateless_apply`, for some of the variables it was built with."""
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

    # Configuration and files.

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        from kcore_train.optimizers import schedules

        rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate.numpy())
        elif isinstance(rate, LearningRateSchedule):
            rate = schedules.serialize(rate)
        else:
            rate = 0.5 if rate is None else float(ops.convert_to_numpy(rate()))
        names = (
            "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
            "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps",
        )  # fmt: skip
        return {"name": self.name, "learning_rate": rate, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """Make one from what `get_config` gave."""
        return cls(**config)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state from a value for each of `variables`."""
        own = self.variables
        if len(weights) != len(own):
            raise ArgumentError(
                f"{len(weights)} arrays were given and the optimizer has {len(own)} variables",
                fix="build it with the variables it was built with before",
            ).at(f"{type(self).__name__}.set_weights")
        for v, value in zip(own, weights, strict=True):
            v.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Put the state into a mapping from "0", "1", ... to arrays."""
        for i, v in enumerate(self.variables):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Set the state from what `save_own_variables` put into a mapping."""
        self.set_weights([store[str(i)] for i in range(len(store))])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in ("_backend", "_updaters")}
        state["_places"] = None  # by identity, which a copy does not share
        return {**state, "_backend_name": self.backend.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from kcore_ops.registry import load

        backend = load(state.pop("_backend_name"))
        self.__dict__.update(state, _backend=backend, _updaters={})
        self.__dict__["_places"] = {id(v): i for i, v in enumerate(self._trainable_variables)}


def _decayed(share: Any, variable: Any) -> tuple[Any, ...]:
    return (variable - variable * share,)


def _averaged(momentum: Any, average: Any, variable: Any) -> tuple[Any, ...]:
    return average * momentum + variable * (1 - momentum), variable


def _positive(optimizer: Any, name: str, value: Any) -> Any:
    if value is not None and not value > 0:
        raise ArgumentError(f"{name} can not be {value!r}", fix="use a positive number").at(type(optimizer).__name__)
    return value
