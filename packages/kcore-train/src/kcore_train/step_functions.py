"""The compiled steps of a model: batches in, results out, the model's variables brought up to date."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import kcore_ops as ops
from kcore_layers import Model
from kcore_ops import Variable
from kcore_ops.conversion import tensor_on
from kcore_ops.errors import KcoreError

if TYPE_CHECKING:
    from kcore_train.trainer import Trainer

__all__ = ["StepFunctions"]

Function = Callable[..., Any]


class StepFunctions:
    """Makes each step's function when it is first wanted, and again when the model has changed.

    A function is called with a sequence of batches, which it works through in one compiled call. What it gives is None,
    where the results stand in the metrics, or what the model's own step gave for the last batch.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._made: dict[str, tuple[Any, Function]] = {}
        self._results: tuple[Any, Function] | None = None

    def forget(self) -> None:
        """Make all anew."""
        self._made.clear()
        self._results = None

    def get(self, kind: str, force: bool = False) -> Function:
        """Give the function of a kind: "train", "test" or "predict"."""
        signature = self.trainer.signature()
        found = self._made.get(kind)
        if force or found is None or found[0] != signature:
            make = self._in_place if self.trainer.is_in_place else self._functional
            found = self._made[kind] = (signature, make(kind))
        return found[1]

    def _own_step(self, kind: str) -> Function | None:
        """Give the step that the model's class defines, or None."""
        name = f"{kind}_step"
        model = self.trainer.model
        if getattr(type(model), name) is not getattr(Model, name):
            return getattr(model, name)  # type: ignore[no-any-return]
        return None

    @property
    def _is_compiled(self) -> bool:
        trainer = self.trainer
        return not trainer.run_eagerly and trainer.jit_compile is not False

    # Where variables change in place.

    def _in_place(self, kind: str) -> Function:
        trainer = self.trainer
        backend = trainer.backend
        own = self._own_step(kind)
        step = own or getattr(trainer.steps, kind)
        without_gradients = kind != "train"

        def run(batches: Sequence[Any]) -> Any:
            results = None
            for data in batches:
                data = _tensors(backend, data)
                if without_gradients:
                    with backend.without_gradients():
                        results = step(data)
                else:
                    results = step(data)
            return results

        if trainer.run_eagerly:
            return run
        compiled = backend.compile_in_place_step(run, trainer.jit_compile)
        if compiled is run and trainer.jit_compile is True:
            warnings.warn(
                f"the {backend.name} backend does not compile steps; leave out jit_compile=True", stacklevel=2
            )
        return run if compiled is run else self._explaining(compiled)

    def _explaining(self, compiled: Function) -> Function:
        """Give a compiled step whose errors are kcore's, where the framework only finds out as it runs."""
        trainer = self.trainer

        def run(batches: Sequence[Any]) -> Any:
            try:
                return compiled(batches)
            except KcoreError:
                raise
            except Exception as error:
                for data in batches:
                    fault = trainer.fault_of(data)
                    if fault is not None:
                        raise fault from error
                raise

        return run

    # Where a step is a function of the state.

    def _functional(self, kind: str) -> Function:
        trainer = self.trainer
        backend = trainer.backend
        own = self._own_step(kind)
        lists = self._state(kind)
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

        def steps(state: Any, batches: Any) -> tuple[Any, Any]:
            results: Any = {}
            for data in batches:
                results, state = step(state, data)
            if kind != "predict":
                order.update(dict.fromkeys(results))
            return results, tuple(list(values) for values in state)

        compiled = backend.compile_step(steps) if self._is_compiled else steps
        assign = backend.assign_storage

        def run(batches: Sequence[Any]) -> Any:
            state = tuple([v._storage for v in variables] for variables in lists)
            results, after = compiled(state, tuple(batches))
            for variables, values in zip(lists, after, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable._storage = assign(variable._storage, value)
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
        trainer = self.trainer
        metrics = tuple(id(metric) for metric in trainer.model.metrics)
        if self._results is None or self._results[0] != metrics:
            self._results = (metrics, self._make_results())
        found: dict[str, Any] = self._results[1]()
        return found

    def _make_results(self) -> Function:
        trainer = self.trainer
        if trainer.run_eagerly:
            return trainer.model.get_metrics_result
        if trainer.is_in_place:
            return trainer.backend.compile_in_place_step(trainer.model.get_metrics_result, False)
        order: dict[str, None] = {}

        def results(values: Any) -> dict[str, Any]:
            found: dict[str, Any] = trainer.steps.results(values)
            order.update(dict.fromkeys(found))
            return found

        compiled = trainer.backend.jit(results)
        return lambda: _in_order(compiled([v._storage for v in trainer.model.metrics_variables]), order)


def _in_order(results: dict[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """Give results in the order they were made in: what JAX has compiled gives the keys of a dict sorted."""
    return {name: results[name] for name in order if name in results}


def _tensors(backend: Any, data: Any) -> Any:
    """Give a batch whose arrays are tensors of a backend."""

    def convert(leaf: Any) -> Any:
        return leaf if leaf is None or isinstance(leaf, str) else tensor_on(backend, leaf, None)

    if isinstance(data, tuple) and not any(isinstance(part, list | tuple | dict) for part in data):
        return tuple([convert(part) for part in data])
    return ops.tree.map_structure(convert, data)
