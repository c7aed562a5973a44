"""`Trainer`: what a model needs to be trained, and the component `trainer` that `Model.compile` and `fit` ask for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers import Model
from kcore_layers.base.tracking import state_version
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_ops import StatelessScope, TensorSpec
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.call import beside
from kcore_ops.foundation.errors import ArgumentError, GradientsUnavailable, KcoreError
from kcore_ops.foundation.tracebacks import shortened

from kcore_train import optimizers
from kcore_train.data import unpack_x_y_sample_weight
from kcore_train.loop import fit as loops
from kcore_train.metrics import Mean
from kcore_train.objective.compiled_losses import CompiledLosses
from kcore_train.objective.compiled_metrics import CompiledMetrics
from kcore_train.objective.outputs import mapped_outputs
from kcore_train.steps.compiled import StepFunctions
from kcore_train.steps.step import FunctionalSteps, InPlaceSteps, loss_of

__all__ = ["Trainer"]


def _entered(method: Callable[..., Any]) -> Callable[..., Any]:
    """Make the model's backend current while a method runs; what goes wrong in it is shown without our own lines."""

    @functools.wraps(method)
    def entered(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            with on(self.backend):
                return method(self, *args, **kwargs)
        except Exception as error:
            raise shortened(error)  # noqa: B904 (it is the same error)

    return entered


class Trainer:
    """The optimizer, losses and metrics of one model, and the steps made of them.

    Args:
        model: the model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.is_compiled = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.losses = CompiledLosses(None)
        self.compiled_metrics = CompiledMetrics()
        self.loss_tracker: Mean | None = None
        self._run_eagerly = False
        self._jit_compile: Any = "auto"
        self.steps_per_execution = 1
        self._arguments: dict[str, Any] = {}
        self._start()

    def _start(self) -> None:
        """Make what follows from the rest and is neither copied nor pickled."""
        self.is_in_place = "mutable_state" in self.backend.capabilities
        self.steps: Any = InPlaceSteps(self) if self.is_in_place else FunctionalSteps(self)
        self.functions = StepFunctions(self)
        self._described: Any = None

    def __getstate__(self) -> dict[str, Any]:
        left_out = ("steps", "functions", "is_in_place", "_described")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    @property
    def backend(self) -> Backend:
        """The model's backend."""
        return self.model._kcore_backend

    # compile

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
        """Settle how the model is trained; see `Model.compile`."""
        arguments = {name: value for name, value in locals().items() if name != "self"}
        if not hasattr(steps_per_execution, "__index__") or steps_per_execution < 1:
            raise ArgumentError(
                f"steps_per_execution can not be {steps_per_execution!r}", fix="pass a positive integer"
            ).at("compile")
        if jit_compile not in (True, False, "auto"):
            raise ArgumentError(f"jit_compile can not be {jit_compile!r}", fix='use True, False or "auto"').at(
                "compile"
            )
        with on(self.backend):
            chosen = optimizers.get(optimizer)
            losses = CompiledLosses(loss, loss_weights)
            compiled_metrics = CompiledMetrics(metrics, weighted_metrics)
            if auto_scale_loss and chosen is not None and self.model.dtype_policy.name == "mixed_float16":
                is_scaling = isinstance(chosen, optimizers.LossScaleOptimizer)
                chosen = chosen if is_scaling else optimizers.LossScaleOptimizer(chosen)
            self.loss_tracker = Mean(name="loss") if loss is not None or self._has_loss_of_its_own() else None
        self.optimizer, self.loss = chosen, loss
        self.losses, self.compiled_metrics = losses, compiled_metrics
        self._run_eagerly, self._jit_compile = bool(run_eagerly), jit_compile
        self.steps_per_execution = int(steps_per_execution)
        self._arguments = arguments
        self.is_compiled = True
        self.functions.forget()
        self.model.stop_training = False

    def _has_loss_of_its_own(self) -> bool:
        """Say whether there may be a loss without a compiled one: of `compute_loss`, or added by layers.

        A `train_step` that computes no such loss finds its own metrics alone among the model's.
        """
        cls = type(self.model)
        return cls.compute_loss is not Model.compute_loss or cls.train_step is Model.train_step

    def get_compile_config(self) -> dict[str, Any] | None:
        """Give the arguments of `compile` as plain data, or None."""
        if not self.is_compiled:
            return None
        return {name: serialize_keras_object(value) for name, value in self._arguments.items()}

    def compile_arguments(self) -> dict[str, Any]:
        """Give the arguments of `compile` for another model: optimizer, losses and metrics are made anew."""
        found: dict[str, Any] = ops.tree.map_structure(_made_anew, self._arguments)
        return found

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with what `get_compile_config` gave."""
        self.compile(**{name: _revived(value) for name, value in config.items()})
        if self.model.built and self.optimizer is not None:
            self.optimizer.build(self.model.trainable_variables)

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run uncompiled."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = bool(value)
        self.functions.forget()

    @property
    def jit_compile(self) -> Any:
        """Whether steps are compiled, or "auto"."""
        return self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        self._jit_compile = value
        self.functions.forget()

    def check_compiled(self, what: str) -> None:
        """Raise unless the model is compiled."""
        if not self.is_compiled:
            raise ArgumentError("the model is not compiled", fix="call model.compile(optimizer=..., loss=...)").at(what)

    def check_trainable(self, what: str) -> None:
        """Raise unless the model can be trained."""
        if "gradient" not in self.backend.capabilities:
            raise GradientsUnavailable(
                f"training needs gradients, and the {self.backend.name} backend has none",
                fix="make the model on another backend; `kcore backends` lists those that are installed",
            ).at(what)
        self.check_compiled(what)
        if self.optimizer is None and type(self.model).train_step is Model.train_step:
            raise ArgumentError(
                "the model was compiled without an optimizer", fix="pass optimizer= to compile, or define train_step"
            ).at(what)

    # What is measured.

    def metrics(self, held: Sequence[Any]) -> list[Any]:
        """Give all metrics: the loss's, those of several losses, those compiled, and those that layers hold."""
        own = [self.loss_tracker] if self.loss_tracker is not None else []
        return [*own, *self.losses.trackers, *self.compiled_metrics.metrics, *held]

    def get_metrics_result(self) -> dict[str, Any]:
        """Give the results of all metrics by name."""
        compiled = {id(metric) for metric in self.compiled_metrics.metrics}
        found: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for metric in self.model.metrics:
            if id(metric) in compiled:
                continue
            result = metric.result()
            results = result if isinstance(result, Mapping) else {metric.name: result}
            (found if metric is self.loss_tracker or metric in self.losses.trackers else rest).update(results)
        found.update(self.compiled_metrics.results())
        found.update(rest)
        return found

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Give the compiled losses and those that layers added, in one number.

        Raises:
            ArgumentError: if there are none.
        """
        total = None
        if self.loss is not None:
            if not self.losses.is_built:
                self.losses.build(y, y_pred, self._output_names())
            total = self.losses(y, y_pred, sample_weight)
        for loss in self.model.losses:
            loss = ops.sum(ops.cast(loss, ops.config.floatx()))
            total = loss if total is None else total + loss
        if total is None:
            raise ArgumentError(
                "there is nothing to minimise: the model was compiled without a loss, and its layers add none",
                fix="pass loss= to compile, or call add_loss in a layer",
            ).at("compute_loss")
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the compiled metrics, and give the results of all."""
        self.update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Update the compiled metrics."""
        metrics = self.compiled_metrics
        if not metrics.is_built:
            metrics.build(y, y_pred, self._output_names())
        if metrics.entries:
            metrics.update_state(y, y_pred, sample_weight)

    def note(self, loss: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Take a batch's loss and outputs into account."""
        if self.loss_tracker is not None:
            size = _batch_size(x)
            self.loss_tracker.update_state(ops.stop_gradient(loss), sample_weight=size)
        y_pred = mapped_outputs(ops.stop_gradient, y_pred)
        if type(self.model).compute_metrics is Model.compute_metrics:
            self.update_metrics(y, y_pred, sample_weight)
        else:
            self.model.compute_metrics(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)

    def _output_names(self) -> Any:
        return getattr(self.model, "output_names", None)

    # Steps, as `Model.train_step` and its kin give them when they are not overridden.

    def train_step(self, *args: Any) -> Any:
        """Take a training step on `(data)`, or on `(state, data)` where the step is a function of the state."""
        if self.is_in_place:
            self.steps.train(*args)
            return self.get_metrics_result()
        state = self.steps.train(*args)
        return self.steps.results(state[-1]), state

    def test_step(self, *args: Any) -> Any:
        """Evaluate a batch, with the same arguments."""
        if self.is_in_place:
            self.steps.test(*args)
            return self.get_metrics_result()
        state = self.steps.test(*args)
        return self.steps.results(state[-1]), state

    def predict_step(self, *args: Any) -> Any:
        """Give the outputs for a batch, with the same arguments."""
        return self.steps.predict(*args)

    def stateless_compute_loss(
        self,
        trainable: Sequence[Any],
        non_trainable: Sequence[Any],
        metric_values: Sequence[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Give the loss and the values of the variables afterwards, as a function of their values."""
        model = self.model
        lists = (
            (model.trainable_variables, trainable),
            (model.non_trainable_variables, non_trainable),
            (model.metrics_variables, metric_values),
        )
        mapping = [pair for variables, values in lists for pair in zip(variables, values, strict=True)]
        with StatelessScope(mapping, collect_losses=True) as scope:
            loss = loss_of(self, x, y, y_pred, sample_weight, training)
            after = [[scope.get_current_value(v) for v in variables] for variables, _ in lists]
        return loss, tuple(after)

    # Getting ready.

    def prepare(self, data: Any, is_training: bool) -> None:
        """Build the model, the losses, the metrics and the optimizer for batches like this one."""
        model = self.model
        x, y, _ = unpack_x_y_sample_weight(data)
        needs_metrics = not self.compiled_metrics.is_built and self.is_compiled and y is not None
        needs_losses = self.loss is not None and not self.losses.is_built
        if not model.built or needs_metrics or needs_losses:
            y_pred = self._outputs_like(x)
            if y_pred is not None and self.is_compiled:
                targets = ops.tree.map_structure(_spec, y)
                if needs_losses:
                    self.losses.build(targets, y_pred, self._output_names())
                if needs_metrics:
                    self.compiled_metrics.build(targets, y_pred, self._output_names())
        if is_training and self.optimizer is not None:
            self.optimizer.build(model.trainable_variables)

    def prepare_to_predict(self, data: Any) -> None:
        """Build the model for inputs like those of the first batch."""
        if not self.model.built:
            self._outputs_like(unpack_x_y_sample_weight(data.peek())[0])

    def _outputs_like(self, x: Any) -> Any:
        """Give the specs of the outputs for inputs like `x`, building the model on the way."""
        model = self.model
        overrides = type(model).train_step is not Model.train_step
        if overrides and type(model).call is Model.call:
            # Its own steps run the layers inside, which is all there is to build.
            if getattr(model.build, "__wrapped__", None) is Model.build:
                model.build()
            return None
        try:
            specs = model(ops.tree.map_structure(_spec, x))
            return ops.tree.map_structure(lambda s: s, specs)
        except Exception:
            # What runs on data may fail on specs: a call that looks at numbers, say.
            try:
                with StatelessScope(), beside(next(iter(model.variables), None)):
                    outputs = model(ops.tree.map_structure(ops.convert_to_tensor, x))
            except Exception:
                if overrides:
                    return None  # its own train_step knows how to call it
                raise
            return ops.tree.map_structure(_spec, outputs)

    def fault_of(self, data: Any) -> KcoreError | None:
        """Give the error that the shapes of a batch lead to, or None."""
        parts = unpack_x_y_sample_weight(data)
        x, y, sample_weight = (ops.tree.map_structure(lambda leaf: _spec(leaf, False), part) for part in parts)
        try:
            y_pred = self.model(x)
            if self.loss is not None:
                self.losses(y, y_pred, sample_weight)
        except KcoreError as error:
            return error
        return None

    def signature(self) -> Any:
        """Give what a compiled step depends on beside the data: which variables are trained, and which layers are."""
        version = state_version()
        if self._described is None or self._described[0] != version:
            model = self.model
            described = (
                tuple(id(v) for v in model.trainable_variables),
                tuple(id(v) for v in model.non_trainable_variables),
                tuple(layer.trainable for layer in model._kcore_sublayers()),
            )
            self._described = (version, described)
        return self._described[1]

    # The loops.

    @_entered
    def fit(self, **arguments: Any) -> Any:
        """Train; see `Model.fit`."""
        self.functions.look_again()
        return loops.fit(self, **arguments)

    @_entered
    def evaluate(self, **arguments: Any) -> Any:
        """Evaluate; see `Model.evaluate`."""
        self.functions.look_again()
        return loops.evaluate(self, **arguments)

    @_entered
    def predict(self, x: Any, **arguments: Any) -> Any:
        """Predict; see `Model.predict`."""
        self.functions.look_again()
        return loops.predict(self, x, **arguments)

    @_entered
    def train_on_batch(self, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool) -> Any:
        """Take one step; see `Model.train_on_batch`."""
        self.check_trainable("train_on_batch")
        return loops.on_batch(self, "train", x, y, sample_weight, class_weight, return_dict)

    @_entered
    def test_on_batch(self, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
        """Evaluate one batch; see `Model.test_on_batch`."""
        self.check_compiled("test_on_batch")
        return loops.on_batch(self, "test", x, y, sample_weight, None, return_dict)

    @_entered
    def predict_on_batch(self, x: Any) -> Any:
        """Give the outputs for one batch; see `Model.predict_on_batch`."""
        return loops.predict_on_batch(self, x)

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """Give the compiled training step."""
        return self.functions.get("train", force)

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """Give the compiled evaluation step."""
        return self.functions.get("test", force)

    def make_predict_function(self, force: bool = False) -> Callable[..., Any]:
        """Give the compiled prediction step."""
        return self.functions.get("predict", force)


def _made_anew(value: Any) -> Any:
    """Give another object like one that has a config; what has none, a function or a name, can be shared."""
    if hasattr(value, "get_config") and hasattr(type(value), "from_config"):
        return type(value).from_config(value.get_config())
    return value


def _revived(value: Any) -> Any:
    if isinstance(value, dict) and "class_name" not in value:
        return {name: _revived(each) for name, each in value.items()}
    return deserialize_keras_object(value) if isinstance(value, dict | list) else value


def _spec(x: Any, is_any_batch: bool = True) -> Any:
    """Give the spec of data; its batch may be of any size, or is of the size it is."""
    if isinstance(x, TensorSpec) or not hasattr(x, "shape"):
        return x
    tensor = ops.convert_to_tensor(x) if not ops.is_tensor(x) else x
    shape = tuple(x.shape)
    return TensorSpec((None, *shape[1:]) if shape and is_any_batch else shape, ops.dtype(tensor))


def _batch_size(x: Any) -> Any:
    leaf = x if hasattr(x, "shape") else next(leaf for leaf in ops.tree.flatten(x) if hasattr(leaf, "shape"))
    return ops.shape(leaf)[0]
