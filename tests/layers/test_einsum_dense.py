"""`EinsumDense`: NumPy's einsum, plus a bias along named axes."""

from __future__ import annotations

import math
import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.core.einsum_dense import EinsumDense
from kcore_layers.options.initializers import LecunNormal
from kcore_ops.foundation.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "input_shape", "kernel_shape", "bias_shape"),
    [
        ("ab,bc->ac", 4, None, (2, 3), (3, 4), None),
        ("abc,cd->abd", (None, 5), "d", (2, 3, 4), (4, 5), (5,)),
        ("abc,cde->abde", (None, 5, 6), "de", (2, 3, 4), (4, 5, 6), (5, 6)),
        ("abde,dec->abc", (None, 6), "bc", (2, 3, 4, 5), (4, 5, 6), (3, 6)),
        ("abde,dec->acb", (6, 3), "c", (2, 3, 4, 5), (4, 5, 6), (6, 1)),
        ("...x,xy->...y", 5, "y", (2, 3, 4), (4, 5), (5,)),
        ("...x,xy->...y", (3, 5), "y", (2, 3, 4), (4, 5), (5,)),
        ("ab...,bc->ac...", (5, 4), "c", (2, 3, 4), (3, 5), (5, 1)),
        ("ab ... , bc -> ac ...", 5, "c", (2, 3, 4), (3, 5), (5, 1)),
    ],
)
def test_the_output_is_the_einsum_plus_the_bias(
    backend, equation, output_shape, bias_axes, input_shape, kernel_shape, bias_shape
):
    layer = EinsumDense(equation, output_shape, bias_axes=bias_axes, bias_initializer="ones", activation="tanh")
    x = rng.normal(size=input_shape).astype("float32")
    y = layer(x)
    assert tuple(layer.kernel.shape) == kernel_shape
    assert (layer.bias is None) if bias_shape is None else (tuple(layer.bias.shape) == bias_shape)
    expected = np.tanh(np.einsum(equation, x, layer.kernel.numpy()) + (0 if bias_shape is None else 1))
    np.testing.assert_allclose(numbers(y), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("equation", "output_shape", "input_shape", "fan_in", "fan_out"),
    [
        ("ab,bc->ac", 60, (None, 80), 80, 60),
        ("abc,cde->abde", (None, 8, 16), (None, 10, 32), 32, 128),
        ("abde,dec->abc", (None, 40), (None, 3, 8, 16), 128, 40),
        ("abc,dc->abd", (None, 90), (None, 3, 50), 50, 90),
        ("abc,bcd->abd", (10, 30), (None, 10, 20), 20, 300),  # b is summed over in neither: Keras counts it as output
        ("abc,bc->abc", (60, 80), (None, 60, 80), 1, 4800),
        ("...x,xyz->...yz", (5, 20), (None, 4, 60), 60, 100),
    ],
)
def test_a_kernel_starts_with_the_spread_of_the_axes_that_are_summed_over(
    equation, output_shape, input_shape, fan_in, fan_out
):
    for initializer, n in (("lecun_normal", fan_in), ("glorot_uniform", (fan_in + fan_out) / 2)):
        layer = EinsumDense(equation, output_shape, kernel_initializer=initializer)
        layer.build(input_shape)
        assert abs(layer.kernel.numpy().std() * math.sqrt(n) - 1) < 0.06
        assert layer.get_config()["kernel_initializer"]["config"]["input_axes"] is None


def test_an_initializer_that_was_told_its_axes_keeps_them():
    initializer = LecunNormal(input_axes=[0, 1], output_axes=[2])
    layer = EinsumDense("abc,cde->abde", (None, 8, 16), kernel_initializer=initializer)
    layer.build((None, 10, 32))
    assert abs(layer.kernel.numpy().std() * math.sqrt(32 * 8) - 1) < 0.06


@pytest.mark.parametrize("equation", ["abc", "ab,bc->a...c", "...ab,bc->ac", "ab,bc", "ab,bc->ac,d", 3])
def test_an_equation_of_another_form_is_refused(backend, equation):
    with pytest.raises(ArgumentError, match=r"equation can not be .*\n  fix: write axes of the input"):
        EinsumDense(equation, 4)


def test_letters_from_nowhere_are_refused(backend):
    with pytest.raises(
        ArgumentError, match="axis 'c' of the kernel is neither of the input nor of the output in 'ab,bc->aq"
    ):
        EinsumDense("ab,bc->aq", 4)
    with pytest.raises(ArgumentError, match="axis 'z' of the bias is not one of the output"):
        EinsumDense("ab,bc->ac", 4, bias_axes="z")


def test_shapes_that_do_not_fit_are_refused(backend):
    with pytest.raises(ShapeError, match="output_shape says 8 for axis 'b'") as caught:
        EinsumDense("abc,cd->abd", (8, 5), name="proj")(np.ones((2, 3, 4), "float32"))
    assert str(caught.value) == (
        'ShapeError in layer "proj"\n'
        "  output_shape says 8 for axis 'b' of 'abc,cd->abd', and the input has 3\n"
        "  fix: pass None in output_shape for axes of the input"
    )
    with pytest.raises(ShapeError, match=re.escape("output_shape=(5,) does not fit 'abc,cd->abd'")):
        EinsumDense("abc,cd->abd", 5)(np.ones((2, 3, 4), "float32"))
    with pytest.raises(ShapeError, match="takes 3 axes"):
        EinsumDense("abc,cd->abd", (None, 5))(np.ones((2, 4), "float32"))
    with pytest.raises(ShapeError, match="the size of axis 'b' .* must be known to make the weights"):
        EinsumDense("abc,bd->acd", (None, 5))(ops.KerasTensor((2, None, 4)))
