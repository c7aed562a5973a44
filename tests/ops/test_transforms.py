"""Derivatives, vectorization and compilation, on the backend under test."""

from __future__ import annotations

import runpy
from pathlib import Path

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, DTypeError, GradientsUnavailable, ShapeError

EXAMPLE = Path(__file__).parents[2] / "examples" / "transforms.py"


@pytest.fixture
def example(backend):
    return runpy.run_path(str(EXAMPLE))


def numpy(x):
    return ops.convert_to_numpy(x)


def tensor(*numbers):
    return ops.convert_to_tensor(np.array(numbers, "float32"))


@pytest.mark.needs("gradient")
def test_three_derivatives_of_a_polynomial(example):
    assert example["derivatives_of_a_polynomial"]() == (-3.0, 2.0, 0.0)


@pytest.mark.needs("gradient")
def test_a_hand_written_convolution_is_batched_and_compiled(example):
    one, batch, compiled = example["batched_convolutions"]()
    np.testing.assert_array_equal(numpy(one), [11, 20, 29])
    np.testing.assert_array_equal(numpy(batch), [[11, 20, 29], [11, 20, 29]])
    np.testing.assert_array_equal(numpy(compiled), [[11, 20, 29], [11, 20, 29]])


@pytest.mark.needs("gradient")
def test_the_gradient_of_an_mlp_is_that_of_finite_differences(example):
    grads = example["gradient_of_an_mlp"]()
    rng = np.random.default_rng(1)
    inputs, targets = rng.normal(size=(16, 3)), rng.normal(size=(16, 1))
    params = [[numpy(p).astype("float64") for p in layer] for layer in example["random_mlp"]()]

    def loss():
        hidden = np.tanh(inputs @ params[0][0] + params[0][1])
        return np.mean((hidden @ params[1][0] + params[1][1] - targets) ** 2)

    for layer, grad_layer in zip(params, grads, strict=True):
        for param, grad in zip(layer, grad_layer, strict=True):
            index = (0,) * param.ndim
            param[index] += 1e-5
            above = loss()
            param[index] -= 2e-5
            below = loss()
            param[index] += 1e-5
            assert numpy(grad)[index] == pytest.approx((above - below) / 2e-5, rel=1e-3)


@pytest.mark.needs("gradient")
def test_the_mean_of_per_sample_gradients_is_the_gradient_of_the_batch(example):
    whole, each = example["gradient_of_an_mlp"](), example["gradients_per_sample"]()
    for layer, layers in zip(whole, each, strict=True):
        for grad, grads in zip(layer, layers, strict=True):
            np.testing.assert_allclose(numpy(grads).mean(0), numpy(grad), rtol=1e-4, atol=1e-6)


@pytest.mark.needs("gradient")
def test_batched_hessian(example):
    rows = np.arange(6, dtype="float32").reshape(2, 3)
    np.testing.assert_allclose(numpy(example["batched_hessian"]()), [np.diag(6 * row) for row in rows])


@pytest.mark.needs("gradient")
def test_value_and_grad_gives_trees_several_arguments_and_aux(example):
    def f(params, x):
        return ops.sum(params["w"] * x) + params["b"], {"x": x}

    (value, aux), (grads, grad_x) = ops.value_and_grad(f, argnums=(0, 1), has_aux=True)(
        {"w": tensor(1, 2), "b": ops.convert_to_tensor(3.0)}, tensor(4, 5)
    )
    assert float(value) == 17.0
    np.testing.assert_array_equal(numpy(aux["x"]), [4, 5])
    np.testing.assert_array_equal(numpy(grads["w"]), [4, 5])
    assert float(grads["b"]) == 1.0
    np.testing.assert_array_equal(numpy(grad_x), [1, 2])


@pytest.mark.needs("gradient")
def test_jvp_and_vjp_agree(example):
    f = lambda x: ops.tanh(x) * x  # noqa: E731
    x, v = tensor(0.5, -1.0), tensor(1.0, 2.0)
    _, forward = ops.jvp(f, (x,), (v,))
    _, pullback = ops.vjp(f, x)
    np.testing.assert_allclose(numpy(forward), numpy(pullback(v)[0]), rtol=1e-6)


@pytest.mark.needs("gradient")
def test_jacobian_of_a_vector_function(example):
    jacobian = ops.jacobian(lambda x: ops.stack([x[0] * x[1], x[1] * x[1], x[0]]))(tensor(2, 3))
    np.testing.assert_allclose(numpy(jacobian), [[3, 2], [0, 6], [1, 0]])


@pytest.mark.needs("gradient")
def test_stop_gradient_stops_it(example):
    assert float(ops.grad(lambda x: x * ops.stop_gradient(x))(3.0)) == 3.0


@pytest.mark.needs("gradient")
def test_custom_gradient_replaces_the_gradient(example):
    @ops.custom_gradient
    def clipped(x):
        return x * 1.0, lambda upstream: ops.clip(upstream, -1.0, 1.0)

    assert float(ops.grad(lambda x: 5.0 * clipped(x))(2.0)) == 1.0
    np.testing.assert_array_equal(numpy(ops.vmap(ops.grad(lambda x: 5.0 * clipped(x)))(tensor(1, 2))), [1, 1])


@pytest.mark.needs("gradient")
def test_checkpoint_changes_neither_value_nor_gradient(example):
    f = lambda x: ops.sum(ops.sin(x) * x)  # noqa: E731
    x = tensor(0.1, 2.0)
    assert float(ops.checkpoint(f)(x)) == pytest.approx(float(f(x)))
    np.testing.assert_allclose(numpy(ops.grad(ops.checkpoint(f))(x)), numpy(ops.grad(f)(x)), rtol=1e-6)


@pytest.mark.needs("gradient")
def test_transforms_nest(example):
    x = tensor(1, 2, 3)
    f = lambda x: ops.sum(x**3)  # noqa: E731
    np.testing.assert_allclose(numpy(ops.jit(ops.grad(f))(x)), [3, 12, 27])
    np.testing.assert_allclose(numpy(ops.grad(lambda y: ops.sum(ops.jit(ops.grad(f))(y)))(x)), [6, 12, 18])
    np.testing.assert_allclose(numpy(ops.vmap(ops.jit(ops.grad(lambda y: y**3)))(x)), [3, 12, 27])
    np.testing.assert_allclose(numpy(ops.jit(ops.vmap(ops.grad(ops.grad(lambda y: y**3))))(x)), [6, 12, 18])


@pytest.mark.needs("gradient")
def test_a_closed_over_primal_is_a_constant(example):
    assert float(ops.grad(lambda x: x * ops.grad(lambda y: x * y)(x))(3.0)) == 6.0


def test_vmap_axes(backend):
    x = np.arange(6, dtype="float32").reshape(2, 3)
    doubled = ops.vmap(lambda row: row * 2, in_axes=1, out_axes=1)(ops.convert_to_tensor(x))
    np.testing.assert_array_equal(numpy(doubled), x * 2)
    added = ops.vmap(lambda row, s: ops.sum(row) + s, in_axes=(0, None))(ops.convert_to_tensor(x), tensor(1.0)[0])
    np.testing.assert_array_equal(numpy(added), [4, 13])


def test_jit_runs_again_for_other_shapes(backend):
    f = ops.jit(lambda x: ops.sum(x) * x.shape[0])
    assert float(f(tensor(1, 2))) == 6.0
    assert float(f(tensor(1, 2, 3))) == 18.0


@pytest.mark.parametrize("transform", [ops.grad, ops.value_and_grad, ops.jacobian, ops.hessian])
def test_a_backend_without_gradients_says_so_in_one_sentence(transform):
    with (
        ops.use_backend("numpy"),
        pytest.raises(GradientsUnavailable, match="the numpy backend has no gradients\\n.*use_backend"),
    ):
        transform(lambda x: x * 1.0)(1.0)


@pytest.mark.needs("gradient")
def test_an_integer_argument_has_no_derivative(example):
    with pytest.raises(DTypeError, match=r"argument 0 holds int32.*\n.*1\.0 in place of 1"):
        ops.grad(lambda x: x)(1)


@pytest.mark.needs("gradient")
def test_grad_of_a_vector_function_is_refused(example):
    with pytest.raises(ShapeError, match=r"must return a scalar tensor and returned shape \(2,\)"):
        ops.grad(lambda x: x * 2)(tensor(1, 2))


def test_vmap_names_axes_that_differ_in_size(backend):
    with pytest.raises(ShapeError, match=r"argument 0: 2, argument 1: 3"):
        ops.vmap(lambda x, y: x)(tensor(1, 2), tensor(1, 2, 3))
    with pytest.raises(ArgumentError, match="nothing to map over"):
        ops.vmap(lambda x: x, in_axes=None)(tensor(1, 2))


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("aux", ["text", None, 3, [1, "b"], np.ones(2), len])
def test_what_comes_beside_a_gradient_may_be_anything(backend, aux):
    x = ops.convert_to_tensor([1.0, 2.0])
    slope, beside = ops.grad(lambda x: (ops.sum(x * x), aux), has_aux=True)(x)
    assert beside is aux or list(beside) == list(aux)
    np.testing.assert_array_equal(ops.convert_to_numpy(slope), [2, 4])


@pytest.mark.needs("gradient")
def test_tensors_beside_a_gradient_keep_their_places(backend):
    x = ops.convert_to_tensor([1.0, 2.0])
    _, beside = ops.grad(lambda x: (ops.sum(x * x), {"twice": 2 * x, "n": 1, "rest": (x + 1, "b")}), has_aux=True)(x)
    assert ops.convert_to_numpy(beside["twice"]).tolist() == [2, 4]
    assert (beside["n"], beside["rest"][1]) == (1, "b")
    assert ops.convert_to_numpy(beside["rest"][0]).tolist() == [2, 3]


def test_a_tensor_has_a_length_inside_of_transforms(backend):
    x = ops.ones((3, 2))
    for transformed, length in ((ops.jit, 3), (ops.vmap, 2)):
        result = transformed(lambda r: r * len(r))(x)
        np.testing.assert_array_equal(ops.convert_to_numpy(result), np.full((3, 2), length))


@pytest.mark.needs("vmap", "jit")
def test_rows_of_a_tensor_are_iterated_over_inside_of_transforms(backend):
    x = ops.convert_to_tensor(np.arange(6, dtype="float32").reshape(2, 3))
    total = lambda x: sum((row * i for i, row in enumerate(x)), 0.0)  # noqa: E731
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.jit(total)(x)), [3, 4, 5])
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.vmap(total)(x)), [5, 14])


def test_a_derivative_of_specs_is_shaped_like_the_result(backend):
    x, v = ops.KerasTensor((None, 7)), ops.KerasTensor((None, 7))
    value, derivative = ops.jvp(lambda x: ops.sum(ops.sin(x), axis=1), (x,), (v,))
    assert (value.shape, derivative.shape, derivative.dtype) == ((None,), (None,), "float32")
    value, derivative, aux = ops.jvp(lambda x: (ops.sin(x), {"square": x * x}), (x,), (v,), has_aux=True)
    assert (derivative.shape, aux["square"].shape) == ((None, 7), (None, 7))
    assert isinstance(ops.jvp(ops.sin, (ops.TensorSpec((3,)),), (ops.TensorSpec((3,)),))[1], ops.TensorSpec)


@pytest.mark.needs("gradient")
def test_a_graph_takes_derivatives_when_it_runs(backend):
    x, v = ops.KerasTensor((2,)), ops.KerasTensor((2,))
    _, derivative = ops.jvp(ops.sin, (x,), (v,))
    node = derivative.node
    assert node.inputs == [x, v]
    numbers = [ops.convert_to_tensor([0.0, 1.0]), ops.convert_to_tensor([2.0, 3.0])]
    found = node.op.function(ops.sin, [numbers[0]], [numbers[1]], False)[1]
    np.testing.assert_allclose(ops.convert_to_numpy(found), [2.0, 3 * np.cos(1.0)], rtol=1e-6)
