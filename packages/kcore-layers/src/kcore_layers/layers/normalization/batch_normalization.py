"""`BatchNormalization`: mean 0 and variance 1 over the batch while training, by moving statistics afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.dtypes import at_least_float32
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import normalize_axis

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.normalization.wide_inputs import computed_wide
from kcore_layers.options.argument_types import ConstraintLike, InitializerLike, LayerOptions, RegularizerLike, Shape
from kcore_layers.options.weight_options import (
    checked_axis,
    checked_number,
    config_of,
    known_size,
    options_of,
    set_options,
)
from kcore_layers.serialization.registry import builtin

__all__ = ["BatchNormalization"]

_OPTIONS = (
    "axis", "momentum", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer",
    "moving_mean_initializer", "moving_variance_initializer", "beta_regularizer", "gamma_regularizer",
    "beta_constraint", "gamma_constraint", "synchronized", "renorm", "renorm_clipping", "renorm_momentum",
)  # fmt: skip


@builtin("keras.layers")
class BatchNormalization(Layer):
    """Subtract the mean, divide by the standard deviation, multiply by `gamma`, add `beta`: along all axes but one.

    While training, mean and variance are those of the batch, and moving averages follow them; otherwise, and whenever
    `trainable` is False, the moving averages are used. Steps that a mask leaves out do not count.

    Shapes: the output is shaped like the input; each weight is `(n,)`, with `n` the size of `axis`. A mask has the
    shape of the input's first axes. Where the layer computes in float16 or bfloat16, inputs are normalized in float32
    and the result is rounded.

    Args:
        axis: int, the axis that keeps its own statistics: the channels; -1, the last.
        momentum: float, the fraction of a moving average that stays at each step; 0.99.
        epsilon: float, added to the variance; 1e-3.
        center: bool, whether `beta` is added; True.
        scale: bool, whether `gamma` multiplies; True.
        beta_initializer: initializer, its name or config, of the `(n,)` offset `beta`; zeros.
        gamma_initializer: initializer, its name or config, of the `(n,)` factor `gamma`; ones.
        moving_mean_initializer: initializer, its name or config, of the `(n,)` moving mean; zeros.
        moving_variance_initializer: initializer, its name or config, of the `(n,)` moving variance; ones.
        beta_regularizer: regularizer, its name or config, of `beta`; None adds no penalty.
        gamma_regularizer: regularizer, its name or config, of `gamma`; None adds no penalty.
        beta_constraint: constraint, its name or config, of `beta` after each update; None sets none.
        gamma_constraint: constraint, its name or config, of `gamma` after each update; None sets none.
        renorm: bool, whether, while training too, batches are corrected towards moving statistics; False.
        renorm_clipping: dict of limits of that correction: "rmax" and "rmin" of the scale, "dmax" of the shift; None,
            no limits.
        renorm_momentum: float, the fraction of the statistics of `renorm` that stays at each step; 0.99.
        synchronized: bool, whether statistics are those of all replicas, where the backend has some; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `axis` is not an integer, or `renorm_clipping` has other keys.
        ShapeError: when called, if the size of `axis` is not known or not the one it was built for.

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, algorithm 1; for `renorm` Ioffe (2017), arXiv:1702.03275.

    >>> layer = BatchNormalization(epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]], "float32"), training=True).ravel()
    array([-1.,  1.], dtype=float32)
    """

    gamma: Any
    beta: Any
    moving_mean_initializer: Any
    moving_variance_initializer: Any
    renorm_clipping: dict[str, float] | None

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        moving_mean_initializer: InitializerLike = "zeros",
        moving_variance_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        renorm: bool = False,
        renorm_clipping: Mapping[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        unknown = set(renorm_clipping or {}) - {"rmax", "rmin", "dmax"}
        if unknown:
            raise ArgumentError(
                f"renorm_clipping has no {', '.join(sorted(map(repr, unknown)))}", fix="use 'rmax', 'rmin' and 'dmax'"
            ).at("BatchNormalization")
        self.axis = checked_axis(self, "axis", axis)
        self.momentum = float(checked_number(self, "momentum", momentum))
        self.epsilon = float(checked_number(self, "epsilon", epsilon))
        self.center = center
        self.scale = scale
        self.renorm = renorm
        self._kcore_set_untracked("renorm_clipping", None if renorm_clipping is None else dict(renorm_clipping))
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        set_options(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.supports_masking = True
        self.gamma = self.beta = None

    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        axis = normalize_axis(self.axis, len(input_shape))
        size = known_size(input_shape, axis)
        # Read in their own dtype: with them the input is normalized in float32 at least.
        if self.scale:
            self.gamma = self.add_weight(shape=(size,), autocast=False, **options_of(self, "gamma"))
        if self.center:
            self.beta = self.add_weight(shape=(size,), autocast=False, **options_of(self, "beta"))
        self.moving_mean = self._add_statistic("moving_mean", size, self.moving_mean_initializer)
        self.moving_variance = self._add_statistic("moving_variance", size, self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = self._add_statistic("moving_stddev", size, _root_of(self.moving_variance_initializer))
            self.renorm_mean = self._add_statistic("renorm_mean", size, self.moving_mean_initializer)
            self.renorm_stddev = self._add_statistic("renorm_stddev", size, _root_of(self.moving_variance_initializer))
        self._axis = axis
        self._reduced = tuple(each for each in range(len(input_shape)) if each != axis)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def _add_statistic(self, name: str, size: int, initializer: Any) -> Any:
        return self.add_weight((size,), initializer, trainable=False, autocast=False, aggregation="mean", name=name)

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        """Return the normalized inputs.

        Args:
            inputs: tensor with the axes that the layer was built for.
            training: bool, whether to use and follow the statistics of the batch; None is False.
            mask: boolean tensor with the first axes of the inputs, False for elements to leave out; None keeps all.
        """
        if ops.dtype(inputs) != self.compute_dtype:
            return computed_wide(self, inputs, lambda x: self._normalized(x, training, mask))
        return self._normalized(inputs, training, mask)

    def _normalized(self, inputs: Any, training: bool | None, mask: Any) -> Any:
        if not training or not self._kcore_trainable:
            mean, variance = self.moving_mean, self.moving_variance
            return ops.batch_normalization(inputs, mean, variance, self._axis, self.beta, self.gamma, self.epsilon)
        mean, variance = self._moments(inputs, mask)
        _follow(self.moving_mean, mean, self.momentum)
        if self.renorm:
            return self._renormalized(inputs, mean, variance)
        _follow(self.moving_variance, variance, self.momentum)
        return ops.batch_normalization(inputs, mean, variance, self._axis, self.beta, self.gamma, self.epsilon)

    def _moments(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        """Return mean and variance of each channel, over the elements that count."""
        x = ops.cast(inputs, at_least_float32(ops.dtype(inputs)))
        if mask is None:
            mean, variance = ops.moments(x, self._reduced, synchronized=self.synchronized)
            return mean, variance
        if self.synchronized:
            raise ArgumentError("masked moments can not be synchronized", fix="leave out synchronized=, or the mask")
        ndim = len(inputs.shape)
        weights = ops.reshape(mask, (*ops.shape(mask), *(1,) * (ndim - len(mask.shape))))
        weights = ops.broadcast_to(ops.cast(weights, ops.dtype(x)), ops.shape(x))
        # At least one, so that a batch in which all is masked has no NaN.
        count = ops.maximum(ops.sum(weights, self._reduced, keepdims=True), 1.0)
        mean = ops.divide(ops.sum(ops.multiply(x, weights), self._reduced, keepdims=True), count)
        distance = ops.multiply(ops.square(ops.subtract(x, mean)), weights)
        variance = ops.divide(ops.sum(distance, self._reduced, keepdims=True), count)
        return ops.squeeze(mean, self._reduced), ops.squeeze(variance, self._reduced)

    def _renormalized(self, inputs: Any, mean: Any, variance: Any) -> Any:
        """Normalize, then scale by `r` and shift by `d` (algorithm 1 of the paper), which no gradient goes through."""
        stddev = ops.sqrt(ops.add(variance, self.epsilon))
        limits = self.renorm_clipping or {}
        r = ops.divide(stddev, self.renorm_stddev)
        d = ops.divide(ops.subtract(mean, self.renorm_mean), self.renorm_stddev)
        if "rmax" in limits:
            r = ops.minimum(r, limits["rmax"])
        if "rmin" in limits:
            r = ops.maximum(r, limits["rmin"])
        if "dmax" in limits:
            d = ops.clip(d, -limits["dmax"], limits["dmax"])
        r, d = ops.stop_gradient(r), ops.stop_gradient(d)
        scale, offset = (r, d) if self.gamma is None else (ops.multiply(r, self.gamma), ops.multiply(d, self.gamma))
        if self.beta is not None:
            offset = ops.add(offset, self.beta)
        # The deviation is averaged, not the variance, which follows from it.
        _follow(self.moving_stddev, stddev, self.momentum)
        variance_after = ops.subtract(ops.square(self.moving_stddev), self.epsilon)
        self.moving_variance.assign(ops.maximum(variance_after, 0.0))
        _follow(self.renorm_mean, mean, self.renorm_momentum)
        _follow(self.renorm_stddev, stddev, self.renorm_momentum)
        return ops.batch_normalization(inputs, mean, variance, self._axis, offset, scale, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}


def _follow(average: Any, value: Any, momentum: float) -> None:
    """Bring a moving average nearer to a value."""
    average.assign(ops.add(ops.multiply(average, momentum), ops.multiply(value, 1.0 - momentum)))


def _root_of(initializer: Any) -> Any:
    return lambda shape, dtype=None: ops.sqrt(initializer(shape, dtype=dtype))
