"""A model's loss as a pure function of its variables' values, for training loops in the manner of JAX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from kcore_ops.engine.op import Tensor, Tree

from kcore_layers.base.layer import Layer

__all__ = ["StatelessTraining"]

Values: TypeAlias = Sequence[Tensor]


class StatelessTraining(Layer):
    """Base class of what has `compile` and `fit`; its methods change nothing, on every backend."""

    @property
    def _kcore_trainer(self) -> Any:
        raise NotImplementedError

    def stateless_compute_loss(
        self,
        trainable_variables: Values,
        non_trainable_variables: Values,
        metrics_variables: Values,
        x: Tree = None,
        y: Tree = None,
        y_pred: Tree = None,
        sample_weight: Tree = None,
        training: bool = True,
    ) -> Any:
        """Return the loss, and the values of the variables afterwards, as a function of their values.

        Args:
            trainable_variables: list of the values of the trainable variables.
            non_trainable_variables: list of the values of the others.
            metrics_variables: list of the values of the metrics' variables.
            x: as for `compute_loss`.
            y: as for `compute_loss`.
            y_pred: as for `compute_loss`.
            sample_weight: as for `compute_loss`.
            training: as for `compute_loss`.

        Returns:
            `(loss, (trainable_variables, non_trainable_variables, metrics_variables))`.
        """
        return self._kcore_trainer.stateless_compute_loss(
            trainable_variables, non_trainable_variables, metrics_variables, x, y, y_pred, sample_weight, training
        )

    def compute_loss_and_updates(
        self,
        trainable_variables: Values,
        non_trainable_variables: Values,
        metrics_variables: Values,
        x: Tree,
        y: Tree,
        sample_weight: Tree,
        training: bool = False,
        optimizer_variables: Values | None = None,
    ) -> Any:
        """Return the loss for a batch, and what changes on the way to it, as a function of the variables' values.

        It is what a step differentiates: `value_and_grad(model.compute_loss_and_updates, has_aux=True)`.

        Args:
            trainable_variables: list of the values of the trainable variables.
            non_trainable_variables: list of the values of the others.
            metrics_variables: list of the values of the metrics' variables.
            x: inputs, tensors in the form that the model takes.
            y: targets, tensors in the form of the outputs, or None.
            sample_weight: weights of the samples, tensors in the form of the outputs, or None.
            training: bool, whether the model is trained: layers run as they do then, and the loss is scaled as its
                optimizer wants it; False.
            optimizer_variables: list of the values of the optimizer's variables, which the scale may be among; None,
                the default, for those that they have.

        Returns:
            `(loss, (unscaled_loss, y_pred, non_trainable_variables, metrics_variables))`; `loss` is the scaled one.
        """
        return self._kcore_trainer.compute_loss_and_updates(
            trainable_variables, non_trainable_variables, metrics_variables, x, y, sample_weight, training,
            optimizer_variables,
        )  # fmt: skip

    def jax_state_sync(self) -> None:
        """Do nothing: variables have the values of the last step already. Keras's callbacks on JAX ask for it."""
