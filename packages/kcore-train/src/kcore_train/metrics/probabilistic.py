"""Cross-entropies and other measures between distributions, averaged over everything seen."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from kcore_train.losses.divergence import kl_divergence, poisson
from kcore_train.metrics.mean import MeanMetricWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "Poisson",
    "SparseCategoricalCrossentropy",
]


@builtin("keras.metrics")
class KLDivergence(MeanMetricWrapper):
    """Compute the sum of y_true log(y_true / y_pred), in nats, between two distributions.

    Shapes: targets and predictions broadcast, with the probabilities along the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "kl_divergence".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]).round(4).item()
    0.14380000531673431
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: DTypeLike = None) -> None:
        super().__init__(kl_divergence, name, dtype)


@builtin("keras.metrics")
class Poisson(MeanMetricWrapper):
    """Compute the mean of y_pred - y_true log(y_pred): what counts cost, in nats, if predictions are their means.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "poisson".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Poisson()([[0.0, 1.0]], [[1.0, 1.0]]).round(4).item()
    1.0
    """

    def __init__(self, name: str | None = "poisson", dtype: DTypeLike = None) -> None:
        super().__init__(poisson, name, dtype)


@builtin("keras.metrics", aliases=("bce", "BCE"))
class BinaryCrossentropy(MeanMetricWrapper):
    """Compute the cross-entropy, in nats, of yes-or-no targets with predicted probabilities of yes.

    Shapes: targets and predictions have one shape; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if the shapes differ.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "binary_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        from_logits: bool, whether predictions are logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t counts as t (1 - s) + s / 2; 0.

    >>> BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).round(4).item()
    0.6930999755859375
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: DTypeLike = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


@builtin("keras.metrics")
class CategoricalCrossentropy(MeanMetricWrapper):
    """Compute the cross-entropy, in nats, of one-hot labels, or other probabilities of classes, with predicted ones.

    Shapes: targets and predictions have one shape, with the classes along `axis`.
    Raises: `ShapeError` if the targets are class indices, for `SparseCategoricalCrossentropy`.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "categorical_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        from_logits: bool, whether predictions are logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t of n classes counts as t (1 - s) + s / n; 0.
        axis: int, the axis of the classes; -1.

    >>> CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).round(4).item()
    0.6930999755859375
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: DTypeLike = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            categorical_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
        )


@builtin("keras.metrics")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Compute the cross-entropy, in nats, of target classes, given by their indices, with predicted probabilities.

    Shapes: predictions have the classes along `axis`; targets lack it, or have size 1 there.
    Raises: `ShapeError` if the targets are one-hot labels, for `CategoricalCrossentropy`.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "sparse_categorical_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        from_logits: bool, whether predictions are logits (any real numbers) rather than probabilities in [0, 1]; False.
        ignore_class: int or None, a class index whose samples do not count (-1 or 255, for example), None for no such
            class; None.
        axis: int, the axis of the classes; -1.

    >>> SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]]).round(4).item()
    0.6930999755859375
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: DTypeLike = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis
        )

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:  # type: ignore[override]
        """Update the state with a batch of targets and predictions, except those of the ignored class.

        Args:
            y_true: tensor of ints, class indices from 0.
            y_pred: tensor of floats, the probabilities or logits of the classes along `axis`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if the targets do not fit the predictions, or the weights the samples.
        """
        ignored = self._arguments["ignore_class"]
        if ignored is not None:
            y_true = self._tensor(y_true)
            kept = ops.not_equal(y_true, ignored)
            if len(kept.shape) == ops.ndim(y_pred):
                kept = ops.squeeze(kept, self._arguments["axis"])
            sample_weight = self._masked(sample_weight, kept)
        super().update_state(y_true, y_pred, sample_weight)
