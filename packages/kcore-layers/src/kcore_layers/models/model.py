"""`Model`: a layer that is trained, evaluated, summarised and saved as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from kcore_ops import KerasTensor, tree
from kcore_ops.backends import registry
from kcore_ops.foundation.errors import ArgumentError, AttributeUnavailable, PluginError

from kcore_layers.base.layer import Layer
from kcore_layers.base.saved_attributes import saved_attributes
from kcore_layers.base.state_tree import by_path, set_tree, tree_of
from kcore_layers.serialization.objects import serialize_keras_object
from kcore_layers.serialization.registry import builtin, original_class

__all__ = ["Model"]


class _CompiledLoss:
    """The loss that a model was compiled with, or None; an attribute that a user sets under this name comes before."""

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is None:
            return self
        trainer = model.__dict__.get("_kcore_made_trainer")
        return None if trainer is None else trainer.loss


@builtin("keras")
class Model(Layer):
    """A layer with `fit`, `evaluate`, `predict`, `summary` and `save_weights`.

    Made of symbolic inputs and outputs, or subclassed with a `call`.

    Args:
        *args: inputs and outputs, or nothing.
        **kwargs: `inputs`, `outputs`, and those of `Layer`.

    >>> from kcore_layers import Input
    >>> from kcore_layers.layers import Dense
    >>> x = Input((3,))
    >>> Model(inputs=x, outputs=Dense(2)(x)).count_params()
    8
    """

    history: Any
    _kcore_yielding_names = Layer._kcore_yielding_names | {
        "evaluate", "export", "fit", "get_layer", "predict", "quantize", "summary", "to_json",
    }  # fmt: skip

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a model of inputs and outputs a `Functional`."""
        from kcore_layers.models.functional import Functional

        if original_class(cls) is Model and _are_inputs_and_outputs(args, kwargs):
            return Layer.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    @classmethod
    def _kcore_base_for(cls, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> type | None:
        """Give `Functional` for a subclass that is made of inputs and outputs."""
        from kcore_layers.models.functional import Functional

        if _are_inputs_and_outputs(args, kwargs) and not issubclass(cls, Functional):
            return Functional
        return None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from kcore_layers.base.framework_class import framework_class
        from kcore_layers.models.functional import Functional

        if _are_inputs_and_outputs(args, kwargs) and not isinstance(self, Functional):
            # A subclass whose __init__ takes something else, and passes inputs and outputs on.
            self.__class__ = framework_class(type(self), self._kcore_backend, Functional)
            Functional.__init__(self, *args, **kwargs)  # type: ignore[arg-type]
            return
        if args:
            raise ArgumentError(
                f"Model takes inputs and outputs, symbolic tensors, and was given {args!r}", fix="make them with Input"
            )
        super().__init__(**kwargs)

    @property
    def layers(self) -> list[Any]:
        """The layers directly inside, in order."""
        return list(self._kcore_layers)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeUnavailable("layers can not be set", fix="use another attribute name").at(f'model "{self.name}"')

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Give a layer by its name or its place.

        Raises:
            ArgumentError: if there is none.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ArgumentError("one of name and index is needed").at("get_layer")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ArgumentError(f"there are {len(layers)} layers and index is {index}").at("get_layer")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ArgumentError(
            f"there is no layer {name!r}", fix=f"use one of {', '.join(layer.name for layer in layers)}"
        ).at("get_layer")

    def _kcore_has_nothing_to_build(self) -> bool:
        return False  # its layers may well be made by its call

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
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is to be trained and measured.

        Args:
            optimizer: an optimizer or its name.
            loss: a loss, its name, a function of `(y_true, y_pred)`; or a list or dict of them, one for each output.
            loss_weights: factors of the losses, in a list or dict.
            metrics: a list of metrics or their names; for several outputs a list of lists or a dict.
            weighted_metrics: metrics that take the sample weights into account.
            run_eagerly: whether steps run uncompiled, for debugging.
            steps_per_execution: number of batches that one compiled call works through.
            jit_compile: whether steps are compiled; "auto" leaves it to the backend.
            auto_scale_loss: whether the loss is scaled against underflow in float16.

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
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Train the model.

        Args:
            x: inputs: arrays, tensors, trees of them, or a source of batches (a generator, `PyDataset`, `tf.data`
                dataset, torch `DataLoader`).
            y: targets; part of the batches where x is a source.
            batch_size: samples in a batch; 32 if None.
            epochs: the number of the epoch to stop before.
            verbose: 0 silent, 1 a progress bar, 2 a line for each epoch; "auto" is 1.
            callbacks: a list of callbacks.
            validation_split: fraction of the samples, the last ones, that is kept for validation.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or a source of batches.
            shuffle: whether samples are drawn in another order in each epoch.
            class_weight: factor of the loss for each class.
            sample_weight: factor of the loss for each sample.
            initial_epoch: the number of the first epoch.
            steps_per_epoch: batches in an epoch.
            validation_steps: batches of a validation.
            validation_batch_size: samples in a batch of a validation.
            validation_freq: epochs from one validation to the next, or the numbers of those that end with one.

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
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Give the loss and the metrics on some data.

        Args:
            x: as for `fit`.
            y: as for `fit`.
            batch_size: samples in a batch.
            verbose: as for `fit`.
            sample_weight: as for `fit`.
            steps: batches to evaluate; all if None.
            callbacks: a list of callbacks.
            return_dict: whether to give a dict by name in place of a list.
            **kwargs: none.

        Returns:
            The loss if there are no metrics; a list of them, or a dict.
        """
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs")}
        return self._kcore_trainer.evaluate(**arguments, **kwargs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Give the outputs for some inputs as NumPy arrays, computed in batches.

        Args:
            x: as for `fit`.
            batch_size: samples in a batch.
            verbose: as for `fit`.
            steps: batches to predict; all if None.
            callbacks: a list of callbacks.
        """
        return self._kcore_trainer.predict(x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Take one training step; gives the loss and the metrics of this batch."""
        return self._kcore_trainer.train_on_batch(x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Evaluate one batch; gives its loss and metrics."""
        return self._kcore_trainer.test_on_batch(x, y, sample_weight, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Give the outputs for one batch as NumPy arrays."""
        return self._kcore_trainer.predict_on_batch(x)

    # Override one of these to change what a step does.

    def train_step(self, *args: Any) -> Any:
        """Train on one batch. Override it as `train_step(self, data)` on a backend whose variables change in place.

        On one whose step is a function of the state: `train_step(self, state, data)`, returning `(logs, state)`, with
        state `(trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables)`.
        """
        return self._kcore_trainer.train_step(*args)

    def test_step(self, *args: Any) -> Any:
        """Evaluate one batch; override it with the arguments of `train_step`, the state without the optimizer's."""
        return self._kcore_trainer.test_step(*args)

    def predict_step(self, *args: Any) -> Any:
        """Give the outputs for one batch; override it as `test_step`."""
        return self._kcore_trainer.predict_step(*args)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Give the scalar to minimise: the compiled losses, and those that layers added."""
        return self._kcore_trainer.compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the metrics, and give their results by name."""
        found: dict[str, Any] = self._kcore_trainer.compute_metrics(x, y, y_pred, sample_weight)
        return found

    def stateless_compute_loss(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        metrics_variables: Any,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Give the loss, and the values of the variables afterwards, as a function of their values."""
        return self._kcore_trainer.stateless_compute_loss(
            trainable_variables, non_trainable_variables, metrics_variables, x, y, y_pred, sample_weight, training
        )

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """Give the function that takes a training step, compiled."""
        return self._kcore_trainer.make_train_function(force)  # type: ignore[no-any-return]

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """Give the function that evaluates a batch, compiled."""
        return self._kcore_trainer.make_test_function(force)  # type: ignore[no-any-return]

    def make_predict_function(self, force: bool = False) -> Callable[..., Any]:
        """Give the function that predicts a batch, compiled."""
        return self._kcore_trainer.make_predict_function(force)  # type: ignore[no-any-return]

    def reset_metrics(self) -> None:
        """Start the metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Give the results of the metrics so far, by name."""
        found: dict[str, Any] = self._kcore_trainer.get_metrics_result()
        return found

    def get_compile_config(self) -> dict[str, Any] | None:
        """Give the arguments of `compile` as plain data, or None."""
        trainer = self.__dict__.get("_kcore_made_trainer")
        return None if trainer is None else trainer.get_compile_config()

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with what `get_compile_config` gave."""
        self._kcore_trainer.compile_from_config(config)

    @property
    def optimizer(self) -> Any:
        """The optimizer it was compiled with, or None."""
        trainer = self.__dict__.get("_kcore_made_trainer")
        return None if trainer is None else trainer.optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
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
    def jit_compile(self, value: Any) -> None:
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

    # State as a tree.

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """Give all state by path, in a tree of dicts.

        Args:
            value_format: "backend_tensor" or "numpy_array".

        Raises:
            ArgumentError: if `value_format` is neither, or the path of one variable is a part of another's.
        """
        if value_format not in ("backend_tensor", "numpy_array"):
            raise ArgumentError(
                f"value_format can not be {value_format!r}", fix='use "backend_tensor" or "numpy_array"'
            ).at("get_state_tree")
        as_arrays = value_format == "numpy_array"
        return {
            name: tree_of(
                {path: np.array(v.numpy()) if as_arrays else v.value for path, v in by_path(variables).items()}
            )
            for name, variables in self._kcore_state_groups().items()
        }

    def _kcore_state_groups(self) -> dict[str, list[Any]]:
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": [] if self.optimizer is None else list(self.optimizer.variables),
            "metrics_variables": self.metrics_variables,
        }

    def set_state_tree(self, state_tree: Mapping[str, Any]) -> None:
        """Set the state from what `get_state_tree` gave; none of it, if a path is unknown or a value does not fit.

        Raises:
            ArgumentError: naming the paths that are unknown.
            ShapeError: if a value has not the shape of its variable.
        """
        set_tree(self._kcore_state_groups(), state_tree)

    # Showing and saving.

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], None] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print the layers, what they give and how many numbers they hold.

        Args:
            line_length: characters in a line; the terminal's if None.
            positions: where columns end, as fractions of the line.
            print_fn: what is called with the text, in place of printing.
            expand_nested: whether the layers inside layers are shown.
            show_trainable: whether a column says which are trainable.
            layer_range: names of the first and the last layer to show.
        """
        from kcore_layers.models.summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def _kcore_saved_children(self) -> Iterator[tuple[str, Any]]:
        return saved_attributes(self, Model, ("layers", "optimizer"))

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the whole model to a `.keras` file; see `save_model`."""
        registry.component("files").save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
    ) -> None:
        """Write the weights to a `.weights.h5` file, whole or not at all; see `save_weights`.

        Raises:
            ArgumentError: if the name ends otherwise, or the file exists and `overwrite` is False.
        """
        registry.component("files").save_weights(self, filepath, overwrite, max_shard_size, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read the weights from a `.weights.h5` or a `.keras` file; none of them, if something does not fit.

        Args:
            filepath: the file.
            skip_mismatch: whether what does not fit is left as it is, in place of being an error.
            **kwargs: `objects_to_skip`; see `load_weights`.

        Raises:
            ArgumentError: naming everything that is missing, extra or of another shape.
        """
        registry.component("files").load_weights(self, filepath, skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """Give the model's configuration, without its weights, as JSON text."""
        return json.dumps(serialize_keras_object(self), **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make one from what `get_config` gave."""
        if {"name", "layers", "input_layers", "output_layers"} <= set(config):
            from kcore_layers.models.functional_config import model_from_config

            return model_from_config(cls, config, custom_objects)
        return super().from_config(config)


Model._kcore_interface = Model


def _are_inputs_and_outputs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Say whether a model is being made of inputs and outputs."""
    named = dict(zip(("inputs", "outputs"), args, strict=False))
    given = {**named, **{name: kwargs[name] for name in ("inputs", "outputs") if name in kwargs}}
    if len(given) < 2 or len(args) > 3:
        return False
    return any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(list(given.values())))
