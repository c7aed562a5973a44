"""`SwapEMAWeights`: a model is evaluated, and saved if wanted, with the averages of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs

if TYPE_CHECKING:
    from kcore_layers.models.model import Model

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Exchange the model's weights with the averages that its optimizer keeps while it is evaluated or predicts.

    The optimizer, or one inside it, is made with `use_ema=True`. Before its first step there are no averages, and
    nothing is exchanged. However evaluation ends, weights are as they were; when `fit` ends, they are the averages.

    Args:
        swap_on_epoch: bool, whether weights are exchanged at the end of each epoch too, until the next begins: the
            callbacks after this one, such as `ModelCheckpoint`, then find the averages; False.

    Raises:
        ArgumentError: when an evaluation begins, if the optimizer keeps no averages.

    >>> SwapEMAWeights(swap_on_epoch=True).swap_on_epoch
    True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        # How many of those that want averages, an epoch's end or an evaluation in it, there are now.
        self._wanted = 0

    def set_model(self, model: Model) -> None:
        """Set the model whose weights are exchanged.

        Args:
            model: `Model`, the model.
        """
        if model is not self._model:
            self._wanted = 0
        super().set_model(model)

    def get_state(self) -> dict[str, Any]:
        """Return whether weights and averages are exchanged."""
        return {"is_swapped": self._wanted > 0}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on with weights that were exchanged when the state was written.

        Args:
            state: dict, what `get_state` returned.
        """
        if state["is_swapped"]:
            self._wanted = 1
            self._optimizer().swap_in_averages(self.model.trainable_variables, are_in=True)

    def _optimizer(self) -> Any:
        return getattr(self.model, "optimizer", None)

    def _swap_in(self) -> None:
        optimizer = self._optimizer()
        if not (hasattr(optimizer, "keeps_averages") and optimizer.keeps_averages()):
            what = "no optimizer" if optimizer is None else f"the optimizer {optimizer!r}, which keeps no averages"
            raise ArgumentError(
                f"the model has {what} of its weights", fix="compile it with an optimizer made with use_ema=True"
            ).at("SwapEMAWeights")
        self._wanted += 1
        optimizer.swap_in_averages(self.model.trainable_variables)

    def _swap_out(self) -> None:
        if self._wanted:
            self._wanted -= 1
            if not self._wanted:
                self._optimizer().swap_out_averages()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin with the weights as they are.

        Args:
            logs: dict or None, empty; None.
        """
        self._wanted = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Exchange back what was exchanged at the end of the epoch before.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, empty; None.
        """
        if self.swap_on_epoch:
            self._swap_out()

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Exchange weights and averages, with `swap_on_epoch`.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        if self.swap_on_epoch:
            self._swap_in()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Exchange back what is exchanged still: training has failed, or else weights are averages already.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        self._wanted = min(self._wanted, 1)
        self._swap_out()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Exchange weights and averages.

        Args:
            logs: dict or None, empty; None.
        """
        self._swap_in()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Exchange them back.

        Args:
            logs: dict or None, losses and metrics of the evaluation by name; None.
        """
        self._swap_out()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Exchange weights and averages.

        Args:
            logs: dict or None, empty; None.
        """
        self._swap_in()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Exchange them back.

        Args:
            logs: dict or None, empty; None.
        """
        self._swap_out()
