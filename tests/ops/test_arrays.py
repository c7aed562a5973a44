"""NumPy arrays in every form that NumPy has them: flipped, strided, big-endian, read-only, of a subclass."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import tree


class Tagged(np.ndarray):
    """An array of another class, such as libraries make."""


PLAIN = np.arange(1.0, 25.0, dtype="float32").reshape(4, 6)


def _read_only():
    array = PLAIN.copy()
    array.flags.writeable = False
    return array


FORMS = {
    "flipped": np.flip(np.flip(PLAIN).copy()),
    "strided": np.repeat(np.repeat(PLAIN, 2, 0), 3, 1)[::2, ::3],
    "big-endian": PLAIN.astype(">f4"),
    "big-endian integers, flipped": np.flip(np.flip(PLAIN).astype(">i4")),
    "read-only": _read_only(),
    "Fortran-ordered": np.asfortranarray(PLAIN),
    "broadcast": np.broadcast_to(PLAIN[:1], (4, 6)),
    "unaligned": np.frombuffer(b"\0" + PLAIN.tobytes(), "uint8")[1:].view("float32").reshape(4, 6),
    "a subclass": PLAIN.view(Tagged),
    "a matrix": PLAIN.view(np.matrix),
    "empty, flipped": np.zeros((4, 0), "float32")[::-1],
    "booleans, flipped": (PLAIN > 9)[:, ::-1],
}
CALLS = {
    "convert_to_tensor": ops.convert_to_tensor,
    "convert_to_tensor with a dtype": lambda x: ops.convert_to_tensor(x, "float16"),
    "convert_to_tensor of a list": lambda x: ops.convert_to_tensor([x, x]),
    "Variable": lambda x: ops.Variable(x).value,
    "add": lambda x: ops.add(x, x),
    "add to a tensor": lambda x: ops.add(ops.ones((4, 1)), x),
    "sum": lambda x: ops.sum(x, axis=1),
    "reshape": lambda x: ops.reshape(x, (-1,)),
    "sort": ops.sort,
    "stack": lambda x: ops.stack([x, x]),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x)),
    "cross": lambda x: ops.cross(x[:, :3], x[:, 3:]) if x.shape[1] else ops.negative(x),
    "where": lambda x: ops.where(ops.greater(x, 2), x, x),
    "take": lambda x: ops.take(x, np.array([1, 0])[::-1], axis=0),
    "pad": lambda x: ops.pad(x, 1),
    "flip": ops.flip,
    "softmax": lambda x: ops.softmax(x, axis=0),
    "vectorized_map": lambda x: ops.vectorized_map(lambda row: ops.add(row, row), x),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_array_of_any_form_is_taken_as_the_plain_one_is(backend, form):
    array = FORMS[form]
    name = "bool" if array.dtype == bool else "int32" if array.dtype.kind == "i" else "float32"
    plain = np.array(array.tolist(), name).reshape(array.shape)
    for what, call in CALLS.items():
        if name == "bool" and what in ("cross", "matmul"):
            continue
        found, expected = (tree.flatten(call(x)) for x in (array, plain))
        for x, y in zip(found, expected, strict=True):
            assert isinstance(x, backend.tensor_types), what
            x, y = ops.convert_to_numpy(x), ops.convert_to_numpy(y)
            assert (type(x), x.dtype, x.dtype.isnative, x.shape) == (type(y), y.dtype, True, y.shape), what
            np.testing.assert_array_equal(x, y, err_msg=what)


def test_an_element_is_found_in_a_transposed_tensor(backend):
    x = ops.transpose(ops.convert_to_tensor(PLAIN))
    assert ops.convert_to_numpy(ops.isin(x, x)).all()
    few = ops.transpose(ops.convert_to_tensor(PLAIN[:2, :2]))
    assert ops.convert_to_numpy(ops.isin(x, few)).sum() == 4
