"""Steps as functions of the state, for backends whose variables are not changed in place.

The state of a step is a tuple of lists of values: those of the trainable variables, of the model's others, of the
optimizer's where it trains, and of the metrics' unless it predicts.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from kcore_ops import StatelessScope, Variable
from kcore_ops.backends.abilities import NotCompilable
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.state.stateless_scope import in_stateless_scope
from kcore_ops.transforms.fallbacks import value_and_grad_on

from kcore_train.data import Batch, unpack_x_y_sample_weight
from kcore_train.objective.outputs import masks_of, with_masks
from kcore_train.steps.scanning import at, scan_steps, stack_batches
from kcore_train.steps.scope import ListsScope, StepScope
from kcore_train.steps.step import Kind, StepFunction, StepRecord, TrainingSetup, own_step
from kcore_train.steps.tensors import batch_tensors, has_texts

__all__ = ["FunctionalSteps"]

Values: TypeAlias = Sequence[Tensor]
State: TypeAlias = Sequence[Values]


class FunctionalSteps:
    """Steps `(state, data) -> (results, state)`, where `data` is a batch of tensors.

    Args:
        setup: the model, and what it is trained with.
        scans: whether several steps in one call are a scan; True.
    """

    def __init__(self, setup: TrainingSetup, scans: bool = True) -> None:
        self.setup = setup
        self.scans = scans

    def train(self, state: State, data: Batch) -> tuple[Values, ...]:
        """Return the state after one training step.

        Args:
            state: the state before it.
            data: a batch of tensors.
        """
        setup = self.setup
        trainable, *rest = map(list, state)
        batch = unpack_x_y_sample_weight(data)
        others: list[Variable] = []
        differentiated = value_and_grad_on(setup.backend, functools.partial(self.loss_and_updates, others), (0,), True)
        (_, aux), (gradients,) = differentiated(trainable, rest, *batch)
        loss, y_pred, masks, (non_trainable, optimizer_values, metric_values), of_others = aux
        _assign_in_scope(zip(others, of_others, strict=True))
        variables = setup.model.trainable_variables
        trainable, optimizer_values = setup.optimizer.stateless_apply_to(
            variables, optimizer_values, gradients, trainable
        )
        x, y, sample_weight = batch
        with self._scope(trainable, non_trainable, optimizer_values, metric_values) as scope:
            setup.objective.update_state(loss, x, y, with_masks(y_pred, masks), sample_weight)
            after, beyond = scope.after(), scope.beyond()
        _assign_in_scope(beyond)
        return tuple(after)

    def loss_and_updates(
        self, others: list[Variable], trainable: Values, rest: State, x: Tree, y: Tree, sample_weight: Tree
    ) -> tuple[Tensor, tuple[Any, ...]]:
        """Return the loss to differentiate, and beside it the loss itself, the outputs and what else has changed.

        Args:
            others: receives the variables of none of the lists that were assigned to.
            trainable: the values to differentiate by.
            rest: the other lists of the state.
            x: inputs.
            y: targets.
            sample_weight: weights of the samples, or None.
        """
        setup = self.setup
        with self._scope(trainable, *rest) as scope:
            y_pred = setup.model(x, training=True)
            loss = setup.objective.loss_of_model(x, y, y_pred, sample_weight, True)
            scaled = setup.optimizer.scale_loss(loss)
            _, *after = scope.after()
            beyond = scope.beyond()
        others[:] = [variable for variable, _ in beyond]
        return scaled, (loss, y_pred, masks_of(y_pred), after, [value for _, value in beyond])

    def test(self, state: State, data: Batch) -> tuple[Values, ...]:
        """Return the state after the evaluation of one batch.

        Args:
            state: the state before it.
            data: a batch of tensors.
        """
        setup = self.setup
        trainable, non_trainable, metric_values = state
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with self._scope(trainable, non_trainable, None, metric_values) as scope:
            y_pred = setup.model(x, training=False)
            loss = setup.objective.loss_of_model(x, y, y_pred, sample_weight, False)
            setup.objective.update_state(loss, x, y, y_pred, sample_weight)
            after, beyond = scope.after(), scope.beyond()
        _assign_in_scope(beyond)
        return tuple(after)

    def predict(self, state: State, data: Batch) -> tuple[Tree, Values]:
        """Return the outputs for one batch, and the variables that are not trained as they are afterwards.

        Args:
            state: the state before it.
            data: a batch of tensors.
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        with self._scope(*state, None, None) as scope:
            outputs = self.setup.model(x, training=False)
            (_, after), beyond = scope.after(), scope.beyond()
        _assign_in_scope(beyond)
        return outputs, after

    def take(self, kind: Kind, state: State, data: Batch) -> tuple[Any, Any]:
        """Take a step; return the results of the metrics, or the outputs of a prediction, and the state after it.

        Args:
            kind: which step.
            state: the state before it.
            data: a batch of tensors.
        """
        if kind == "predict":
            return self.predict(state, data)
        after = self.train(state, data) if kind == "train" else self.test(state, data)
        return self._results(after[-1]), after

    def _results(self, metric_values: Values) -> dict[str, Tensor]:
        """Return the results of the metrics for values of their variables."""
        model = self.setup.model
        with StatelessScope(list(zip(model.metrics_variables, metric_values, strict=True))):
            found: dict[str, Tensor] = model.get_metrics_result()
            return found

    def _scope(self, *values: Values | None) -> ListsScope:
        """Return a scope in which the lists of variables have these values: all four, None for one that is left out."""
        model, optimizer = self.setup.model, self.setup.optimizer
        lists = (
            model.trainable_variables,
            model.non_trainable_variables,
            [] if optimizer is None else optimizer.variables,
            model.metrics_variables,
        )
        given = [(variables, own) for variables, own in zip(lists, values, strict=True) if own is not None]
        return ListsScope([variables for variables, _ in given], [own for _, own in given])

    # As functions of several batches, compiled.

    def make(self, kind: Kind, record: StepRecord) -> StepFunction:
        """Return the function of a step, which brings the variables up to date.

        Args:
            kind: which step.
            record: is told whether the function is compiled, and when it is traced.
        """
        setup = self.setup
        backend = setup.backend
        own = own_step(setup.model, kind)
        step = self._state_step(kind, own)
        others: list[Variable] = []
        lists = (*self._lists(kind), others)
        order: dict[str, None] = {}

        def one(values: Any, data: Any) -> tuple[Any, Any]:
            record.was_traced = True
            with StepScope(backend, lists, values) as scope:
                results, state = step(values[:-1], batch_tensors(backend, data))
                if kind != "predict":
                    order.update(dict.fromkeys(results))
                return results, (*(list(own) for own in state), scope.end(others))

        def many(values: Any, batches: Any) -> tuple[Any, Any]:
            return scan_steps(one, lists, values, batch_tensors(backend, batches))

        record.is_compiled = not setup.run_eagerly and setup.jit_compile is not False
        # Several threads may predict with one model, and predicting changes no weight.
        keeps_state = kind == "predict"
        num_unchanged = 1 if kind == "predict" and own is None else 0

        def alone(values: Any, data: Any) -> tuple[Any, Any]:
            results, after = one(values, data)
            return results, after[num_unchanged:]

        compile_step = backend.training.compile_step
        compiled = compile_step(alone, keeps_state) if record.is_compiled else alone
        compiled_many = compile_step(many, keeps_state) if record.is_compiled and self.scans else None
        takes_arrays = backend.training.takes_arrays or not record.is_compiled
        weights = setup.model.variables

        def run(batches: Sequence[Batch]) -> Any:
            # A group of another size, the last one, goes batch by batch, and needs nothing to be compiled for it.
            stacked = (
                stack_batches(batches) if compiled_many and 1 < len(batches) == setup.steps_per_execution else None
            )
            if stacked is not None:
                results = call(compiled_many, stacked, lists)
                return [at(results, i) for i in range(len(batches))] if kind == "predict" else at(results, -1)
            found = [call(compiled, data, lists[num_unchanged:]) for data in batches]
            return found if kind == "predict" else found[-1]

        def taken(function: Any, state: Any, data: Any) -> Any:
            nonlocal compiled
            try:
                return function(state, data)
            except Exception as error:
                if isinstance(error, NotCompilable) or function is alone or not has_texts(data):
                    raise
            warnings.warn(
                f"the {kind} step runs eagerly: compiled ones take no texts on the {backend.name} backend; map the "
                "layers of texts over the data first",
                stacklevel=5,
            )
            compiled = alone
            return alone(state, data)

        def call(function: Any, data: Any, lists_after: Any) -> Any:
            state = tuple([[v._storage for v in variables] for variables in lists])
            if not takes_arrays:
                data = batch_tensors(backend, data, weights)
            results, after = taken(function, state, data)
            changed = [variable for variables in lists_after for variable in variables]
            if changed:
                values = [value for own in after for value in own]
                storages = backend.assign_storages([v._storage for v in changed], values)
                for variable, storage in zip(changed, storages, strict=True):
                    variable._storage = storage
            if record.was_traced and record.is_compiled:
                record.record()
            if kind == "predict":
                return results
            return None if own is None else _in_order(results, order)

        return run

    def _state_step(self, kind: Kind, own: Callable[..., Any] | None) -> Callable[[Any, Any], tuple[Any, Any]]:
        """Return a step as a function from a state to results and a state of the same lists."""
        if kind == "predict":
            predict = own or self.predict

            def step(state: Any, data: Any) -> tuple[Any, Any]:
                outputs, non_trainable = predict(state, data)
                return outputs, (state[0], non_trainable)

            return step
        if own is not None:
            return own
        take: Callable[..., Any] = getattr(self, kind)
        return lambda state, data: ({}, take(state, data))  # the results stand in the metrics

    def _lists(self, kind: Kind) -> tuple[list[Variable], ...]:
        """Return the lists of variables that a step is a function of."""
        model, optimizer = self.setup.model, self.setup.optimizer
        lists: list[list[Variable]] = [model.trainable_variables, model.non_trainable_variables]
        if kind == "train":
            lists.append([] if optimizer is None else optimizer.variables)
        if kind != "predict":
            lists.append(model.metrics_variables)
        return tuple(lists)

    def make_results(self, record: StepRecord) -> Callable[[], dict[str, Tensor]]:
        """Return the function that returns the results of the metrics.

        Args:
            record: is told whether the function is compiled.
        """
        setup = self.setup
        backend, model = setup.backend, setup.model
        if setup.run_eagerly:
            return model.get_metrics_result
        order: dict[str, None] = {}
        others: list[Variable] = []
        lists = (list(model.metrics_variables), others)

        def results(*values: Any) -> dict[str, Tensor]:
            with StepScope(backend, lists, values) as scope:
                found = self._results(values[0])
                scope.end(others)
            order.update(dict.fromkeys(found))
            return found

        record.is_compiled = True
        compiled = backend.jit(results)
        return lambda: _in_order(compiled(*[[v._storage for v in variables] for variables in lists]), order)


def _in_order(results: dict[str, Tensor], order: Iterable[str]) -> dict[str, Tensor]:
    """Return results in the order they were made in: what JAX has compiled has the keys of a dict sorted."""
    return {name: results[name] for name in order if name in results}


def _assign_in_scope(updates: Iterable[tuple[Variable, Tensor]]) -> None:
    """Hand assignments on to the scope around a step; where there is none, a pure function changes nothing."""
    if in_stateless_scope():
        for variable, value in updates:
            variable.assign(value)
