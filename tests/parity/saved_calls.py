"""Calls of ops in functional models, for those whose arguments are of several kinds: `x` is (batch, 4, 3)."""

from __future__ import annotations

__all__ = ["CALLS"]

CALLS = {
    "arithmetic": lambda ops, x: (2 * x + 1) / (x * x + 1) - x**2,
    "axes": lambda ops, x: ops.sum(x, axis=[1, 2], keepdims=True) + ops.max(x, axis=-1, keepdims=True),
    "batch_normalization": lambda ops, x: ops.batch_normalization(x, x[0, 0], x[0, 1] ** 2 + 1, axis=-1, epsilon=0.1),
    "cast": lambda ops, x: ops.cast(ops.cast(x, "int32"), "float32"),
    "clip": lambda ops, x: ops.clip(x, 0.5, 1.5),
    "comparison": lambda ops, x: ops.where(ops.isclose(x, 1.0, atol=0.5), x, -x),
    "concatenate": lambda ops, x: ops.concatenate([x, ops.relu(x), x], axis=1),
    "convolution": lambda ops, x: ops.conv(x, ops.expand_dims(x[0, :3], 2), strides=2, padding="same"),
    "dot_product_attention": lambda ops, x: ops.dot_product_attention(
        x[:, :, None], x[:, :, None], x[:, :, None], scale=0.25, is_causal=True
    ),
    "einsum": lambda ops, x: ops.einsum("bij,bkj->bik", x, x),
    "get_item": lambda ops, x: x[:, 1:, None, ::2] * x[..., 0, :1, None, None],
    "layer_normalization": lambda ops, x: ops.layer_normalization(x, x[0, 0], x[0, 1], axis=-1),
    "one_hot": lambda ops, x: ops.one_hot(ops.argmax(x, axis=1), 4, axis=1),
    "pad": lambda ops, x: ops.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=7.0),
    "pooling": lambda ops, x: ops.average_pool(x, 2, strides=1, padding="valid"),
    "reshape": lambda ops, x: ops.transpose(ops.reshape(x, (-1, 2, 6)), (0, 2, 1)),
    "resize": lambda ops, x: ops.image.resize(x[..., None], (3, 5), interpolation="nearest"),
    "roll": lambda ops, x: ops.roll(ops.flip(ops.repeat(x, 2, axis=2), axis=[1]), 1, axis=1),
    "softmax": lambda ops, x: ops.softmax(x, axis=1) + ops.log_softmax(x) + ops.leaky_relu(x, 0.3),
    "split": lambda ops, x: ops.stack(ops.split(x, 2, axis=1), axis=0)[1],
    "statistics": lambda ops, x: ops.var(x, axis=1) + ops.std(x, axis=-2),
    "take": lambda ops, x: ops.take(x, [0, 2], axis=1),
    "top_k": lambda ops, x: ops.top_k(x, 2)[0],
    "unravel": lambda ops, x: ops.tensordot(x, x[0], axes=[[1], [0]]),
}  # fmt: skip
