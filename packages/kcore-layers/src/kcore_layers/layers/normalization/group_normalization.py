"""`GroupNormalization`: mean 0 and variance 1 for each group of channels of each example."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import normalize_axis

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.normalization.wide_inputs import computed_wide
from kcore_layers.options.argument_types import ConstraintLike, InitializerLike, LayerOptions, RegularizerLike, Shape
from kcore_layers.options.weight_options import checked_axis, config_of, known_size, options_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["GroupNormalization"]

_OPTIONS = (
    "groups", "axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer", "beta_regularizer",
    "gamma_regularizer", "beta_constraint", "gamma_constraint",
)  # fmt: skip


@builtin("keras.layers")
class GroupNormalization(Layer):
    """Split the channels into groups, and for each subtract its mean and divide by its standard deviation.

    Then each channel is multiplied by its `gamma`, and its `beta` is added.

    Shapes: the output is shaped like the input; `gamma` and `beta` are `(n,)` with `n` the size of `axis`. Where
    the layer computes in float16 or bfloat16, inputs are normalized in float32 and the result is rounded.

    Args:
        groups: int, number of groups; 1 normalizes all channels together, -1 each by itself; 32.
        axis: int, the axis of the channels; -1, the last.
        epsilon: float, added to the variance; 1e-3.
        center: bool, whether `beta` is added; True.
        scale: bool, whether `gamma` multiplies; True.
        beta_initializer: initializer, its name or config, of the `(n,)` offset `beta`; zeros.
        gamma_initializer: initializer, its name or config, of the `(n,)` factor `gamma`; ones.
        beta_regularizer: regularizer, its name or config, of `beta`; None adds no penalty.
        gamma_regularizer: regularizer, its name or config, of `gamma`; None adds no penalty.
        beta_constraint: constraint, its name or config, of `beta` after each update; None sets none.
        gamma_constraint: constraint, its name or config, of `gamma` after each update; None sets none.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `groups` is neither a positive integer nor -1, or `axis` is no axis.
        ShapeError: when built, if the number of channels is not known or does not split into the groups.

    Source: Wu & He (2018), arXiv:1803.08494, eq. 1 to 4.

    >>> GroupNormalization(2, epsilon=0.0)(np.array([[1.0, 3.0, 10.0, 20.0]], "float32"))
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    gamma: Any
    beta: Any

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        if isinstance(groups, bool) or not hasattr(groups, "__index__") or (groups < 1 and groups != -1):
            raise ArgumentError(f"groups can not be {groups!r}", fix="pass a positive integer, or -1").at(
                "GroupNormalization"
            )
        self.groups = int(groups)
        self.axis = checked_axis(self, "axis", axis)
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
        ndim = len(input_shape)
        axis = normalize_axis(self.axis, ndim)
        size = known_size(input_shape, axis)
        if self.groups == -1:
            self.groups = size
        if size % self.groups:
            raise ShapeError(
                f"the input has {size} channels, which do not split into {self.groups} groups",
                fix="let groups be a divisor of the number of channels",
            )
        if self.scale:
            self.gamma = self.add_weight(shape=(size,), autocast=False, **options_of(self, "gamma"))
        if self.center:
            self.beta = self.add_weight(shape=(size,), autocast=False, **options_of(self, "beta"))
        self._axis, self._size = axis, size
        # Of the input with its channels split in two axes: all but the batch and the groups.
        self._reduced = tuple(each for each in range(1, ndim + 1) if each != axis)
        self._weight_shape = tuple(size if each == axis else 1 for each in range(ndim))
        self.input_spec = InputSpec(ndim=ndim, axes={self.axis: size})

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized inputs.

        Args:
            inputs: tensor with the axes that the layer was built for.
        """
        return computed_wide(self, inputs, self._normalized)

    def _normalized(self, x: Any) -> Any:
        shape = ops.shape(x)
        split = (*shape[: self._axis], self.groups, self._size // self.groups, *shape[self._axis + 1 :])
        x = ops.layer_normalization(ops.reshape(x, split), None, None, self._reduced, self.epsilon)
        x = ops.reshape(x, shape)
        if self.gamma is not None:
            x = ops.multiply(x, ops.reshape(self.gamma, self._weight_shape))
        if self.beta is not None:
            x = ops.add(x, ops.reshape(self.beta, self._weight_shape))
        return x

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}
