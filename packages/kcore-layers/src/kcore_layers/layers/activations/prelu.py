"""`PReLU`: a rectifier that learns its slope below zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import normalize_axes

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import ConstraintLike, InitializerLike, LayerOptions, RegularizerLike, Shape
from kcore_layers.options.weight_options import checked_axes, config_of, known_size, options_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["PReLU"]


@builtin("keras.layers")
class PReLU(Layer):
    """Multiply negative elements by a learned slope, `alpha`; keep the others.

    Shapes: the output is shaped like the input; `alpha` is too, without the batch, and with 1 along shared axes.

    Args:
        alpha_initializer: initializer, its name or config, of the slopes, shaped like an example with 1 along
            `shared_axes`; zeros.
        alpha_regularizer: regularizer, its name or config, of the slopes; None adds no penalty.
        alpha_constraint: constraint, its name or config, of the slopes after each update; None sets none.
        shared_axes: int or ints, axes of the input counted with the batch, along which the slopes are the same; None,
            none but the batch.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a shared axis is none, or the batch.
        ShapeError: when called, if the size of an axis that is not shared is not known.

    Source: He et al. (2015), arXiv:1502.01852, eq. 1.

    >>> PReLU(alpha_initializer="ones")(np.array([[-1.0, 2.0]], "float32"))
    array([[-1.,  2.]], dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: InitializerLike = "Zeros",
        alpha_regularizer: RegularizerLike = None,
        alpha_constraint: ConstraintLike = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        set_options(
            self,
            alpha_initializer=alpha_initializer,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
        )
        found = () if shared_axes is None else checked_axes(self, "shared_axes", shared_axes)
        axes = (found,) if isinstance(found, int) else found
        if 0 in axes:
            raise ArgumentError(
                f"shared_axes={shared_axes!r} holds 0, the batch, along which slopes are always shared",
                fix="count axes from 1, the first after the batch",
            ).at("PReLU")
        self.shared_axes = axes or None
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Make the slopes for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        ndim = len(input_shape)
        shared = normalize_axes(self.shared_axes or (), ndim, "shared_axes")
        sizes = {axis: known_size(input_shape, axis) for axis in range(1, ndim) if axis not in shared}
        self.alpha = self.add_weight(shape=[sizes.get(axis, 1) for axis in range(1, ndim)], **options_of(self, "alpha"))
        self.input_spec = InputSpec(ndim=ndim, axes=sizes)

    def call(self, inputs: Tensor) -> Tensor:
        """Return `inputs` where positive, `alpha * inputs` elsewhere.

        Args:
            inputs: tensor `(batch, ...)`.
        """
        return ops.where(ops.greater(inputs, 0), inputs, ops.multiply(inputs, self.alpha))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        names = ("alpha_initializer", "alpha_regularizer", "alpha_constraint")
        axes = None if self.shared_axes is None else list(self.shared_axes)
        return {**super().get_config(), **config_of(self, *names), "shared_axes": axes}
