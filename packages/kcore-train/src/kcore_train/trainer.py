"""`Trainer`: what a model needs to be trained, and the component `trainer` that `Model.compile` and `fit` ask for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar, cast

import kcore_ops as ops
from kcore_layers import Model
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError, GradientsUnavailable
from kcore_ops.foundation.tracebacks import shortened

from kcore_train import optimizers
from kcore_train.callbacks import History
from kcore_train.data.data_adapter import BatchSource
from kcore_train.loop import evaluate, fit, on_batch, predict
from kcore_train.metrics import Metric
from kcore_train.objective.compiled_losses import LossArgument, LossWeights
from kcore_train.objective.compiled_metrics import MetricArgument
from kcore_train.objective.objective import Objective
from kcore_train.optimizers.lookup import OptimizerIdentifier
from kcore_train.steps.compiled import CompiledSteps
from kcore_train.steps.functional import FunctionalSteps
from kcore_train.steps.in_place import InPlaceSteps
from kcore_train.steps.step import StepFunction, Steps

__all__ = ["Trainer"]

Method = TypeVar("Method", bound=Callable[..., Any])


def _entered(method: Method) -> Method:
    """Make the model's backend current while a method runs; what goes wrong in it is shown without our own lines."""

    @functools.wraps(method)
    def entered(self: Trainer, *args: Any, **kwargs: Any) -> Any:
        try:
            with on(self.backend):
                return method(self, *args, **kwargs)
        except Exception as error:
            raise shortened(error)  # noqa: B904 (it is the same error)

    return cast(Method, entered)


class Trainer:
    """The optimizer and the objective of one model, and the steps made of them.

    Args:
        model: the model.

    Attributes:
        objective: its loss and metrics.
        optimizer: its optimizer, or None.
        is_compiled: whether `compile` was called.
        steps_per_execution: how many batches one call of a step works through.
        steps: its steps, uncompiled.
        compiled: its steps, compiled as they are wanted.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.is_compiled = False
        self.optimizer: Any = None
        self.objective = Objective(model)
        self._run_eagerly = False
        self._jit_compile: bool | Literal["auto"] = "auto"
        self.steps_per_execution = 1
        self._arguments: dict[str, Any] = {}
        self._start()

    def _start(self) -> None:
        """Make what follows from the rest and is neither copied nor pickled."""
        is_in_place = "mutable_state" in self.backend.capabilities
        self.steps: Steps = InPlaceSteps(self) if is_in_place else FunctionalSteps(self)
        self.compiled = CompiledSteps(self, self.steps)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("steps", "compiled")}

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
        optimizer: OptimizerIdentifier = "rmsprop",
        loss: LossArgument = None,
        loss_weights: LossWeights = None,
        metrics: MetricArgument = None,
        weighted_metrics: MetricArgument = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | Literal["auto"] = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how the model is trained and measured; `Model.compile` describes the arguments."""
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
            if auto_scale_loss and chosen is not None and self.model.dtype_policy.name == "mixed_float16":
                is_scaling = isinstance(chosen, optimizers.LossScaleOptimizer)
                chosen = chosen if is_scaling else optimizers.LossScaleOptimizer(chosen)
            self.objective.compile(loss, loss_weights, metrics, weighted_metrics)
        self.optimizer = chosen
        self._run_eagerly, self._jit_compile = bool(run_eagerly), jit_compile
        self.steps_per_execution = int(steps_per_execution)
        self._arguments = arguments
        self.is_compiled = True
        self.compiled.forget()
        self.model.stop_training = False

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile` as plain data, or None."""
        if not self.is_compiled:
            return None
        return {name: serialize_keras_object(value) for name, value in self._arguments.items()}

    def compile_arguments(self) -> dict[str, Any]:
        """Return the arguments of `compile` for another model: optimizer, losses and metrics are made anew."""
        found: dict[str, Any] = ops.tree.map_structure(_made_anew, self._arguments)
        return found

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with what `get_compile_config` returned.

        Args:
            config: the arguments of `compile` as plain data.
        """
        self.compile(**{name: _revived(value) for name, value in config.items()})
        if self.model.built and self.optimizer is not None:
            self.optimizer.build(self.model.trainable_variables)

    @property
    def loss(self) -> LossArgument:
        """The loss as it was given to `compile`."""
        return self.objective.loss

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run uncompiled."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = bool(value)
        self.compiled.forget()

    @property
    def jit_compile(self) -> bool | Literal["auto"]:
        """Whether steps are compiled, or "auto"."""
        return self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value: bool | Literal["auto"]) -> None:
        self._jit_compile = value
        self.compiled.forget()

    def _check_compiled(self, what: str) -> None:
        """Raise unless the model is compiled."""
        if not self.is_compiled:
            raise ArgumentError("the model is not compiled", fix="call model.compile(optimizer=..., loss=...)").at(what)

    def _check_trainable(self, what: str) -> None:
        """Raise unless the model can be trained."""
        if "gradient" not in self.backend.capabilities:
            raise GradientsUnavailable(
                f"training needs gradients, and the {self.backend.name} backend has none",
                fix="make the model on another backend; `kcore backends` lists those that are installed",
            ).at(what)
        self._check_compiled(what)
        if self.optimizer is None and type(self.model).train_step is Model.train_step:
            raise ArgumentError(
                "the model was compiled without an optimizer", fix="pass optimizer= to compile, or define train_step"
            ).at(what)

    # The loss and metrics, as `Model.compute_loss` and its kin return them when they are not overridden.

    def metrics(self, held: Sequence[Metric]) -> list[Metric]:
        """Return all metrics: the loss's, those of several losses, those compiled, and those that layers hold.

        Args:
            held: those that layers hold.
        """
        return self.objective.all_metrics(held)

    def get_metrics_result(self) -> dict[str, Tensor]:
        """Return the results of all metrics by name."""
        return self.objective.results()

    def compute_loss(
        self, x: Tree = None, y: Tree = None, y_pred: Tree = None, sample_weight: Tree = None, training: bool = True
    ) -> Tensor:
        """Return the compiled losses and those that layers added, in one number; see `Model.compute_loss`."""
        return self.objective.compute_loss(y, y_pred, sample_weight)

    def compute_metrics(self, x: Tree, y: Tree, y_pred: Tree, sample_weight: Tree = None) -> dict[str, Tensor]:
        """Update the compiled metrics, and return the results of all; see `Model.compute_metrics`."""
        self.objective.update_metrics(y, y_pred, sample_weight)
        found: dict[str, Tensor] = self.model.get_metrics_result()
        return found

    def stateless_compute_loss(
        self,
        trainable: Sequence[Tensor],
        non_trainable: Sequence[Tensor],
        metric_values: Sequence[Tensor],
        x: Tree = None,
        y: Tree = None,
        y_pred: Tree = None,
        sample_weight: Tree = None,
        training: bool = True,
    ) -> tuple[Tensor, tuple[list[Tensor], ...]]:
        """Return the loss, and the values of the variables afterwards; see `Model.stateless_compute_loss`."""
        return self.objective.stateless_compute_loss(
            trainable, non_trainable, metric_values, x, y, y_pred, sample_weight, training
        )

    def compute_loss_and_updates(self, *args: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return the loss to differentiate, and what changes; see `Model.compute_loss_and_updates`."""
        self._check_compiled("compute_loss_and_updates")
        return self.objective.compute_loss_and_updates(self.optimizer, *args)

    # Steps, as `Model.train_step` and its kin take them when they are not overridden.

    def train_step(self, *args: Any) -> Any:
        """Take a training step on `(data)`, or on `(state, data)` where the step is a function of the state."""
        return self.steps.take("train", *args)

    def test_step(self, *args: Any) -> Any:
        """Evaluate a batch, with the same arguments."""
        return self.steps.take("test", *args)

    def predict_step(self, *args: Any) -> Any:
        """Return the outputs for a batch, with the same arguments."""
        return self.steps.take("predict", *args)

    def make_train_function(self, force: bool = False) -> StepFunction:
        """Return the compiled training step.

        Args:
            force: whether it is made anew in any case.
        """
        return self.compiled.get("train", force)

    def make_test_function(self, force: bool = False) -> StepFunction:
        """Return the compiled evaluation step.

        Args:
            force: whether it is made anew in any case.
        """
        return self.compiled.get("test", force)

    def make_predict_function(self, force: bool = False) -> StepFunction:
        """Return the compiled prediction step.

        Args:
            force: whether it is made anew in any case.
        """
        return self.compiled.get("predict", force)

    # The loops.

    @_entered
    def fit(self, **arguments: Any) -> History:
        """Train; `Model.fit` describes the arguments."""
        self._check_trainable("fit")
        self.compiled.look_again()
        return fit.fit(self.compiled, **arguments)

    @_entered
    def evaluate(self, **arguments: Any) -> Any:
        """Evaluate; `Model.evaluate` describes the arguments."""
        self._check_compiled("evaluate")
        self.compiled.look_again()
        return evaluate.evaluate(self.compiled, **arguments)

    @_entered
    def predict(self, x: Tree | BatchSource, **arguments: Any) -> Tree:
        """Predict; `Model.predict` describes the arguments."""
        self.compiled.look_again()
        return predict.predict(self.compiled, x, **arguments)

    @_entered
    def train_on_batch(
        self,
        x: Tree,
        y: Tree = None,
        sample_weight: Tree = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one step; `Model.train_on_batch` describes the arguments."""
        self._check_trainable("train_on_batch")
        return on_batch.on_batch(self.compiled, "train", x, y, sample_weight, class_weight, return_dict)

    @_entered
    def test_on_batch(self, x: Tree, y: Tree = None, sample_weight: Tree = None, return_dict: bool = False) -> Any:
        """Evaluate one batch; `Model.test_on_batch` describes the arguments."""
        self._check_compiled("test_on_batch")
        return on_batch.on_batch(self.compiled, "test", x, y, sample_weight, None, return_dict)

    @_entered
    def predict_on_batch(self, x: Tree) -> Tree:
        """Return the outputs for one batch; `Model.predict_on_batch` describes the argument."""
        return on_batch.predict_on_batch(self.compiled, x)


def _made_anew(value: Any) -> Any:
    """Return another object like one that has a config; what has none, a function or a name, can be shared."""
    if hasattr(value, "get_config") and hasattr(type(value), "from_config"):
        return type(value).from_config(value.get_config())
    return value


def _revived(value: Any) -> Any:
    if isinstance(value, dict) and "class_name" not in value:
        return {name: _revived(each) for name, each in value.items()}
    return deserialize_keras_object(value) if isinstance(value, dict | list) else value
