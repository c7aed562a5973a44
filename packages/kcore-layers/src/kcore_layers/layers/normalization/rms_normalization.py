"""`RMSNormalization`: a root mean square of 1 for each example by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.specs.shapes import normalize_axes

from kcore_layers.base.layer import Layer
from kcore_layers.layers.normalization.wide_inputs import computed_wide
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.options.weight_options import checked_axes, known_size
from kcore_layers.serialization.registry import builtin

__all__ = ["RMSNormalization"]


@builtin("keras.layers")
class RMSNormalization(Layer):
    """Divide by the root mean square along `axis`, multiply by `scale`.

    Shapes: the output is shaped like the input; `scale` has its sizes along `axis`. Where the layer computes in
    float16 or bfloat16, inputs are normalized in float32 and the result is rounded.

    Args:
        axis: int or ints, counted from the last axis of each input if negative; -1, the last.
        epsilon: float, added to the mean square; 1e-6.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `axis` is no axis.
        ShapeError: when called, if there is no such axis, or its size is not known.

    Source: Zhang & Sennrich (2019), arXiv:1910.07467, eq. 4.

    >>> RMSNormalization(epsilon=0.0)(np.array([[3.0, 4.0]], "float32")).round(3)
    array([[0.849, 1.131]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Unpack[LayerOptions]) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.axis = checked_axes(self, "axis", axis)
        self.epsilon = float(epsilon)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Make `scale` for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        shape = [known_size(input_shape, axis) for axis in sorted(normalize_axes(self.axis, len(input_shape)))]
        # Read in its own dtype: with it the input is normalized in float32 at least.
        self.scale = self.add_weight(shape=shape, initializer="ones", autocast=False, name="scale")

    def call(self, x: Tensor) -> Tensor:
        """Return the normalized inputs.

        Args:
            x: tensor of any shape.
        """
        if ops.dtype(x) != self.compute_dtype:
            return computed_wide(self, x, self._normalized)
        return self._normalized(x)

    def _normalized(self, inputs: Any) -> Any:
        return ops.rms_normalization(inputs, self.scale, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {
            **super().get_config(),
            "axis": list(self.axis) if isinstance(self.axis, tuple) else self.axis,
            "epsilon": self.epsilon,
        }
