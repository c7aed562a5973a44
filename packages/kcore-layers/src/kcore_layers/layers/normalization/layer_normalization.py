"""`LayerNormalization`: mean 0 and variance 1 for each example by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.specs.shapes import normalize_axes

from kcore_layers.base.layer import Layer
from kcore_layers.layers.normalization.wide_inputs import computed_wide
from kcore_layers.options.argument_types import ConstraintLike, InitializerLike, LayerOptions, RegularizerLike, Shape
from kcore_layers.options.weight_options import checked_axes, config_of, known_size, options_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["LayerNormalization"]

_OPTIONS = (
    "epsilon", "center", "scale", "rms_scaling", "beta_initializer", "gamma_initializer", "beta_regularizer",
    "gamma_regularizer", "beta_constraint", "gamma_constraint",
)  # fmt: skip


class _LayerNormalizationOptions(LayerOptions, total=False):
    rms_scaling: bool


@builtin("keras.layers")
class LayerNormalization(Layer):
    """Subtract the mean along `axis`, divide by the standard deviation, multiply by `gamma`, add `beta`.

    Shapes: the output is shaped like the input; `gamma` and `beta` have its sizes along `axis`. Where the layer
    computes in float16 or bfloat16, inputs are normalized in float32 and the result is rounded.

    Args:
        axis: int or ints, counted from the last axis of each input if negative; -1, the last.
        epsilon: float, added to the variance; 1e-3.
        center: bool, whether `beta` is added; True.
        scale: bool, whether `gamma` multiplies; True.
        beta_initializer: initializer, its name or config, of the offset `beta`; zeros.
        gamma_initializer: initializer, its name or config, of the factor `gamma`; ones.
        beta_regularizer: regularizer, its name or config, of `beta`; None adds no penalty.
        gamma_regularizer: regularizer, its name or config, of `gamma`; None adds no penalty.
        beta_constraint: constraint, its name or config, of `beta` after each update; None sets none.
        gamma_constraint: constraint, its name or config, of `gamma` after each update; None sets none.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; and
            `rms_scaling=True`, of old files, which leaves out the subtraction and `beta`.

    Raises:
        ArgumentError: if `axis` is no axis.
        ShapeError: when called, if there is no such axis, or its size is not known.

    Source: Ba et al. (2016), arXiv:1607.06450, eq. 4.

    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]], "float32"))
    array([[-1.,  1.]], dtype=float32)
    """

    gamma: Any
    beta: Any

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **kwargs: Unpack[_LayerNormalizationOptions],
    ) -> None:
        self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.axis = checked_axes(self, "axis", axis)
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        set_options(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.supports_masking = True
        self.gamma = self.beta = None

    def build(self, input_shape: Shape) -> None:
        """Make `gamma` and `beta` for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        shape = [known_size(input_shape, axis) for axis in sorted(normalize_axes(self.axis, len(input_shape)))]
        # Read in their own dtype: with them the input is normalized in float32 at least.
        if self.scale or self.rms_scaling:
            self.gamma = self.add_weight(shape=shape, autocast=False, **options_of(self, "gamma"))
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(shape=shape, autocast=False, **options_of(self, "beta"))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized inputs.

        Args:
            inputs: tensor with the axes that the layer was built for.
        """
        if ops.dtype(inputs) != self.compute_dtype:
            return computed_wide(self, inputs, self._normalized)
        return self._normalized(inputs)

    def _normalized(self, inputs: Any) -> Any:
        return ops.layer_normalization(inputs, self.gamma, self.beta, self.axis, self.epsilon, self.rms_scaling)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {
            **super().get_config(),
            "axis": list(self.axis) if isinstance(self.axis, tuple) else self.axis,
            **config_of(self, *_OPTIONS),
        }
