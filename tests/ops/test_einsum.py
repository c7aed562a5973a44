"""einsum and the other products: properties, and what is said of operands that do not fit."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kcore_ops.engine.op import op_of
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.numpy.subscripts import parse_subscripts


@st.composite
def einsums(draw, max_operands=3):
    """Subscripts over four letters and `...`, with operands whose sizes fit."""
    letters = {letter: draw(st.integers(1, 3)) for letter in "abcd"}
    covered = draw(st.lists(st.integers(1, 3), max_size=2))
    terms, operands = [], []
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    for _ in range(draw(st.integers(1, max_operands))):
        term = draw(st.lists(st.sampled_from("abcd"), max_size=3))
        spot = draw(st.sampled_from([None, *range(len(term) + 1)]))
        middle = covered[draw(st.integers(0, len(covered))) :]
        middle = [1 if draw(st.booleans()) else size for size in middle]
        shape = [letters[letter] for letter in term]
        if spot is not None:
            shape[spot:spot] = middle
            term.insert(spot, "...")
        terms.append("".join(term))
        operands.append(rng.uniform(-1, 1, shape))
    subscripts = ",".join(terms)
    if draw(st.booleans()):
        present = sorted({letter for letter in subscripts if letter in letters})
        kept = draw(st.permutations(present))[: draw(st.integers(0, len(present)))]
        if "..." in subscripts:
            kept.insert(draw(st.integers(0, len(kept))), "...")
        subscripts += "->" + "".join(kept)
    return subscripts, operands


@settings(max_examples=100)
@given(einsums())
def test_einsum_is_numpys(backend, drawn):
    subscripts, operands = drawn
    result = ops.einsum(subscripts, *[backend.to_tensor(x, None) for x in operands])
    np.testing.assert_allclose(ops.convert_to_numpy(result), np.einsum(subscripts, *operands), 1e-9, 1e-9)


@settings(max_examples=100)
@given(einsums())
def test_the_definition_of_einsum_is_numpys(backend, drawn):
    subscripts, operands = drawn
    result = op_of("einsum").definition(subscripts, *[backend.to_tensor(x, None) for x in operands])
    np.testing.assert_allclose(ops.convert_to_numpy(result), np.einsum(subscripts, *operands), 1e-9, 1e-9)


@given(einsums())
def test_the_shape_of_an_einsum_follows_from_specs(drawn):
    subscripts, operands = drawn
    spec = ops.einsum(subscripts, *[ops.TensorSpec(x.shape, "float64") for x in operands])
    assert spec.shape == np.einsum(subscripts, *operands).shape


@given(einsums())
def test_the_full_equation_means_what_the_subscripts_mean(drawn):
    subscripts, operands = drawn
    equation = parse_subscripts(subscripts, tuple(x.ndim for x in operands)).equation
    np.testing.assert_array_equal(np.einsum(equation, *operands), np.einsum(subscripts, *operands))


def ones(backend, *shape):
    return backend.to_tensor(np.ones(shape, "float32"), None)


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3), (4, 5)], "'j' is size 3 along axis 1 of operand 0 and size 4 along axis 0 of operand 1"),
        ("ij,jk->ik", [(2, 1), (4, 5)], "'j' is size 1 along axis 1 of operand 0 and size 4 along axis 0 of operand 1"),
        ("ii->i", [(2, 3)], "'i' is size 2 along axis 0 of operand 0 and size 3 along axis 1 of operand 0"),
        ("ij->i", [(2, 3, 4)], "operand 0 has 3 axes and its subscripts 'ij' name 2"),
        ("...ijk->i", [(2, 3)], "operand 0 has 2 axes and its subscripts '...ijk' name 3"),
        ("...i,...i->...", [(2, 3), (4, 3)], r"do not broadcast: sizes 2 and 4"),
    ],
)
def test_operands_that_do_not_fit_are_named(backend, subscripts, shapes, message):
    with pytest.raises(ShapeError, match=message):
        ops.einsum(subscripts, *[ones(backend, *shape) for shape in shapes])
    with pytest.raises(ShapeError, match=message):
        ops.einsum(subscripts, *[ops.TensorSpec(shape) for shape in shapes])


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3)], "name 2 operands and there are 1"),
        ("i->j", [(2,)], "the result's 'j' names no axis of an operand"),
        ("i->ii", [(2,)], "the result names 'i' 2 times"),
        ("...i->i", [(2, 3)], r"the axes under '...' are missing from the result"),
        ("i.j", [(2, 3)], "hold something else than letters"),
        ("i->j->k", [(2,)], "hold something else than letters"),
    ],
)
def test_subscripts_that_are_not_well_formed_are_refused(backend, subscripts, shapes, message):
    with pytest.raises(ArgumentError, match=message):
        ops.einsum(subscripts, *[ones(backend, *shape) for shape in shapes])


@pytest.mark.parametrize("name", ["matmul", "dot", "inner", "tensordot"])
def test_products_name_the_sizes_that_do_not_fit(backend, name):
    op = getattr(ops, name)
    args = (1,) if name == "tensordot" else ()
    for size in (1, 3):
        with pytest.raises(ShapeError, match=f"size {size} along axis .* of x1 is not size 4 along axis .* of x2"):
            op(ones(backend, 2, size), ones(backend, *((2, 4) if name == "inner" else (4, 2))), *args)


def test_vdot_counts_the_elements(backend):
    with pytest.raises(ShapeError, match="x1 has 6 elements and x2 has 4"):
        ops.vdot(ones(backend, 2, 3), ones(backend, 4))


def test_cross_takes_vectors_of_two_or_three_components(backend):
    with pytest.raises(ShapeError, match="its vectors, along axis 1, have 4 components"):
        ops.cross(ones(backend, 2, 4), ones(backend, 2, 4))
    with pytest.raises(ShapeError, match="its vectors, along axis 1, have 1 components"):
        ops.cross(ones(backend, 2, 1), ones(backend, 2, 3))


def test_int8_products_are_summed_in_int32(backend):
    x = backend.to_tensor(np.full((1, 200), 100, "int8"), None)
    for result in (ops.matmul(x, ops.transpose(x)), ops.einsum("ij,kj->ik", x, x)):
        assert ops.dtype(result) == "int32"
        assert ops.convert_to_numpy(result).item() == 2_000_000
