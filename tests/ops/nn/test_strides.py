"""Products of stacks and strided convolutions whose shapes leave frameworks' kernels room to read beyond a tensor."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest

rng = np.random.default_rng(0)

# Spatial sizes, window, strides, channels and filters: elements left over, windows longer than an axis, one position.
CONVOLUTIONS = [
    ((5, 5), (3, 3), (1, 3), 1, 8),
    ((5, 1), (1, 3), (1, 2), 1, 1),
    ((7, 2), (3, 2), (1, 3), 1, 3),
    ((6, 1), (3, 3), (1, 2), 4, 1),
    ((2,), (3,), (3,), 3, 16),
    ((9,), (2,), (3,), 4, 8),
    ((7, 3, 2), (2, 1, 3), (2, 1, 3), 1, 3),
    ((4, 2, 6), (1, 1, 1), (3, 3, 3), 8, 9),
    ((6, 7, 3), (1, 3, 2), (3, 3, 3), 9, 9),
    ((1, 6, 4), (1, 1, 3), (3, 3, 2), 3, 4),
]


def convolved(x, kernel, strides, padding):
    """What a convolution is: each window of the padded tensor times the kernel."""
    rank = len(strides)
    positions, pads = [], [(0, 0)]
    for size, span, step in zip(x.shape[1:-1], kernel.shape, strides, strict=False):
        count = -(-size // step) if padding == "same" else (size - span) // step + 1
        pad = max((count - 1) * step + span - size, 0) if padding == "same" else 0
        positions.append(count)
        pads.append((pad // 2, pad - pad // 2))
    x = np.pad(x, [*pads, (0, 0)])
    result = np.zeros((len(x), *positions, kernel.shape[-1]))
    for place in np.ndindex(*positions):
        starts = [i * step for i, step in zip(place, strides, strict=True)]
        window = x[:, *[slice(start, start + span) for start, span in zip(starts, kernel.shape, strict=False)]]
        result[:, *place] = np.tensordot(window, kernel, (range(1, rank + 2), range(rank + 1)))
    return result


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("bfloat16", 3e-2), ("float16", 3e-3)])
def test_a_strided_convolution_reads_its_tensor_and_nothing_else(backend, case, padding, dtype, tolerance):
    sizes, window, strides, channels, filters = case
    if padding == "valid" and any(size < span for size, span in zip(sizes, window, strict=True)):
        sizes = window
    x = ops.cast(ops.convert_to_tensor(rng.normal(size=(2, *sizes, channels))), dtype)
    kernel = ops.cast(ops.convert_to_tensor(rng.normal(size=(*window, channels, filters))), dtype)
    wide = [np.asarray(ops.convert_to_numpy(ops.cast(each, "float32")), "float64") for each in (x, kernel)]
    expected = convolved(*wide, strides, padding)
    for _ in range(3):  # what lies beyond a tensor is another thing each time
        found = ops.convert_to_numpy(ops.cast(ops.conv(x, kernel, strides, padding), "float32"))
        np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize(
    "shapes",
    [((4, 1, 3, 4), (4, 4)), ((8, 1, 5, 1), (1, 6)), ((4, 1, 3, 4), (1, 4, 4)), ((3, 1, 2, 4), (5, 4, 2)),
     ((2, 3, 4), (5, 1, 4, 2)), ((2, 1, 1, 3, 4), (4, 2)), ((7, 3, 4), (4, 5)), ((1, 3, 4), (7, 4, 2)),
     ((3, 2, 5, 4), (4,)), ((4,), (3, 2, 4, 5)), ((9, 7, 6, 33), (33,)), ((64, 64), (64, 64))],
)  # fmt: skip
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 3e-2), ("float16", 3e-3)])
def test_products_of_repeated_stacks_read_their_tensors_and_nothing_else(backend, shapes, dtype, tolerance):
    tensors = [ops.cast(ops.convert_to_tensor(rng.normal(size=shape)), dtype) for shape in shapes]
    wide = [np.asarray(ops.convert_to_numpy(ops.cast(each, "float32")), "float64") for each in tensors]
    for _ in range(3):
        found = ops.convert_to_numpy(ops.cast(ops.matmul(*tensors), "float32"))
        expected = wide[0] @ wide[1]
        np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [("...x,xy->...y", ((2, 3, 4), (4, 5))), ("...x,xy->...y", ((9, 31, 7), (7, 33))),
     ("...ab,abc->...c", ((3, 2, 5, 4), (5, 4, 6))), ("...ab,b->...a", ((3, 2, 5, 4), (4,))),
     ("...hi,i->...h", ((5, 3, 9, 31), (31,))), ("...x,xy->y...", ((2, 3, 4), (4, 5))),
     ("i,...ij->...j", ((4,), (3, 2, 4, 5))), ("...hi,...ij->...hj", ((3, 2, 5, 4), (4, 6))),
     ("...hi,...ij->...hj", ((3, 1, 5, 4), (1, 2, 4, 6))), ("...i,...i->...", ((3, 1, 4), (2, 4))),
     ("...ab,bc,cd->...ad", ((3, 2, 5, 4), (4, 6), (6, 2))), ("a...,...b->a...b", ((2, 3, 1), (3, 5, 4)))],
)  # fmt: skip
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 3e-2), ("float16", 3e-3)])
def test_sums_over_repeated_stacks_read_their_tensors_and_nothing_else(backend, subscripts, shapes, dtype, tolerance):
    tensors = [ops.cast(ops.convert_to_tensor(rng.normal(size=shape)), dtype) for shape in shapes]
    wide = [np.asarray(ops.convert_to_numpy(ops.cast(each, "float32")), "float64") for each in tensors]
    expected = np.einsum(subscripts, *wide)
    for _ in range(3):
        found = ops.convert_to_numpy(ops.cast(ops.einsum(subscripts, *tensors), "float32"))
        np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())
