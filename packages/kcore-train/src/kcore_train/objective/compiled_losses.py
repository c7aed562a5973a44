"""The losses a model was compiled with, each at its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import kcore_ops as ops
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train import losses
from kcore_train.losses import Loss
from kcore_train.losses.by_shape import is_by_shape, loss_for
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.metrics import Mean
from kcore_train.objective.outputs import is_single, names_of_losses, names_of_outputs, per_output

__all__ = ["CompiledLosses", "LossArgument", "LossWeights"]

# A loss, its class, name or config, or a function `(y_true, y_pred) -> losses`; for several outputs a list of them in
# the order of the outputs, or a dict by their names, nested as the outputs are.
LossArgument: TypeAlias = (
    "Loss | str | Callable[..., Tensor] | Sequence[LossArgument] | Mapping[str, LossArgument | Any] | None"
)
# Factors, in the form that the outputs have.
LossWeights: TypeAlias = "float | Sequence[LossWeights] | Mapping[str, LossWeights] | None"


class CompiledLosses:
    """A loss, or one for each output, weighted and added up.

    Args:
        loss: as given to `compile`: a loss for all outputs, or a list or dict of them; None for none.
        loss_weights: as given to `compile`: factors of the losses, in a list or dict; 1 if None.

    Raises:
        ArgumentError: if a name is unknown.
    """

    def __init__(self, loss: LossArgument, loss_weights: LossWeights = None) -> None:
        self.loss = loss
        self.loss_weights = loss_weights
        self.is_built = False
        self.functions: list[Loss | None] = []
        self.weights: list[float | None] = []
        self.names: list[str] = []
        # What is reported of each output that has a loss, where there are several of them.
        self._trackers: list[Mean | None] = []
        _check(loss)

    def build(self, y: Tree, y_pred: Tree, output_names: Sequence[str] | None) -> None:
        """Find which loss is for which output.

        Args:
            y: the targets, or their specs.
            y_pred: the outputs, or their specs.
            output_names: the names that the model has for its outputs, if it has any.

        Raises:
            ArgumentError: if there are losses for outputs that the model has not.
        """
        names = self.names = names_of_outputs(y_pred, output_names)
        outputs = [y_pred] if is_single(y_pred) else ops.tree.flatten(y_pred)
        is_saved = isinstance(self.loss, Mapping) and "class_name" in self.loss
        is_shared = is_saved or isinstance(self.loss, str | Loss) or callable(self.loss)
        given = [self.loss] * len(names) if is_shared else per_output(self.loss, y_pred, names, "loss")
        targets = per_output(y, y_pred, names, "y") if any(map(is_by_shape, given)) else [None] * len(names)
        self.functions = [_loss_of(*each) for each in zip(given, targets, outputs, strict=True)]
        self.weights = per_output(self.loss_weights, y_pred, names, "loss_weights")
        if sum(function is not None for function in self.functions) > 1:
            self._trackers = [
                None if function is None else Mean(name=f"{name}_loss")
                for name, function in zip(names_of_losses(y_pred, output_names), self.functions, strict=True)
            ]
        self.is_built = True

    @property
    def trackers(self) -> list[Mean]:
        """What is reported of each output that has a loss; empty where there is but one."""
        return [tracker for tracker in self._trackers if tracker is not None]

    def __call__(self, y: Tree, y_pred: Tree, sample_weight: Tree = None) -> Tensor:
        """Return the sum of the weighted losses; the trackers of several outputs are updated with each.

        Args:
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples: one tensor for all outputs, or one for each; none if None.

        Raises:
            ArgumentError: if targets are missing.
        """
        names = self.names
        if y is None and any(function is not None for function in self.functions):
            raise _no_targets()
        if is_single(y_pred):
            targets = [y] if is_single(y) else per_output(y, y_pred, names, "y")
            outputs = [y_pred]
        else:
            targets, outputs = per_output(y, y_pred, names, "y"), ops.tree.flatten(y_pred)
        if sample_weight is None or is_single(sample_weight):
            weights = [sample_weight] * len(names)
        else:
            weights = per_output(sample_weight, y_pred, names, "sample_weight")
        total = None
        for i, function in enumerate(self.functions):
            if function is None:
                continue
            if targets[i] is None:
                raise ArgumentError(
                    f"output {names[i]!r} has a loss and no target", fix="pass a target for it in y"
                ).at("compute_loss")
            loss = function(targets[i], outputs[i], weights[i])
            tracker = self._trackers[i] if self._trackers else None
            if tracker is not None:
                tracker.update_state(ops.stop_gradient(loss), sample_weight=ops.shape(outputs[i])[0])
            factor = self.weights[i]
            loss = loss if factor is None else loss * factor
            total = loss if total is None else total + loss
        return total


def _loss_of(loss: Any, target: Any, output: Any) -> Loss | None:
    if loss is None:
        return None
    found = loss_for(target, output) if is_by_shape(loss) else losses.get(loss)
    if isinstance(found, Loss):
        return found
    return FunctionLoss(found, name=getattr(found, "__name__", "loss"))


def _check(loss: Any) -> None:
    """Find names that are wrong as soon as the model is compiled."""
    if isinstance(loss, Mapping):
        parts: Any = () if "class_name" in loss else loss.values()
    else:
        parts = loss if isinstance(loss, list | tuple) else ()
    for part in parts:
        _check(part)
    if isinstance(loss, str) and not is_by_shape(loss):
        losses.get(loss)


def _no_targets() -> ArgumentError:
    error = ArgumentError("the data has no targets, and the loss needs them", fix="pass y, or batches of (x, y)")
    error.at("compute_loss")
    return error
