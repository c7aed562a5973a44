"""The compiled steps of a model: batches in, results out, the model's variables brought up to date."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import kcore_ops as ops
from kcore_layers import Model
from kcore_layers.base.tracking import attribute_version, state_version
from kcore_ops import Variable
from kcore_ops.foundation.errors import KcoreError
from kcore_ops.ops.core.conversion import tensor_on
from kcore_train.optimizers.optimizer_state import options_version
from kcore_train.steps.options import Watched, options_of
from kcore_train.steps.scope import StepScope

if TYPE_CHECKING:
    from kcore_train.trainer import Trainer

__all__ = ["StepFunctions"]

Function = Callable[..., Any]


@dataclasses.dataclass
class _Made:
    """A function and what it was made for.

    Attributes:
        function: the function.
        is_compiled: whether it holds what it read in Python when it was traced.
        was_traced: whether it has been since somebody looked.
        is_measured: whether losses, metrics and the optimizer have a part in it.
        made_for: the variables and options it was made for.
        version: that of all variables and options when they were last compared.
        watched: the objects that no version tells of.
        num_looks: how often somebody had asked to look at those when they were last looked at.
    """

    function: Function
    is_compiled: bool = False
    was_traced: bool = False
    is_measured: bool = True
    made_for: Any = None
    version: Any = None
    watched: Any = None
    num_looks: int = -1


def _unmade(*_: Any) -> Any:
    raise AssertionError("called before it was made")


class StepFunctions:
    """Makes each step's function when it is first wanted, and again when the model or an option has changed.

    A function is called with a sequence of batches, which it works through in one compiled call. What it gives is None,
    where the results stand in the metrics, or what the model's own step gave for the last batch; one that predicts
    gives a list of the outputs for each.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._made: dict[str, _Made] = {}
        self._num_looks = 0
        self._metrics: tuple[int, ...] = ()

    def forget(self) -> None:
        """Make all anew."""
        self._made.clear()

    def look_again(self) -> None:
        """Compare all options with those that functions were made for, also where no version tells of a change."""
        self._num_looks += 1

    def get(self, kind: str, force: bool = False) -> Function:
        """Give the function of a kind: "train", "test" or "predict"."""
        made = self._made.get(kind)
        if made is None or force or not self._is_current(made):
            made = self._made[kind] = _Made(_unmade)
            make = self._in_place if self.trainer.is_in_place else self._functional
            made.function = make(kind, made)
            self._note(made, kind != "predict")
        return made.function

    def _is_current(self, made: _Made) -> bool:
        """Say whether a function was made for the variables and options as they are now."""
        version = self._version()
        is_same = made.version == version
        if is_same and made.num_looks != self._num_looks:
            is_same = made.watched is None or made.watched.is_as_it_was()
        if not is_same and made.made_for != self._wanted(made):
            return False
        if not is_same:
            self._note(made, made.is_measured)
        made.version, made.num_looks = version, self._num_looks
        return True

    def _note(self, made: _Made, is_measured: bool) -> None:
        """Note what a function was made for."""
        made.made_for, made.version = self._wanted(made), self._version()
        made.is_measured, made.num_looks = is_measured, self._num_looks
        made.watched = Watched(self.trainer, is_measured) if made.is_compiled else None

    def _version(self) -> tuple[int, ...]:
        return state_version(), attribute_version(), options_version()

    def _wanted(self, made: _Made) -> Any:
        """Give what a function is to be made for now."""
        return self.trainer.signature(), options_of(self.trainer) if made.is_compiled else None

    def _settle(self, made: _Made) -> None:
        """Once a function was traced: what that changed itself, a layer that counts its calls say, is no change."""
        made.was_traced = False
        self._note(made, made.is_measured)

    def _own_step(self, kind: str) -> Function | None:
        """Give the step that the model's class defines, or None."""
        name = f"{kind}_step"
        model = self.trainer.model
        if getattr(type(model), name) is not getattr(Model, name):
            return getattr(model, name)  # type: ignore[no-any-return]
        return None

    # Where variables change in place.

    def _in_place(self, kind: str, made: _Made) -> Function:
        trainer = self.trainer
        backend = trainer.backend
        own = self._own_step(kind)
        step = own or getattr(trainer.steps, kind)
        without_gradients = kind != "train"
        gives_each = kind == "predict"
        weights = trainer.model.variables  # arrays become tensors where the model is

        def run(batches: Sequence[Any]) -> Any:
            made.was_traced = True
            results = None
            outputs: list[Any] = []
            for data in batches:
                data = _tensors(backend, data, weights[0]._storage if weights else None)
                if without_gradients:
                    with backend.without_gradients():
                        results = step(data)
                else:
                    results = step(data)
                if gives_each:
                    outputs.append(results)
            return outputs if gives_each else results

        if trainer.run_eagerly:
            return run
        compiled = backend.compile_in_place_step(run, trainer.jit_compile)
        made.is_compiled = compiled is not run
        if not made.is_compiled and trainer.jit_compile is True:
            warnings.warn(
                f"the {backend.name} backend does not compile steps; leave out jit_compile=True", stacklevel=2
            )
        return self._explaining(compiled, made) if made.is_compiled else run

    def _explaining(self, compiled: Function, made: _Made) -> Function:
        """Give a compiled step whose errors are kcore's, where the framework only finds out as it runs."""
        trainer = self.trainer

        def run(batches: Sequence[Any]) -> Any:
            try:
                results = compiled(batches)
            except KcoreError:
                raise
            except Exception as error:
                for data in batches:
                    fault = trainer.fault_of(data)
                    if fault is not None:
                        raise fault from error
                raise
            if made.was_traced:
                self._settle(made)
            return results

        return run

    # Where a step is a function of the state.

    def _functional(self, kind: str, made: _Made) -> Function:
        trainer = self.trainer
        backend = trainer.backend
        own = self._own_step(kind)
        others: list[Variable] = []
        lists = (*self._state(kind), others)
        order: dict[str, None] = {}

        def step(state: Any, data: Any) -> tuple[Any, Any]:
            data = _tensors(backend, data)
            if own is not None:
                results, after = own(state, data)
                return results, (state[0], after) if kind == "predict" else after
            if kind == "predict":
                results, after = trainer.steps.predict(state, data)
                return results, (state[0], after)
            return {}, getattr(trainer.steps, kind)(state, data)

        def steps(values: Any, batches: Any) -> tuple[Any, Any]:
            made.was_traced = True
            results: Any = {}
            outputs: list[Any] = []
            state = values[:-1]
            with StepScope(backend, lists, values) as scope:
                for data in batches:
                    scope.set(state)
                    results, state = step(state, data)
                    outputs.append(results)
                if kind == "predict":
                    results = outputs
                else:
                    order.update(dict.fromkeys(results))
                return results, (*(list(own) for own in state), scope.settle(others))

        made.is_compiled = not trainer.run_eagerly and trainer.jit_compile is not False
        compiled = backend.compile_step(steps) if made.is_compiled else steps
        assign = backend.assign_storage

        def run(batches: Sequence[Any]) -> Any:
            state = tuple([v._storage for v in variables] for variables in lists)
            results, after = compiled(state, tuple(batches))
            for variables, values in zip(lists, after, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable._storage = assign(variable._storage, value)
            if made.was_traced and made.is_compiled:
                self._settle(made)
            if kind == "predict":
                return results
            return None if own is None else _in_order(results, order)

        return run

    def _state(self, kind: str) -> tuple[list[Variable], ...]:
        """Give the lists of variables that a step of a kind is a function of."""
        trainer = self.trainer
        model = trainer.model
        lists: list[list[Variable]] = [model.trainable_variables, model.non_trainable_variables]
        if kind == "train":
            lists.append([] if trainer.optimizer is None else trainer.optimizer.variables)
        if kind != "predict":
            lists.append(model.metrics_variables)
        return tuple(lists)

    # Results.

    def results(self) -> dict[str, Any]:
        """Give the results of the metrics now, in one compiled call where the backend compiles."""
        metrics = tuple(id(metric) for metric in self.trainer.model.metrics)
        made = self._made.get("results")
        if made is None or self._metrics != metrics or not self._is_current(made):
            made = self._made["results"] = _Made(_unmade, is_compiled=not self.trainer.run_eagerly)
            made.function = self._make_results(made)
            self._metrics = metrics
            self._note(made, True)
        found: dict[str, Any] = made.function()
        return found

    def _make_results(self, made: _Made) -> Function:
        trainer = self.trainer
        backend, model = trainer.backend, trainer.model
        in_place = model.get_metrics_result
        if trainer.run_eagerly:
            return in_place
        if trainer.is_in_place:
            compiled = backend.compile_in_place_step(in_place, False)
            made.is_compiled = compiled is not in_place
            return compiled
        order: dict[str, None] = {}
        others: list[Variable] = []
        lists = (list(model.metrics_variables), others)

        def results(*values: Any) -> dict[str, Any]:
            with StepScope(backend, lists, values) as scope:
                found: dict[str, Any] = trainer.steps.results(values[0])
                scope.settle(others)
            order.update(dict.fromkeys(found))
            return found

        compiled = backend.jit(results)
        return lambda: _in_order(compiled(*[[v._storage for v in variables] for variables in lists]), order)


def _in_order(results: dict[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """Give results in the order they were made in: what JAX has compiled gives the keys of a dict sorted."""
    return {name: results[name] for name in order if name in results}


def _tensors(backend: Any, data: Any, like: Any = None) -> Any:
    """Give a batch whose arrays are tensors of a backend, beside another tensor of it."""

    def convert(leaf: Any) -> Any:
        return leaf if leaf is None or isinstance(leaf, str) else tensor_on(backend, leaf, None, like)

    if isinstance(data, tuple) and not any(isinstance(part, list | tuple | dict) for part in data):
        return tuple([convert(part) for part in data])
    return ops.tree.map_structure(convert, data)
