"""Products with a bias added: what a framework may compute at once, which spares the sum a pass over memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_ops.dtypes.promotion import exact, product
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.nn.convolution import conv
from kcore_ops.ops.numpy.arithmetic import add
from kcore_ops.ops.numpy.manipulation import expand_dims
from kcore_ops.ops.numpy.products import einsum, matmul
from kcore_ops.specs.shapes import differ, show_shape

__all__ = ["biased_conv", "biased_einsum", "biased_matmul"]


@op(dtypes=product, in_parts=True)
def biased_matmul(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Add a bias to a matrix product: `matmul(x, kernel) + bias`.

    Shapes: `x` is `(..., n)`, `kernel` `(n, units)`, `bias` `(units,)`, the result `(..., units)`; others as `matmul`
    and `add` take them. Dtype: the common one; of int8 alone, int32.
    Raises: `ShapeError` if the sizes do not fit.

    >>> biased_matmul([[1, 2], [3, 4]], [[10], [1]], [5])
    array([[17],
           [39]], dtype=int32)
    """
    return add(matmul(x, kernel), bias)


@op(dtypes=product, in_parts=True)
def biased_einsum(subscripts: str, x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Add a bias to a sum of products over named axes: `einsum(subscripts, x, kernel) + bias`.

    Shapes: `x` and `kernel` are as `einsum` takes them, `bias` has a shape that broadcasts to that of their product.
    Dtype: the common one; of int8 alone, int32.
    Raises: `ShapeError` if the sizes do not fit; `ArgumentError` if the subscripts are not well-formed.

    >>> biased_einsum("ab,bcd->acd", [[1, 2]], [[[1], [2]], [[3], [4]]], [[100], [200]])
    array([[[107],
            [210]]], dtype=int32)
    """
    return add(einsum(subscripts, x, kernel), bias)


@op(dtypes=exact, in_parts=True)
def biased_conv(
    inputs: Tensor,
    kernel: Tensor,
    bias: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Add a bias to each channel of a convolution: `conv(inputs, kernel, ...) + bias`.

    `strides` and `dilation_rate`, 1 by default, `padding`, by default "valid", and `data_format`, by default
    `config.image_data_format()`, are as for `conv`.

    Shapes: `inputs` and `kernel` are as `conv` takes them, `bias` is `(filters,)`. Dtype: the common one.
    Raises: `ShapeError` if axes, channels, window or bias do not fit; `ArgumentError` for an unknown padding or layout.

    >>> biased_conv([[[1.0], [2.0], [3.0]]], [[[1.0]], [[10.0]]], [0.5]).tolist()
    [[[21.5], [32.5]]]
    """
    y: Any = conv(inputs, kernel, strides, padding, data_format, dilation_rate)
    if len(bias.shape) != 1 or differ(bias.shape[0], kernel.shape[-1]):
        raise ShapeError(
            f"bias has shape {show_shape(bias.shape)} and the kernel {show_shape(kernel.shape)}",
            fix="pass a bias with one axis, of the number of filters, which is the kernel's last size",
        )
    if settings.standardize_data_format(data_format) == "channels_first":
        bias = expand_dims(bias, tuple(range(1, len(y.shape) - 1)))
    return add(y, bias)
