"""What an optimizer keeps: its options, the learning rate, the count of steps, and slots for each variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.base.naming import auto_name, snake_case
from kcore_layers.options import initializers
from kcore_layers.options.argument_types import InitializerLike
from kcore_layers.serialization.arguments import unknown_arguments
from kcore_layers.serialization.registry import original_class
from kcore_ops import DType, Shape, Tensor, Variable
from kcore_ops.backends.current import current_backend, on
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.call import backend_of, beside
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.argument_types import LearningRate
from kcore_train.optimizers.framework_class import FrameworkClass, remake
from kcore_train.optimizers.options import (
    ReadOnlyError,
    are_equal,
    checked_count,
    checked_positive,
    is_learning_rate,
    options_changed,
)
from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

__all__ = ["OptimizerState"]


class OptimizerState(FrameworkClass):
    """Base class of `Optimizer`, with all of it but the updates.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size.
        weight_decay: float or None, as in `Optimizer`; None.
        clipnorm: float or None, as in `Optimizer`; None.
        clipvalue: float or None, as in `Optimizer`; None.
        global_clipnorm: float or None, as in `Optimizer`; None.
        use_ema: bool, as in `Optimizer`; False.
        ema_momentum: float, as in `Optimizer`; 0.99.
        ema_overwrite_frequency: int or None, as in `Optimizer`; None.
        loss_scale_factor: float or None, as in `Optimizer`; None.
        gradient_accumulation_steps: int or None, as in `Optimizer`; None.
        name: str or None, as in `Optimizer`; None.
        **kwargs: none; others are refused by name.
    """

    # Names of the tensors kept for each variable; those in one group lie side by side among the variables.
    slot_groups: Sequence[Sequence[str]] = ()

    def __init__(
        self,
        learning_rate: LearningRate,
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
        **kwargs: object,
    ) -> None:
        if kwargs:
            raise unknown_arguments(original_class(type(self)), kwargs)
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ArgumentError(f"name can not be {name!r}", fix="use a string without /").at(type(self).__name__)
        self.name = name or auto_name(snake_case(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm = checked_positive(self, "clipnorm", clipnorm)
        self.clipvalue = checked_positive(self, "clipvalue", clipvalue)
        self.global_clipnorm = checked_positive(self, "global_clipnorm", global_clipnorm)
        if sum(each is not None for each in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ArgumentError(
                "only one of clipnorm, clipvalue and global_clipnorm can be given", fix="pass one of them"
            ).at(type(self).__name__)
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ArgumentError(f"ema_momentum can not be {ema_momentum}", fix="use a number from 0 to 1").at(
                type(self).__name__
            )
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = checked_count(self, "ema_overwrite_frequency", ema_overwrite_frequency, 1)
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = checked_count(
            self, "gradient_accumulation_steps", gradient_accumulation_steps, 2
        )
        self.built = False
        self._backend: Backend | None = None
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._places: dict[int, int] = {}
        # Variables of the framework's own by identity, each with the one over it.
        self._natives: dict[int, tuple[Any, Variable]] = {}
        # Those that the options ask for, and all that were ever made, by name.
        self._slots: list[list[Variable]] = []
        self._slots_made: list[dict[str, Variable]] = []
        self._averages: list[Variable] = []
        # Variables that their averages were exchanged with, in whose place they are: no option, as the name tells.
        self._kcore_swapped: list[Variable] = []
        self._accumulators: list[Variable] = []
        self._undecayed: tuple[dict[int, Variable], tuple[str, ...]] = ({}, ())
        self._updaters: dict[str, Any] = {}
        self._learning_rate: Any = learning_rate
        self._start(learning_rate)

    def _start(self, learning_rate: LearningRate) -> None:
        """Create the variables that there are before anything is known of what is trained."""
        if isinstance(learning_rate, Mapping):
            from kcore_train.optimizers import schedules

            learning_rate = schedules.deserialize(learning_rate)
        backend = current_backend()
        self._backend = backend
        self._iterations = self._new_variable(0, "int32", "iteration")
        self._learning_rate = learning_rate
        if not isinstance(learning_rate, LearningRateSchedule) and not callable(learning_rate):
            if not is_learning_rate(learning_rate):
                raise ArgumentError(
                    f"learning_rate can not be {learning_rate!r}",
                    fix="pass a number, a LearningRateSchedule or a function",
                ).at(type(self).__name__)
            self._learning_rate = self._new_variable(learning_rate, ops.config.floatx(), "learning_rate")

    def __setattr__(self, name: str, value: Any) -> None:
        old = self.__dict__.get(name, self)
        object.__setattr__(self, name, value)
        if old is value or name not in self.__dict__ or (value.__class__ is old.__class__ and are_equal(value, old)):
            return
        if self.__dict__.get("built") and old is not self and not name.startswith("_"):
            self._apply_option(name, old)
        options_changed()
        self.__dict__.get("_updaters", {}).clear()  # they hold the numbers they were made with

    def _apply_option(self, name: str, old: Any) -> None:
        """Create the variables that an option needs which was set once the optimizer is built, or refuse it."""
        if name == "use_ema":
            if self.use_ema and not self._averages:
                self._averages = self.add_optimizer_variables(self._trainable_variables, "average", None)
            return
        if name == "gradient_accumulation_steps":
            value, self.__dict__[name] = self.__dict__[name], old
            raise ReadOnlyError(
                f"{name} can not become {value!r} once the optimizer is built: it counts its steps by {name}={old!r}",
                fix=f"make a new optimizer with {name}={value!r}, and compile the model with it",
            ).at(type(self).__name__)
        for v, made in zip(self._trainable_variables, self._slots_made, strict=True):
            wanted = [slot for group in self._groups_of(v) for slot in group]
            own = [made[slot] if slot in made else self._make_slot(v, slot) for slot in wanted]
            self._slots[self._places[id(v)]] = own

    def _make_slot(self, variable: Variable, slot: str) -> Variable:
        made = self._slots_made[self._places[id(variable)]][slot] = self.new_slot(variable, slot)
        return made

    @property
    def backend(self) -> Backend:
        """The backend its variables are on."""
        assert self._backend is not None
        return self._backend

    def _new_variable(self, value: Any, dtype: str, name: str, shape: Any = None) -> Variable:
        with on(self.backend):
            variable = Variable(value, shape, dtype, trainable=False, autocast=False, name=name)
        variable.path = f"{self.name}/{name}"
        self.add_part(str(len(self._variables)), variable)
        self._variables.append(variable)
        return variable

    def add_part(self, name: str, part: object) -> None:
        """Register a variable, or an optimizer inside, with a framework that keeps a list of them.

        Args:
            name: str, the name of the part among those of the optimizer.
            part: `Variable` or `Optimizer`, the part.
        """

    def inner_optimizers(self) -> Mapping[str, Any]:
        """Return the optimizers inside this one, by the names of the parts that they are."""
        return {}

    # The slots.

    def slot_initial_value(self, slot: str) -> float | None:
        """Return the number that a slot is filled with at first; None for a copy of the variable.

        Args:
            slot: str, the name of the slot.
        """
        return 0.0

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Return the groups of slots that a variable has.

        Args:
            variable: `Variable`, the variable.
        """
        return self.slot_groups

    def _groups_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Return the groups of slots that are made: none for a variable whose gradient is its next value."""
        return () if variable.overwrite_with_gradient else self.slots_of(variable)

    def new_slot(self, variable: Variable, slot: str) -> Variable:
        """Create a slot of a variable, of its shape and dtype.

        Args:
            variable: `Variable`, the variable that the slot is for.
            slot: str, the name of the slot.
        """
        return self.add_variable_from_reference(variable, slot, self.slot_initial_value(slot))

    # Building.

    def build(self, variables: Iterable[Variable]) -> None:
        """Create the slots of variables; of those that are new, if the optimizer is built.

        Args:
            variables: iterable of variables, the variables to train, kcore's or the framework's own.
        """
        new = [v for v in variables if id(v) not in self._places]
        if not new:
            return
        new = [v if isinstance(v, Variable) else self._adopt(v) for v in new]
        if not self._trainable_variables:
            self._move_to_backend(new[0].backend)
        for v in new:
            self._places[id(v)] = len(self._trainable_variables)
            self._trainable_variables.append(v)
            self._slots.append([])
            self._slots_made.append({})
        if self.use_ema:
            self._averages += self.add_optimizer_variables(new, "average")
        if self.gradient_accumulation_steps:
            self._accumulators += self.add_optimizer_variables(new, "gradient_accumulator")
        groups = [self._groups_of(v) for v in new]
        for i in range(max(map(len, groups))):
            for v, own in zip(new, groups, strict=True):
                self._slots[self._places[id(v)]] += [
                    self._make_slot(v, slot) for group in own[i : i + 1] for slot in group
                ]
        for native, v in self._natives.values():
            self._places[id(native)] = self._places[id(v)]
        self.built = True

    def _adopt(self, native: Any) -> Variable:
        """Return a variable over one of the framework's own: a `tf.Variable`, a parameter of torch's."""
        modules = backend_of([native]).modules
        name = f"variable_{len(self._natives)}"
        found: Variable | None = None if modules is None else modules.variable_over(native, name)
        if found is None:
            raise ArgumentError(
                f"a {type(native).__name__} is no variable", fix="pass Variables, or those of the framework"
            ).at(f"{type(self).__name__}.build")
        self._natives[id(native)] = native, found
        undecayed, names = self._undecayed
        if id(native) in undecayed:
            self._undecayed = (undecayed | {id(found): found}, names)
        return found

    def adopted(self, variables: Iterable[Any]) -> list[Variable]:
        """Return variables with the framework's own replaced by those made over them when the optimizer was built.

        Args:
            variables: iterable of variables, kcore's or the framework's own.
        """
        return [self._natives[id(v)][1] if id(v) in self._natives else v for v in variables]

    def _move_to_backend(self, backend: Backend) -> None:
        """Move to the backend of the variables, where that was not the current one when this was made."""
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
        shape: Shape,
        initializer: InitializerLike = "zeros",
        dtype: DType | None = None,
        aggregation: str = "none",
        layout: object = None,
        name: str | None = None,
    ) -> Variable:
        """Create a variable that is part of the optimizer's state.

        Args:
            shape: int or tuple of ints, the shape.
            initializer: `Initializer`, its name or config, array or None, the initial value; "zeros".
            dtype: dtype or its name; None, for `config.floatx()`.
            aggregation: str, how copies on several devices are combined; not used; "none".
            layout: anything, not used; None.
            name: str or None, the name, None for "variable"; None.
        """
        value = initializers.get(initializer)
        return self._new_variable(value, dtype or ops.config.floatx(), name or "variable", shape)

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: InitializerLike | float = "zeros"
    ) -> Variable:
        """Create a variable of the shape and dtype of another.

        Args:
            reference_variable: `Variable`, the variable whose shape and dtype it gets.
            name: str or None, the name, after that of the variable, None for "variable"; None.
            initializer: `Initializer`, its name or config, number or None, the initial value, None for a copy of the
                variable; "zeros".
        """
        v = reference_variable
        if initializer is None:
            value: Any = v.numpy()
        elif isinstance(initializer, int | float):
            value = initializers.Constant(initializer)
        else:
            value = initializers.get(initializer)
        full_name = f"{v.path.replace('/', '_')}_{name or 'variable'}"
        with beside(v):
            return self._new_variable(value, v._dtype, full_name, None if initializer is None else v.shape)

    def add_optimizer_variables(
        self,
        trainable_variables: Sequence[Variable],
        name: str | Sequence[str],
        initializer: InitializerLike | float | Sequence[InitializerLike | float] = "zeros",
    ) -> Any:
        """Create a variable, or one for each of several names, for each of `trainable_variables`.

        Args:
            trainable_variables: sequence of variables, the variables whose shapes and dtypes they get.
            name: str or sequence of strs, one name, or several.
            initializer: `Initializer`, its name or config, number or None, or a list of these, the initial value, or
                one for each name, None for a copy of the variable; "zeros".
        """
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
        """The learning rate: a variable; where it follows a schedule or a function, its value now."""
        rate = self._learning_rate
        return rate if isinstance(rate, Variable) else self._current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: LearningRate) -> None:
        rate = self._learning_rate
        if isinstance(value, LearningRateSchedule) or (callable(value) and not isinstance(value, Variable)):
            if isinstance(rate, Variable):
                self._variables = [v for v in self._variables if v is not rate]
            self._learning_rate = value
        elif isinstance(rate, Variable):
            rate.assign(value)
        else:
            what = "a schedule" if isinstance(rate, LearningRateSchedule) else "a function"
            raise ReadOnlyError(
                f"the learning rate follows {what}, and can not be set to a number",
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
        """Return the number of updates so far."""
        if not self.gradient_accumulation_steps:
            return self._iterations.value
        return ops.floor_divide(self._iterations.value, self.gradient_accumulation_steps)

    def _step(self, dtype: str) -> Any:
        return ops.cast(ops.add(self._count(), 1), dtype)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Exclude variables from the weight decay: those given, and those whose paths hold one of the names.

        Args:
            var_list: iterable of variables or None, the variables to leave out, None for none; None.
            var_names: sequence of strs or None, parts of the paths of variables to leave out, None for none; None.
        """
        own = self.adopted(var_list or ())
        variables, names = self._undecayed
        self._undecayed = (variables | {id(v): v for v in own}, (*names, *(var_names or ())))
        for each in self.inner_optimizers().values():
            each.exclude_from_weight_decay(own, var_names)

    def _decays(self, variable: Variable) -> bool:
        variables, names = self._undecayed
        return id(variable) not in variables and not any(name in variable.path for name in names)

    # Configuration and files.

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the optimizer."""
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
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Create an optimizer from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
            custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
                others; None.
        """
        return cls(**config)

    def set_weights(self, weights: Sequence[Tensor]) -> None:
        """Set the state from a value for each of `variables`.

        Args:
            weights: sequence of tensors, a value for each of `variables`.
        """
        self._check_number(len(weights), "set_weights")
        for v, value in zip(self.variables, weights, strict=True):
            v.assign(value)

    def _check_number(self, number: int, where: str) -> None:
        if number != len(self.variables):
            raise ArgumentError(
                f"{number} arrays were given and the optimizer has {len(self.variables)} variables",
                fix="build it with the variables it was built with before",
            ).at(f"{type(self).__name__}.{where}")

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Store the state in a mapping from "0", "1", ... to arrays.

        Args:
            store: mapping, where to put the arrays.
        """
        for i, v in enumerate(self.variables):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set the state from a mapping that `save_own_variables` filled.

        Args:
            store: mapping, what `save_own_variables` filled.
        """
        self._check_number(len(store), "load_own_variables")
        for i, v in enumerate(self.variables):  # one at a time: they may be twice as large as the model
            v.assign(store[str(i)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        left_out = ("_backend", "_updaters", "_places")
        state = {
            name: value
            for name, value in self.__dict__.items()
            if name not in left_out and not name.startswith("_self_")  # what TensorFlow keeps account in
        }
        # What is found by identity is found anew in a copy, which does not share it.
        variables, names = self._undecayed
        state.update(_natives=list(self._natives.values()), _undecayed=(list(variables.values()), names))
        return remake, (original_class(type(self)), self.backend.name), state

    def __setstate__(self, state: dict[str, Any]) -> None:
        natives = {id(native): (native, v) for native, v in state.pop("_natives")}
        variables, names = state["_undecayed"]
        undecayed = {id(v): v for v in variables}
        self.__dict__.update(state, _natives=natives, _undecayed=(undecayed, names), _updaters={})
        places = {id(v): i for i, v in enumerate(self._trainable_variables)}
        places.update({key: places[id(v)] for key, (_, v) in natives.items() if id(v) in places})
        self.__dict__["_places"] = places
        for i, v in enumerate(self._variables):
            self.add_part(str(i), v)
        for name, each in self.inner_optimizers().items():
            self.add_part(name, each)
