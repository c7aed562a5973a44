"""Steps that change variables as they go, for backends whose variables are changed in place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from kcore_ops.backends.abilities import NotCompilable
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import KcoreError

from kcore_train.data import Batch, unpack_x_y_sample_weight
from kcore_train.steps.functional import FunctionalSteps
from kcore_train.steps.scanning import at, stack_batches
from kcore_train.steps.step import Kind, StepFunction, StepRecord, TrainingSetup, own_step
from kcore_train.steps.tensors import batch_tensors

__all__ = ["InPlaceSteps"]


class InPlaceSteps:
    """Steps `(data) -> results`, where `data` is a batch of tensors.

    Args:
        setup: the model, and what it is trained with.
    """

    def __init__(self, setup: TrainingSetup) -> None:
        self.setup = setup

    def train(self, data: Batch) -> None:
        """Take one training step.

        Args:
            data: a batch of tensors.
        """
        setup = self.setup
        model, objective, optimizer = setup.model, setup.objective, setup.optimizer
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        variables = model.trainable_variables

        def forward() -> tuple[Tensor, tuple[Tensor, Tree]]:
            y_pred = model(x, training=True)
            loss = objective.loss_of_model(x, y, y_pred, sample_weight, True)
            return optimizer.scale_loss(loss), (loss, y_pred)

        storages = [v._storage for v in variables]
        if storages:
            _, (loss, y_pred), gradients = setup.backend.training.value_and_grad_in_place(forward, storages)
            optimizer.apply(gradients, variables)
        else:
            _, (loss, y_pred) = forward()
        objective.update_state(loss, x, y, y_pred, sample_weight)

    def test(self, data: Batch) -> None:
        """Evaluate one batch.

        Args:
            data: a batch of tensors.
        """
        setup = self.setup
        objective = setup.objective
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = setup.model(x, training=False)
        loss = objective.loss_of_model(x, y, y_pred, sample_weight, False)
        objective.update_state(loss, x, y, y_pred, sample_weight)

    def predict(self, data: Batch) -> Tree:
        """Return the outputs for one batch.

        Args:
            data: a batch of tensors.
        """
        x = data if hasattr(data, "dtype") else unpack_x_y_sample_weight(data)[0]
        return self.setup.model(x, training=False)

    def take(self, kind: Kind, data: Batch) -> Any:
        """Take a step; return the results of the metrics, or the outputs of a prediction.

        Args:
            kind: which step.
            data: a batch of tensors.
        """
        if kind == "predict":
            return self.predict(data)
        self.train(data) if kind == "train" else self.test(data)
        return self.setup.model.get_metrics_result()

    # As functions of several batches, compiled.

    def make(self, kind: Kind, record: StepRecord) -> StepFunction:
        """Return the function of a step.

        Args:
            kind: which step.
            record: is told whether the function is compiled, and when it is traced.
        """
        setup = self.setup
        backend = setup.backend
        step: Callable[[Any], Any] = own_step(setup.model, kind) or getattr(self, kind)
        is_prediction = kind == "predict"
        weights = setup.model.variables  # arrays become tensors where the model is
        tensor_types = backend.tensor_types
        if kind != "train":
            step = backend.training.without_gradients(step)

        def run(batches: Sequence[Batch]) -> Any:
            record.was_traced = True
            results = [
                step(data if data.__class__ in tensor_types else batch_tensors(backend, data, weights))
                for data in batches
            ]
            return results if is_prediction else results[-1]

        if setup.run_eagerly:
            return run
        if setup.jit_compile is True and backend.training.compiles_functions:
            if own_step(setup.model, kind) is None:
                return self._as_function(kind, record, run)
            warnings.warn(f"jit_compile=True does not compile a {kind}_step of the model's own", stacklevel=2)
            return run
        compiled = backend.training.compile_in_place_step(run, setup.jit_compile)
        record.is_compiled = compiled is not run
        if not record.is_compiled and setup.jit_compile is True:
            warnings.warn(
                f"the {backend.name} backend does not compile steps; leave out jit_compile=True", stacklevel=2
            )
        if not record.is_compiled:
            return run
        if backend.training.loops_in_place and setup.steps_per_execution > 1:
            compiled = self._looping(compiled, step, is_prediction, record)
        return self._explaining(compiled, record)

    def _looping(
        self, compiled: StepFunction, step: Callable[[Batch], Any], is_prediction: bool, record: StepRecord
    ) -> StepFunction:
        """Return a step whose full groups of batches are worked through by a loop, in a function compiled as one is."""
        setup = self.setup
        training = setup.backend.training

        def many(batches: Tree) -> Any:
            record.was_traced = True
            return training.loop_in_place(step, batch_tensors(setup.backend, batches), is_prediction)

        compiled_many = training.compile_in_place_step(many, setup.jit_compile)

        def run(batches: Sequence[Batch]) -> Any:
            # A group of another size, the last one, goes batch by batch, and needs nothing to be compiled for it.
            stacked = stack_batches(batches) if 1 < len(batches) == setup.steps_per_execution else None
            if stacked is not None:
                results = compiled_many(stacked)
                return [at(results, i) for i in range(len(batches))] if is_prediction else results
            found = [compiled((data,)) for data in batches]
            return [outputs for each in found for outputs in each] if is_prediction else found[-1]

        return run

    def _as_function(self, kind: Kind, record: StepRecord, run: StepFunction) -> StepFunction:
        """Return a step that is compiled as a function of the state, or `run` once that turns out to be impossible."""
        function = FunctionalSteps(self.setup, scans=False).make(kind, record)

        def one(data: Batch) -> Any:
            nonlocal function
            try:
                return function((data,))
            except NotCompilable as reason:
                warnings.warn(
                    f"the {kind} step runs eagerly: {reason.problem}; leave out jit_compile=True", stacklevel=3
                )
            function, record.is_compiled = run, False
            return run((data,))

        def take(batches: Sequence[Batch]) -> Any:
            # One by one: where that turns out at a later batch, the earlier ones are done.
            found = [one(data) for data in batches]
            return [outputs for each in found for outputs in each] if kind == "predict" else found[-1]

        return take

    def _explaining(self, compiled: StepFunction, record: StepRecord) -> StepFunction:
        """Return a compiled step whose errors are kcore's, where the framework only finds out as it runs."""
        setup = self.setup

        def run(batches: Sequence[Batch]) -> Any:
            try:
                results = compiled(batches)
            except KcoreError:
                raise
            except Exception as error:
                for data in batches:
                    fault = setup.objective.fault_of(data)
                    if fault is not None:
                        raise fault from error
                raise
            if record.was_traced:
                record.record()
            return results

        return run

    def make_results(self, record: StepRecord) -> Callable[[], dict[str, Tensor]]:
        """Return the function that returns the results of the metrics.

        Args:
            record: is told whether the function is compiled.
        """
        setup = self.setup
        results = setup.model.get_metrics_result
        if setup.run_eagerly:
            return results
        compiled = setup.backend.training.compile_in_place_step(results, False)
        record.is_compiled = compiled is not results
        return compiled
