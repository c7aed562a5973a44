"""`SpectralNormalization`: a layer whose kernel keeps its largest singular value at one."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.nn.precision import widened

from kcore_layers.base.layer import Layer
from kcore_layers.layers.core.wrapper import Wrapper
from kcore_layers.options import initializers
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["SpectralNormalization"]


@builtin("keras.layers")
class SpectralNormalization(Wrapper):
    """Divide the kernel of a layer by its largest singular value, as power iteration finds it; only while training.

    Shapes: those of the layer. The kernel counts as a matrix with its last axis as columns.

    Args:
        layer: layer with a `kernel`, or with `embeddings`.
        power_iterations: int, steps of the iteration in each call; 1.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `power_iterations` is not a positive integer, or, when built, the layer has no kernel.

    Source: Miyato et al. (2018), arXiv:1802.05957, algorithm 1.

    >>> from kcore_layers.layers.core.dense import Dense
    >>> layer = SpectralNormalization(Dense(1, kernel_initializer="ones", use_bias=False))
    >>> layer(np.array([[1.0, 0.0, 0.0, 0.0]], "float32"), training=True)
    array([[0.5]], dtype=float32)
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Unpack[LayerOptions]) -> None:
        kwargs.setdefault("autocast", False)  # the layer inside casts
        super().__init__(layer, **kwargs)
        self.power_iterations = checked_count(self, "power_iterations", power_iterations)

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the layer inside, and make the vector of the iteration.

        Args:
            input_shape: sizes of the inputs, the batch included; None if the layer inside asks for none.
        """
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ArgumentError(
                f"{type(self.layer).__name__} has neither a kernel nor embeddings", fix="wrap a layer that has"
            )
        self.kernel = kernel
        self.vector_u = self.add_weight(
            (1, kernel.shape[-1]), initializers.TruncatedNormal(stddev=0.02), trainable=False, name="vector_u"
        )

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Return what the layer returns, with its kernel normalized first if `training`.

        Args:
            inputs: tensor, as the layer inside takes it.
            training: bool, whether to normalize the kernel; False.
        """
        if training:
            kernel, u = self.normalized_weights()
            self.kernel.assign(kernel)
            self.vector_u.assign(u)
        return self.layer(inputs)

    def normalized_weights(self) -> tuple[Any, Any]:
        """Return the kernel divided by its largest singular value, and the vector that belongs to it."""
        matrix = widened(ops.reshape(self.kernel, (-1, self.kernel.shape[-1])))
        fixed, u = ops.stop_gradient(matrix), ops.cast(self.vector_u, ops.dtype(matrix))
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(fixed)), -1)
            u = ops.normalize(ops.matmul(v, fixed), -1)
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        sigma = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        sigma = ops.where(ops.equal(sigma, 0), ops.ones_like(sigma), sigma)  # a kernel of zeros stays
        return ops.reshape(ops.divide(matrix, sigma), self.kernel.shape), u

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "power_iterations": self.power_iterations}
