"""The losses a model was compiled with, each at its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import kcore_ops as ops
from kcore_ops.errors import ArgumentError

from kcore_train import losses
from kcore_train.losses import Loss
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.metrics import Mean
from kcore_train.outputs import is_single, names_of_outputs, per_output

__all__ = ["CompiledLosses"]


class CompiledLosses:
    """A loss, or one for each output, weighted and added up.

    Args:
        loss: as given to `compile`.
        loss_weights: as given to `compile`.
    """

    def __init__(self, loss: Any, loss_weights: Any = None) -> None:
        self.loss = loss
        self.loss_weights = loss_weights
        self.is_built = False
        self.functions: list[Loss | None] = []
        self.weights: list[float | None] = []
        self.names: list[str] = []
        self.trackers: list[Mean] = []
        _check(loss)

    def build(self, y_pred: Any, output_names: Sequence[str] | None) -> None:
        """Settle which loss is for which output.

        Raises:
            ArgumentError: if there are losses for outputs that the model has not.
        """
        self.names = names_of_outputs(y_pred, output_names)
        if is_single(y_pred):
            loss = _only(self.loss, self.names, "loss")
            self.functions = [_loss_of(loss)]
            self.weights = [_only(self.loss_weights, self.names, "loss_weights")]
        else:
            is_shared = isinstance(self.loss, str | Loss) or callable(self.loss)
            given = [self.loss] * len(self.names) if is_shared else per_output(self.loss, y_pred, self.names, "loss")
            self.functions = [_loss_of(each) for each in given]
            self.weights = per_output(self.loss_weights, y_pred, self.names, "loss_weights")
            if sum(function is not None for function in self.functions) > 1:
                self.trackers = [Mean(name=f"{name}_loss") for name in self.names]
        self.is_built = True

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Give the sum of the weighted losses; the trackers of several outputs take note of each.

        Raises:
            ArgumentError: if targets are missing.
        """
        if is_single(y_pred):
            function = self.functions[0]
            if function is None:
                return None
            if y is None:
                raise _no_targets()
            target = y[0] if isinstance(y, list | tuple) and len(y) == 1 else y
            target = _only(target, self.names, "y") if isinstance(target, Mapping) else target
            loss = function(target, y_pred, sample_weight)
            return loss if self.weights[0] is None else loss * self.weights[0]
        return self._of_several(y, y_pred, sample_weight)

    def _of_several(self, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        if y is None:
            raise _no_targets()
        targets = per_output(y, y_pred, self.names, "y")
        is_shared = sample_weight is None or is_single(sample_weight)
        weights = [sample_weight] * len(self.names) if is_shared else per_output(
            sample_weight, y_pred, self.names, "sample_weight"
        )  # fmt: skip
        total = None
        outputs = ops.tree.flatten(y_pred)
        for i, function in enumerate(self.functions):
            if function is None:
                continue
            if targets[i] is None:
                raise ArgumentError(
                    f"output {self.names[i]!r} has a loss and no target", fix="pass a target for it in y"
                ).at("compute_loss")
            loss = function(targets[i], outputs[i], weights[i])
            if self.trackers:
                self.trackers[i].update_state(ops.stop_gradient(loss), sample_weight=ops.shape(outputs[i])[0])
            factor = self.weights[i]
            loss = loss if factor is None else loss * factor
            total = loss if total is None else total + loss
        return total


def _loss_of(loss: Any) -> Loss | None:
    if loss is None:
        return None
    found = losses.get(loss)
    if isinstance(found, Loss):
        return found
    return FunctionLoss(found, name=getattr(found, "__name__", "loss"))


def _only(given: Any, names: Sequence[str], what: str) -> Any:
    """Give what is for the only output, also where it is in a list or a dict."""
    if isinstance(given, list | tuple) and len(given) == 1:
        return given[0]
    if isinstance(given, Mapping) and "class_name" not in given:
        unknown = [str(name) for name in given if name not in names]
        if unknown or len(given) != 1:
            raise ArgumentError(
                f"{what} names {', '.join(map(repr, given))}, and the only output is {names[0]!r}",
                fix=f"pass it alone, or in a dict under {names[0]!r}",
            )
        return given[names[0]]
    if isinstance(given, list | tuple):
        raise ArgumentError(f"{what} has {len(given)} parts, and the model one output", fix="pass one")
    return given


def _check(loss: Any) -> None:
    """Find names that are wrong as soon as the model is compiled."""
    parts = loss.values() if isinstance(loss, Mapping) and "class_name" not in loss else loss
    for each in parts if isinstance(parts, list | tuple) or parts is not loss else [loss]:
        if isinstance(each, str):
            losses.get(each)


def _no_targets() -> ArgumentError:
    error = ArgumentError("the data has no targets, and the loss needs them", fix="pass y, or batches of (x, y)")
    error.at("compute_loss")
    return error
