"""How models are trained: methods that pass the work on to the component `trainer`, the package kcore-train."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

from kcore_ops.backends import registry
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import PluginError

from kcore_layers.models.stateless_training import StatelessTraining

__all__ = ["TrainedLayer"]


class HasConfig(Protocol):
    """An optimizer or a metric: an object that can be made anew of its config."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        ...


class Callback(Protocol):
    """What `fit` and its siblings tell of their progress."""

    def set_model(self, model: Any) -> None:
        """Take the model that is worked on."""
        ...


OptimizerLike: TypeAlias = str | Mapping[str, Any] | HasConfig | None
# One for all outputs, or one for each in a list, or in a dict by name.
LossLike: TypeAlias = str | Callable[..., Tensor] | Sequence[Any] | Mapping[str, Any] | None
LossWeights: TypeAlias = float | Sequence[float] | Mapping[str, float] | None
Metrics: TypeAlias = Sequence[Any] | Mapping[str, Any] | None
# Arrays, tensors, trees of them, or a source of batches.
Data: TypeAlias = Tree
Callbacks: TypeAlias = Callback | Sequence[Callback] | None
Verbose: TypeAlias = int | bool | Literal["auto"]
JitCompile: TypeAlias = bool | Literal["auto"]


class _CompiledLoss:
    """The loss that a model was compiled with, or None; an attribute that a user sets under this name comes before."""

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is None:
            return self
        trainer = model.__dict__.get("_kcore_made_trainer")
        return None if trainer is None else trainer.loss


class TrainedLayer(StatelessTraining):
    """The part of `Model` that is about training; the loop itself is the component `trainer`."""

    history: Any

    # Training: the component `trainer` does it.

    @property
    def _kcore_trainer(self) -> Any:
        """What trains this model: made by the component `trainer` when it is first asked for."""
        found = self.__dict__.get("_kcore_made_trainer")
        if found is None:
            try:
                component = registry.component("trainer")
            except PluginError as error:
                raise ImportError(
                    "model.fit() and its kin need the package kcore-train\n  fix: pip install kcore-train"
                ) from error
            found = component(self)
            self._kcore_set_untracked("_kcore_made_trainer", found)
        return found

    def compile(
        self,
        optimizer: OptimizerLike = "rmsprop",
        loss: LossLike = None,
        loss_weights: LossWeights = None,
        metrics: Metrics = None,
        weighted_metrics: Metrics = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: JitCompile = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Set how the model is trained and measured.

        Args:
            optimizer: optimizer, its name or its config, or None for a model that is only evaluated; "rmsprop".
            loss: loss, its name, or a function of `(y_true, y_pred)`; or a list or dict of them, one for each output.
                None, the default, leaves the losses that layers add.
            loss_weights: number, or list or dict of numbers, that the losses are multiplied by; None, the default, is 1
                for each.
            metrics: list of metrics or their names; for several outputs a list of lists or a dict. None, the default,
                is no metrics.
            weighted_metrics: the same, of metrics that take the sample weights into account; None, the default, is no
                metrics.
            run_eagerly: bool, whether steps run uncompiled, for debugging; False by default.
            steps_per_execution: int, the number of batches that one compiled call works through; 1 by default.
            jit_compile: bool, whether steps are compiled; "auto", the default, leaves it to the backend.
            auto_scale_loss: bool, whether the loss is scaled against underflow where the model computes in float16;
                True by default.

        Raises:
            ArgumentError: if a name is unknown.
        """
        self._kcore_trainer.compile(
            optimizer=optimizer,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=auto_scale_loss,
        )

    def fit(
        self,
        x: Data = None,
        y: Data = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbose = "auto",
        callbacks: Callbacks = None,
        validation_split: float = 0.0,
        validation_data: Data = None,
        shuffle: bool | str = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Tree = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
    ) -> Any:
        """Train the model.

        Args:
            x: inputs: arrays, tensors, trees of them, or a source of batches (a generator, `PyDataset`, `tf.data`
                dataset, torch `DataLoader`).
            y: targets, arrays or tensors or trees of them; None, the default, where `x` is a source, whose batches hold
                them.
            batch_size: int, the number of samples in a batch; None, the default, is 32.
            epochs: int, the number of the epoch to stop before; 1 by default.
            verbose: 0 silent, 1 a progress bar, 2 a line for each epoch; "auto", the default, is 1.
            callbacks: list of callbacks, or one; None, the default, is none.
            validation_split: float, the fraction of the samples, the last ones, that is kept for validation; 0 by
                default.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or a source of batches; None, the default, is no
                validation.
            shuffle: bool, whether samples are drawn in another order in each epoch; True by default.
            class_weight: dict from the number of a class to the factor of its samples' loss; None, the default, is 1
                for each.
            sample_weight: array of the factors of the samples' losses, or a list or dict of them, one for each output;
                None, the default, is 1 for each.
            initial_epoch: int, the number of the first epoch; 0 by default.
            steps_per_epoch: int, the number of batches in an epoch; None, the default, is all of them.
            validation_steps: int, the number of batches of a validation; None, the default, is all of them.
            validation_batch_size: int, the number of samples in a batch of a validation; None, the default, is
                `batch_size`.
            validation_freq: int, the epochs from one validation to the next, or the numbers of those that end with one;
                1 by default.

        Returns:
            A `History`: its `history` maps the name of each loss and metric to its values, one for each epoch.

        Raises:
            ArgumentError: if the model is not compiled, or an argument is wrong.
            ShapeError: if the parts of the data differ in length, or do not fit the model.
            GradientsUnavailable: if the backend has no gradients.
        """
        arguments = {name: value for name, value in locals().items() if name != "self"}
        return self._kcore_trainer.fit(**arguments)

    def evaluate(
        self,
        x: Data = None,
        y: Data = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: Tree = None,
        steps: int | None = None,
        callbacks: Callbacks = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the loss and the metrics on some data.

        Args:
            x: as for `fit`.
            y: as for `fit`.
            batch_size: int, the number of samples in a batch; None, the default, is 32.
            verbose: as for `fit`.
            sample_weight: as for `fit`.
            steps: int, the number of batches to evaluate; None, the default, is all of them.
            callbacks: list of callbacks, or one; None, the default, is none.
            return_dict: bool, whether to return a dict by name in place of a list; False by default.
            **kwargs: none.

        Returns:
            The loss if there are no metrics; a list of them, or a dict.
        """
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs")}
        return self._kcore_trainer.evaluate(**arguments, **kwargs)

    def predict(
        self,
        x: Data,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        steps: int | None = None,
        callbacks: Callbacks = None,
    ) -> Any:
        """Return the outputs for some inputs as NumPy arrays, computed in batches.

        Args:
            x: as for `fit`.
            batch_size: int, the number of samples in a batch; None, the default, is 32.
            verbose: as for `fit`.
            steps: int, the number of batches to predict; None, the default, is all of them.
            callbacks: list of callbacks, or one; None, the default, is none.

        Returns:
            An array, or the tree of arrays that the model's outputs are.
        """
        return self._kcore_trainer.predict(x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks)

    def train_on_batch(
        self,
        x: Tree,
        y: Tree = None,
        sample_weight: Tree = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one training step, and return the loss and the metrics of this batch.

        Args:
            x: inputs of the batch: arrays or tensors, or a tree of them.
            y: its targets; None by default.
            sample_weight: array of the factors of the samples' losses; None, the default, is 1 for each.
            class_weight: dict from the number of a class to the factor of its samples' loss; None, the default, is 1
                for each.
            return_dict: bool, whether to return a dict by name in place of a list; False by default.
        """
        return self._kcore_trainer.train_on_batch(x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Tree, y: Tree = None, sample_weight: Tree = None, return_dict: bool = False) -> Any:
        """Evaluate one batch, and return its loss and metrics.

        Args:
            x: as for `train_on_batch`.
            y: as for `train_on_batch`.
            sample_weight: as for `train_on_batch`.
            return_dict: bool, whether to return a dict by name in place of a list; False by default.
        """
        return self._kcore_trainer.test_on_batch(x, y, sample_weight, return_dict)

    def predict_on_batch(self, x: Tree) -> Any:
        """Return the outputs for one batch as NumPy arrays.

        Args:
            x: inputs of the batch: arrays or tensors, or a tree of them.
        """
        return self._kcore_trainer.predict_on_batch(x)

    # Override one of these to change what a step does.

    def train_step(self, *args: Tree) -> Any:
        """Train on one batch. Override it as `train_step(self, data)` on a backend whose variables change in place.

        On one whose step is a function of the state: `train_step(self, state, data)`, returning `(logs, state)`, with
        state `(trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables)`.

        Args:
            *args: the batch, `(x, y, sample_weight)` or a part of it; before it, on the second kind of backend, the
                state.
        """
        return self._kcore_trainer.train_step(*args)

    def test_step(self, *args: Tree) -> Any:
        """Evaluate one batch; override it with the arguments of `train_step`, the state without the optimizer's.

        Args:
            *args: as for `train_step`.
        """
        return self._kcore_trainer.test_step(*args)

    def predict_step(self, *args: Tree) -> Any:
        """Return the outputs for one batch; override it as `test_step`.

        Args:
            *args: as for `train_step`.
        """
        return self._kcore_trainer.predict_step(*args)

    def compute_loss(
        self, x: Tree = None, y: Tree = None, y_pred: Tree = None, sample_weight: Tree = None, training: bool = True
    ) -> Any:
        """Return the scalar to minimise: the compiled losses, and those that layers added.

        Args:
            x: the inputs of the batch.
            y: its targets.
            y_pred: the model's outputs for it.
            sample_weight: the factors of the samples' losses; None, the default, is 1 for each.
            training: bool, whether the loss is that of a training step; True by default.
        """
        return self._kcore_trainer.compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x: Tree, y: Tree, y_pred: Tree, sample_weight: Tree = None) -> dict[str, Any]:
        """Update the metrics, and return their results by name.

        Args:
            x: the inputs of the batch.
            y: its targets.
            y_pred: the model's outputs for it.
            sample_weight: the weights of its samples; None, the default, is 1 for each.
        """
        found: dict[str, Any] = self._kcore_trainer.compute_metrics(x, y, y_pred, sample_weight)
        return found

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """Return the function that takes a training step, compiled.

        Args:
            force: bool, whether to make it anew where it is there already; False by default.
        """
        return self._kcore_trainer.make_train_function(force)  # type: ignore[no-any-return]

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """Return the function that evaluates a batch, compiled.

        Args:
            force: bool, whether to make it anew where it is there already; False by default.
        """
        return self._kcore_trainer.make_test_function(force)  # type: ignore[no-any-return]

    def make_predict_function(self, force: bool = False) -> Callable[..., Any]:
        """Return the function that predicts a batch, compiled.

        Args:
            force: bool, whether to make it anew where it is there already; False by default.
        """
        return self._kcore_trainer.make_predict_function(force)  # type: ignore[no-any-return]

    def reset_metrics(self) -> None:
        """Reset the metrics to their initial states."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of the metrics so far, by name."""
        found: dict[str, Any] = self._kcore_trainer.get_metrics_result()
        return found

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile` as plain data, or None if it was not called."""
        trainer = self.__dict__.get("_kcore_made_trainer")
        return None if trainer is None else trainer.get_compile_config()

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with what `get_compile_config` returned.

        Args:
            config: dict of the arguments of `compile` as plain data.
        """
        self._kcore_trainer.compile_from_config(config)

    @property
    def optimizer(self) -> Any:
        """The optimizer it was compiled with, or None."""
        trainer = self.__dict__.get("_kcore_made_trainer")
        return None if trainer is None else trainer.optimizer

    @optimizer.setter
    def optimizer(self, value: OptimizerLike) -> None:
        self._kcore_trainer.optimizer = value

    loss = _CompiledLoss()

    @property
    def compiled(self) -> bool:
        """Whether it was compiled."""
        trainer = self.__dict__.get("_kcore_made_trainer")
        return trainer is not None and trainer.is_compiled

    @property
    def stop_training(self) -> bool:
        """Whether `fit` is to end after this batch; callbacks set it."""
        return bool(self.__dict__.get("_kcore_stop_training", False))

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self._kcore_set_untracked("_kcore_stop_training", bool(value))

    @property
    def stop_evaluating(self) -> bool:
        """Whether `evaluate` is to end after this batch; callbacks set it."""
        return bool(self.__dict__.get("_kcore_stop_evaluating", False))

    @stop_evaluating.setter
    def stop_evaluating(self, value: bool) -> None:
        self._kcore_set_untracked("_kcore_stop_evaluating", bool(value))

    @property
    def stop_predicting(self) -> bool:
        """Whether `predict` is to end after this batch; callbacks set it."""
        return bool(self.__dict__.get("_kcore_stop_predicting", False))

    @stop_predicting.setter
    def stop_predicting(self, value: bool) -> None:
        self._kcore_set_untracked("_kcore_stop_predicting", bool(value))

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run uncompiled."""
        return bool(self._kcore_trainer.run_eagerly)

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._kcore_trainer.run_eagerly = value

    @property
    def jit_compile(self) -> Any:
        """Whether steps are compiled."""
        return self._kcore_trainer.jit_compile

    @jit_compile.setter
    def jit_compile(self, value: JitCompile) -> None:
        self._kcore_trainer.jit_compile = value

    @property
    def metrics(self) -> list[Any]:
        """The metrics: the loss's first, then those compiled, then those that layers hold."""
        trainer = self.__dict__.get("_kcore_made_trainer")
        held = list(self._kcore_listed("metrics"))
        return held if trainer is None else [*trainer.metrics(held)]

    @property
    def metrics_names(self) -> list[str]:
        """The names of the metrics."""
        return [metric.name for metric in self.metrics]
