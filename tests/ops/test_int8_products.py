"""Products of int8 alone: exact sums in int32, by whatever way a backend is quick at."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ShapeError

rng = np.random.default_rng(0)


def integers(shape, kind):
    if kind == "drawn":
        return rng.integers(-128, 128, shape).astype("int8")
    if kind == "mixed":
        return np.where(rng.random(shape) < 0.5, np.int8(-128), np.int8(127))
    # The largest products: the sum of two no longer fits into 16 bits, nor that of 2**10 into a float32.
    return np.full(shape, {"least": -128, "most": 127}[kind], "int8")


def is_exact(found, expected):
    assert ops.dtype(found) == "int32"
    np.testing.assert_array_equal(ops.convert_to_numpy(found), expected.astype("int32"))


KINDS = [("least", "least"), ("least", "most"), ("most", "most"), ("mixed", "mixed"), ("drawn", "drawn")]


@pytest.mark.parametrize("kinds", KINDS, ids=str)
@pytest.mark.parametrize(
    "shapes",
    [((5, 1024), (1024, 3)), ((5, 1025), (1025, 3)), ((1, 4099), (4099, 17)), ((33, 64), (64, 40)),
     ((2, 3, 64), (64, 5)), ((2, 3, 8), (2, 8, 4)), ((7,), (7, 3)), ((4, 7), (7,)), ((9,), (9,)),
     ((0, 3), (3, 2)), ((2, 0), (0, 3))],
    ids=str,
)  # fmt: skip
def test_a_product_is_exact(backend, shapes, kinds):
    x1, x2 = (integers(shape, kind) for shape, kind in zip(shapes, kinds, strict=True))
    found = ops.matmul(ops.convert_to_tensor(x1), ops.convert_to_tensor(x2))
    is_exact(found, np.matmul(x1.astype("int64"), x2.astype("int64")))


@pytest.mark.parametrize("kinds", KINDS, ids=str)
@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [("abc,cde->abde", ((2, 3, 1100), (1100, 2, 4))), ("abcd,cde->abe", ((2, 3, 4, 16), (4, 16, 5))),
     ("ab,cb->ac", ((3, 65), (4, 65))), ("...a,ab->...b", ((2, 3, 40), (40, 5))), ("ab,ab->", ((33, 40), (33, 40))),
     ("aecd,abcd->acbe", ((2, 3, 2, 8), (2, 4, 2, 8)))],
)  # fmt: skip
def test_a_sum_over_named_axes_is_exact(backend, subscripts, shapes, kinds):
    x1, x2 = (integers(shape, kind) for shape, kind in zip(shapes, kinds, strict=True))
    found = ops.einsum(subscripts, ops.convert_to_tensor(x1), ops.convert_to_tensor(x2))
    is_exact(found, np.einsum(subscripts, x1.astype("int64"), x2.astype("int64")))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8"])
@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_any_number_of_operands_is_exact(backend, count, dtype):
    subscripts, shapes = ",".join("ab bc cd de ef".split()[:count]) + "->a", [(2, 3), (3, 2), (2, 3), (3, 2), (2, 2)]
    operands = [integers(shape, "least").astype(dtype) for shape in shapes[:count]]
    expected = np.einsum(subscripts, *[x.astype("int64") for x in operands])
    found = ops.einsum(subscripts, *[ops.convert_to_tensor(x) for x in operands])
    assert ops.dtype(found) == ("int32" if dtype == "int8" else dtype)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), expected.astype(ops.dtype(found)))


@pytest.mark.needs("vmap")
@pytest.mark.needs("jit")
def test_what_is_mapped_or_compiled_is_exact(backend):
    x1, x2 = integers((4, 5, 64), "least"), integers((64, 3), "mixed")
    expected = np.matmul(x1.astype("int64"), x2.astype("int64"))
    given = ops.convert_to_tensor(x1), ops.convert_to_tensor(x2)
    is_exact(ops.jit(ops.matmul)(*given), expected)
    is_exact(ops.vmap(ops.matmul, in_axes=(0, None))(*given), expected)


def test_operands_of_which_one_is_not_int8_are_cast(backend):
    x1, x2 = integers((2, 3), "least"), np.full((3, 2), 300, "int32")
    is_exact(ops.matmul(ops.convert_to_tensor(x1), ops.convert_to_tensor(x2)), np.matmul(x1.astype("int64"), x2))


def test_sizes_that_differ_are_refused(backend):
    given = ops.convert_to_tensor(integers((2, 3), "least")), ops.convert_to_tensor(integers((4, 2), "least"))
    for call in (lambda: ops.matmul(*given), lambda: ops.einsum("ab,bc->ac", *given)):
        with pytest.raises(ShapeError, match="size|shape"):
            call()
