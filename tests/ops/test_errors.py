"""Wrong calls: one text, the same on every backend, and the framework's own error as the cause where it was asked."""

from __future__ import annotations

import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import TensorSpec
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError, KcoreError, MissingOp, ShapeError

BROADCAST = "along each axis, counted from the last, sizes must be equal or 1"


def f(*shape):
    return ops.convert_to_tensor(np.ones(shape, "float32"))


def i(*shape):
    return ops.convert_to_tensor(np.ones(shape, "int32"))


# Each wrong call, and the error it gives: its class, the built-in it also is, what comes after the first line, and
# whether a framework was asked, whose error is then the cause.
WRONG = {
    "matmul of sizes that differ": (
        lambda: ops.matmul(f(2, 3), f(4, 5)),
        ShapeError,
        ValueError,
        """ShapeError in matmul
  x1 has shape (2, 3) and x2 has shape (4, 5): size 3 along axis -1 of x1 is not size 4 along axis -2 of x2
  received: x1 float32 (2, 3); x2 float32 (4, 5)
  fix: the rows of x1 must be as long as the columns of x2; transpose one of them?""",
        True,
    ),
    "matmul of a scalar": (
        lambda: ops.matmul(f(), f(4, 5)),
        ShapeError,
        ValueError,
        """ShapeError in matmul
  matmul takes no scalars
  received: x1 float32 (); x2 float32 (4, 5)
  fix: use multiply""",
        True,
    ),
    "add of shapes that do not broadcast": (
        lambda: ops.add(f(2, 3), f(4)),
        ShapeError,
        ValueError,
        f"""ShapeError in add
  shapes (2, 3) and (4,) do not broadcast: sizes 3 and 4 along axis -1
  received: x1 float32 (2, 3); x2 float32 (4,)
  fix: {BROADCAST}""",
        True,
    ),
    "where of shapes that do not broadcast": (
        lambda: ops.where(i(2) > 0, f(3), f(3)),
        ShapeError,
        ValueError,
        f"""ShapeError in where
  shapes (2,) and (3,) and (3,) do not broadcast: sizes 2 and 3 along axis -1
  received: condition bool (2,); x1 float32 (3,); x2 float32 (3,)
  fix: {BROADCAST}""",
        True,
    ),
    "concatenate of sizes that differ": (
        lambda: ops.concatenate([f(2, 3), f(2, 4)], axis=0),
        ShapeError,
        ValueError,
        """ShapeError in concatenate
  tensor 0 has shape (2, 3) and tensor 1 has shape (2, 4): sizes 3 and 4 along axis 1 differ
  received: xs [float32 (2, 3), float32 (2, 4)]
  fix: tensors joined along axis 0 must have equal sizes along every other axis""",
        True,
    ),
    "concatenate of ranks that differ": (
        lambda: ops.concatenate([f(2, 3), f(2)], axis=0),
        ShapeError,
        ValueError,
        """ShapeError in concatenate
  tensor 0 has 2 axes, (2, 3), and tensor 1 has 1, (2,)
  received: xs [float32 (2, 3), float32 (2,)]
  fix: reshape or expand_dims them to the same number of axes""",
        True,
    ),
    "concatenate along an axis that is not there": (
        lambda: ops.concatenate([f(2, 3), f(2, 3)], axis=2),
        ShapeError,
        ValueError,
        """ShapeError in concatenate
  axis=2 is out of range for a tensor with 2 axes
  received: xs [float32 (2, 3), float32 (2, 3)]
  fix: the axes are -2 to 1""",
        True,
    ),
    "reshape to another number of elements": (
        lambda: ops.reshape(f(2, 3), (4, 2)),
        ShapeError,
        ValueError,
        """ShapeError in reshape
  a tensor of shape (2, 3) has 6 elements, which do not fill shape (4, 2)
  received: x float32 (2, 3)
  fix: the product of the new sizes must be the number of elements; -1 stands for one of them""",
        True,
    ),
    "reshape with two unknowns": (
        lambda: ops.reshape(f(2, 3), (-1, -1)),
        ShapeError,
        ValueError,
        """ShapeError in reshape
  newshape (-1, -1) has more than one -1
  received: x float32 (2, 3)
  fix: leave one size to be worked out""",
        True,
    ),
    "einsum of sizes that differ": (
        lambda: ops.einsum("ij,jk->ik", f(2, 3), f(4, 5)),
        ShapeError,
        ValueError,
        """ShapeError in einsum
  'j' is size 3 along axis 1 of operand 0 and size 4 along axis 0 of operand 1
  received: operands [float32 (2, 3), float32 (4, 5)]
  fix: axes of one letter in 'ij,jk->ik' must be equal in size; only those of '...' broadcast""",
        True,
    ),
    "einsum with a letter from nowhere": (
        lambda: ops.einsum("ij,jk->il", f(2, 3), f(3, 5)),
        ArgumentError,
        ValueError,
        """ArgumentError in einsum
  in subscripts 'ij,jk->il', the result's 'l' names no axis of an operand
  received: operands [float32 (2, 3), float32 (3, 5)]
  fix: the part after '->' names each axis of the result once, '...' included; the others are summed over""",
        False,  # the NumPy backend's own code checks what it is given
    ),
    "conv of channels that do not fit": (
        lambda: ops.conv(f(1, 8, 8, 3), f(3, 3, 4, 8)),
        ShapeError,
        ValueError,
        """ShapeError in conv
  inputs have 3 channels (axis -1) and kernel takes 4
  received: inputs float32 (1, 8, 8, 3); kernel float32 (3, 3, 4, 8)
  fix: the kernel must take 3 channels, or a divisor of it, for a convolution in groups; if channels are at another """
        "axis, pass data_format",
        False,  # the NumPy backend's own code checks what it is given
    ),
    "conv with an unknown padding": (
        lambda: ops.conv(f(1, 8, 8, 3), f(3, 3, 3, 8), padding="samee"),
        ArgumentError,
        ValueError,
        """ArgumentError in conv
  padding can not be 'samee'
  received: inputs float32 (1, 8, 8, 3); kernel float32 (3, 3, 3, 8)
  fix: use one of 'valid', 'same'""",
        False,  # the NumPy backend's own code checks what it is given
    ),
    "sum over an axis that is not there": (
        lambda: ops.sum(f(2, 3), axis=2),
        ShapeError,
        ValueError,
        """ShapeError in sum
  axis=2 is out of range for a tensor with 2 axes
  received: x float32 (2, 3)
  fix: the axes are -2 to 1""",
        True,
    ),
    "transpose that names an axis twice": (
        lambda: ops.transpose(f(2, 3), (0, 0)),
        ShapeError,
        ValueError,
        """ShapeError in transpose
  axes=(0, 0) names an axis twice
  received: x float32 (2, 3)
  fix: name each axis once""",
        True,
    ),
    "squeeze of an axis with a size": (
        lambda: ops.squeeze(f(2, 3), axis=0),
        ShapeError,
        ValueError,
        """ShapeError in squeeze
  axis 0 of shape (2, 3) has size 2
  received: x float32 (2, 3)
  fix: only axes of size 1 can be removed""",
        True,
    ),
    "an axis that is not a number": (
        lambda: ops.softmax(f(2, 3), axis="rows"),
        ArgumentError,
        ValueError,
        """ArgumentError in softmax
  'rows' is not an axis
  fix: pass an integer, a tuple of them, or None""",
        False,
    ),
    "an index out of range": (
        lambda: ops.get_item(f(2), 5),
        ShapeError,
        ValueError,
        """ShapeError in get_item
  index 5 is out of range for size 2 along axis 0
  received: x float32 (2,)
  fix: use an index from -2 to 1""",
        False,
    ),
    "bits of floats": (
        lambda: ops.bitwise_and(f(2), f(2)),
        DTypeError,
        TypeError,
        """DTypeError in bitwise_and
  the op takes integers or booleans and got float32
  received: x float32 (2,); y float32 (2,)
  fix: cast first, for example to 'int32'""",
        False,
    ),
    "indices that are floats": (
        lambda: ops.take(f(3), f(2)),
        DTypeError,
        TypeError,
        """DTypeError in take
  indices must be integers and are float32
  received: x float32 (3,); indices float32 (2,)
  fix: cast them to 'int32'""",
        False,
    ),
    "an order of complex numbers": (
        lambda: ops.less(ops.cast(f(2), "complex64"), 1.0),
        DTypeError,
        TypeError,
        """DTypeError in less
  the op takes real numbers and got complex64
  received: x1 complex64 (2,); x2 1.0
  fix: take ops.real(x) or ops.absolute(x) first""",
        False,
    ),
    "a dtype that there is not": (
        lambda: ops.cast(f(2), "float33"),
        DTypeError,
        TypeError,
        """DTypeError in cast
  there is no dtype 'float33'
  fix: use one of bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, bfloat16, float16, float32, """
        "float64, float8_e4m3fn, float8_e5m2, complex64, complex128",
        False,
    ),
    "losses of shapes that differ": (
        lambda: ops.categorical_crossentropy(f(2, 3), f(2, 4)),
        ShapeError,
        ValueError,
        """ShapeError in categorical_crossentropy
  target has shape (2, 3) and output has shape (2, 4)
  received: target float32 (2, 3); output float32 (2, 4)
  fix: pass tensors of one shape; numbers of classes go to sparse_categorical_crossentropy""",
        False,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_gives_one_text_on_every_backend(backend, name):
    call, error, builtin, text, framework_was_asked = WRONG[name]
    with pytest.raises(builtin, match=f"^{error.__name__} in ") as caught:
        call()
    assert type(caught.value) is error
    assert str(caught.value) == text
    if framework_was_asked:
        assert caught.value.backend == backend.name
        cause = caught.value.__cause__
        assert cause is not None and not isinstance(cause, KcoreError), "the framework's own error is the cause"


def test_an_unknown_argument_is_pythons_own_error(backend):
    with pytest.raises(TypeError, match=r"sum\(\) got an unexpected keyword argument 'axes'"):
        ops.sum(f(2), axes=1)


def test_specs_give_the_same_text():
    with pytest.raises(ShapeError, match="^ShapeError in matmul") as caught:
        ops.matmul(TensorSpec((2, 3)), TensorSpec((4, 5)))
    assert str(caught.value) == WRONG["matmul of sizes that differ"][3]


def test_unknown_sizes_are_shown_as_none():
    with pytest.raises(ShapeError, match=r"x1 has shape \(None, 3\) and x2 has shape \(4, 5\)"):
        ops.matmul(TensorSpec((None, 3)), TensorSpec((4, 5)))


def test_a_derived_op_names_itself_whoever_found_the_fault(backend):
    with pytest.raises(ShapeError, match=r"^ShapeError in logaddexp\n"):
        ops.logaddexp(f(2), f(3))


def test_a_primitive_of_somebody_elses_says_how_to_implement_it(backend):
    @primitive(name=f"test.unimplemented_{backend.name}")
    def unimplemented(x: Tensor) -> Tensor:
        return x

    fix = re.escape(f"fix: give it a function by its method override({backend.name!r}, ...), or a definition by define")
    with pytest.raises(MissingOp, match=rf"has no test\.unimplemented_{backend.name}, .*\n.*\n  {fix}"):
        unimplemented(f(2))
    unimplemented.define(lambda x: ops.negative(x))
    assert ops.convert_to_numpy(unimplemented(f(2))).tolist() == [-1, -1]


def test_what_only_the_framework_objects_to_is_noted(backend):
    @op(name=f"test.failing_{backend.name}")
    def failing(x: Tensor) -> Tensor:
        return x

    def broken(x):
        raise RuntimeError("the device is on fire")

    failing.override(backend.name, broken)
    with pytest.raises(RuntimeError, match="on fire") as caught:
        failing(f(2))
    expected = f"kcore: in test.failing_{backend.name} on backend {backend.name}; received: x float32 (2,)"
    assert caught.value.__notes__ == [expected]


def test_the_text_of_an_error_does_nothing_to_a_terminal_and_has_an_end():
    long = "nor " + "n" * 10**6 + ": that is why"
    error = ArgumentError(f"no layer \x1b[31mred\x07\ud800\r\n  {long}", fix="check \x00 it")
    lines = str(error).split("\n")
    assert lines[1] == r"  no layer \x1b[31mred\x07\ud800\r"
    assert lines[2].startswith("  nor nnn") and " characters) ... nnn" in lines[2]
    assert lines[2].endswith("nnn: that is why") and len(lines[2]) < 1600
    assert lines[3] == r"  fix: check \x00 it"
    assert "\x1b" in error.problem
    many = str(ArgumentError("\n".join(f"line {i}" for i in range(1000)), fix="leave some out")).split("\n")
    assert len(many) == 201
    assert many[179:182] == ["line 178", "    ... (802 more lines)", "line 981"]
    assert many[-1] == "  fix: leave some out"
