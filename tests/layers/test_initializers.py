"""Initializers: the distributions they promise, and the same numbers whatever the backend."""

from __future__ import annotations

import json
import math

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.options import initializers
from kcore_layers.options.initializers.variance_scaling import fans
from kcore_layers.options.initializers.windows import WINDOWS
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError

RANDOM = [
    initializers.GlorotNormal,
    initializers.GlorotUniform,
    initializers.HeNormal,
    initializers.HeUniform,
    initializers.LecunNormal,
    initializers.LecunUniform,
    initializers.Orthogonal,
    initializers.RandomNormal,
    initializers.RandomUniform,
    initializers.TruncatedNormal,
    initializers.VarianceScaling,
]
NAMES = (
    "constant glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform ones orthogonal "
    "random_normal random_uniform stft truncated_normal variance_scaling zeros"
).split()
SHAPE = (60, 400)
PINNED = [0.21029954039091048, 0.7817145471356041, 0.1469334667525649, 0.6001083571974554]


def drawn(name, shape=SHAPE, dtype="float64", **kwargs):
    return getattr(initializers, name)(seed=1, **kwargs)(shape, dtype)


@pytest.mark.parametrize("cls", RANDOM)
def test_an_integer_seed_gives_the_same_numbers_at_each_call(cls):
    first = cls(seed=7)
    assert (first((6, 5)) == first((6, 5))).all()
    assert (first((6, 5)) == cls(seed=7)((6, 5))).all()
    assert (first((6, 5)) != cls(seed=8)((6, 5))).any()


@pytest.mark.parametrize("cls", RANDOM)
def test_without_a_seed_the_numbers_follow_from_the_seed_of_the_process(cls):
    set_random_seed(5)
    made = cls()
    first, second = made((6, 5)), made((6, 5))
    assert (first != second).any()
    set_random_seed(5)
    again = cls()
    assert (again((6, 5)) == first).all()
    assert (again((6, 5)) == second).all()


@pytest.mark.parametrize("cls", RANDOM)
def test_a_seed_generator_gives_the_same_numbers_on_every_backend(cls, backend):
    made = cls(seed=ops.random.SeedGenerator(11))
    here = [made((6, 5)), made((6, 5))]
    with ops.use_backend("numpy"):
        made = cls(seed=ops.random.SeedGenerator(11))
        there = [made((6, 5)), made((6, 5))]
    assert (here[0] != here[1]).any()
    assert (np.array(here) == np.array(there)).all()


def test_the_seed_of_the_process_gives_the_same_numbers_on_every_backend(backend):
    set_random_seed(5)
    here = initializers.GlorotUniform()((6, 5))
    with ops.use_backend("numpy"):
        set_random_seed(5)
        there = initializers.GlorotUniform()((6, 5))
    assert here.tobytes() == there.tobytes()


def test_the_numbers_of_a_seed_stay_what_they_were():
    # Drawn by this code when it was written: a change would change the weights that published seeds give.
    values = initializers.RandomUniform(0.0, 1.0, seed=1)((4,), "float64")
    np.testing.assert_allclose(values, PINNED, rtol=1e-12)


def test_weights_do_not_repeat_what_ops_random_draws_from_the_same_seed(backend):
    ours = initializers.RandomNormal(stddev=1.0, seed=3)((20,))
    theirs = ops.convert_to_numpy(ops.random.normal((20,), seed=3))
    assert not np.isclose(ours, theirs).any()


def test_setting_the_seed_starts_the_generators_of_python_and_numpy_too():
    import random

    set_random_seed(5)
    first = random.random(), np.random.random(), initializers.RandomNormal()((3,)).tolist()
    set_random_seed(5)
    assert (random.random(), np.random.random(), initializers.RandomNormal()((3,)).tolist()) == first


def test_a_seed_for_the_process_that_is_none_is_refused():
    with pytest.raises(ArgumentError, match="4294967296 is too great a seed"):
        set_random_seed(2**32)
    with pytest.raises(ArgumentError, match="a seed is not negative: -1"):
        set_random_seed(-1)
    with pytest.raises(ArgumentError, match="'x' is not a seed"):
        set_random_seed("x")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("cls", RANDOM)
def test_a_weight_has_the_shape_and_dtype_asked_for(cls, dtype):
    weight = cls(seed=1)([3, 4, 5], dtype)
    assert isinstance(weight, np.ndarray)
    assert weight.shape == (3, 4, 5)
    assert weight.dtype.name == dtype
    assert np.isfinite(weight.astype("float64")).all()


def test_the_dtype_is_the_default_float_unless_given():
    assert initializers.GlorotUniform()((2, 3)).dtype == "float32"
    assert initializers.Zeros()((2,)).dtype == "float32"


@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64"])
def test_random_numbers_of_another_dtype_are_refused(dtype):
    with pytest.raises(DTypeError, match=f"RandomNormal draws no {dtype} numbers\n  fix: use a floating dtype"):
        initializers.RandomNormal()((2,), dtype)


def test_normal_numbers_have_the_mean_and_deviation_asked_for():
    w = drawn("RandomNormal", mean=2.0, stddev=0.5)
    assert abs(w.mean() - 2.0) < 5 * 0.5 / math.sqrt(w.size)
    assert abs(w.std() - 0.5) < 5 * 0.5 / math.sqrt(2 * w.size)
    assert np.abs(w - 2.0).max() > 3 * 0.5


def test_truncated_numbers_lie_within_two_deviations_and_follow_the_normal_density_there():
    w = (drawn("TruncatedNormal", mean=2.0, stddev=0.5) - 2.0) / 0.5
    assert np.abs(w).max() <= 2 + 1e-12
    assert np.abs(w).max() > 1.9
    inside = math.erf(2 / math.sqrt(2))
    for bound in (0.5, 1.0, 1.5):
        expected = math.erf(bound / math.sqrt(2)) / inside
        assert abs((np.abs(w) < bound).mean() - expected) < 5 * 0.5 / math.sqrt(w.size)


def test_uniform_numbers_fill_their_interval_evenly():
    w = drawn("RandomUniform", minval=-1.0, maxval=3.0)
    assert -1.0 <= w.min() < -0.99
    assert 2.99 < w.max() <= 3.0
    counts = np.histogram(w, bins=8, range=(-1, 3))[0] / w.size
    assert np.abs(counts - 1 / 8).max() < 5 * math.sqrt(1 / 8 / w.size)


@pytest.mark.parametrize(
    "name, scale, mode, distribution",
    [
        ("GlorotUniform", 1, "fan_avg", "uniform"),
        ("GlorotNormal", 1, "fan_avg", "truncated_normal"),
        ("HeUniform", 2, "fan_in", "uniform"),
        ("HeNormal", 2, "fan_in", "truncated_normal"),
        ("LecunUniform", 1, "fan_in", "uniform"),
        ("LecunNormal", 1, "fan_in", "truncated_normal"),
    ],
)
def test_a_named_initializer_is_variance_scaling_with_its_settings(name, scale, mode, distribution):
    named = drawn(name)
    general = drawn("VarianceScaling", scale=scale, mode=mode, distribution=distribution)
    assert (named == general).all()
    n = {"fan_in": SHAPE[0], "fan_avg": sum(SHAPE) / 2}[mode]
    assert abs(named.var() * n / scale - 1) < 0.05
    reach = math.sqrt(3 * scale / n) if distribution == "uniform" else 2 * math.sqrt(scale / n) / 0.87962566103423978
    assert 0.99 * reach < np.abs(named).max() <= reach * (1 + 1e-12)


def test_untruncated_numbers_have_the_variance_and_the_tails():
    w = drawn("VarianceScaling", mode="fan_out", distribution="untruncated_normal")
    assert abs(w.var() * SHAPE[1] - 1) < 0.05
    assert np.abs(w).max() > 3 / math.sqrt(SHAPE[1])


@pytest.mark.parametrize(
    "shape, axes, expected",
    [
        ((), (None, None), (1, 1)),
        ((7,), (None, None), (7, 7)),
        ((3, 5), (None, None), (3, 5)),
        ((3, 3, 16, 32), (None, None), (144, 288)),
        # Keras 3.15.1 as a black box: the variances it draws for these shapes and axes are one over these numbers.
        ((30, 40, 50), ([0], [1, 2]), (30, 2000)),
        ((30, 40, 50), ([0], [2]), (30, 50)),
        ((30, 40, 50), ([-3], [-1]), (30, 50)),
        ((30, 40, 50), ([], [0, 1, 2]), (1, 60000)),
    ],
)
def test_fans_count_the_inputs_and_outputs_a_weight_connects(shape, axes, expected):
    assert fans(shape, *axes) == expected


def test_one_axis_is_written_to_a_config_as_a_list_and_read_back():
    made = initializers.LecunNormal(seed=1, input_axes=-2, output_axes=(-1,))
    data = json.loads(json.dumps(initializers.serialize(made)))
    assert data["config"] == {"seed": 1, "input_axes": [-2], "output_axes": [-1]}
    assert (initializers.deserialize(data)((3, 4, 5)) == made((3, 4, 5))).all()


def test_a_copy_told_its_axes_leaves_the_original_and_keeps_axes_given_before():
    generator = ops.random.SeedGenerator(3)
    made = initializers.LecunNormal(generator)
    told = made.with_axes([0], [1, 2])
    assert (made.input_axes, told.input_axes, told.output_axes) == (None, [0], [1, 2])
    assert told.seed is generator
    assert told.with_axes([1], [2]) is told


def test_a_weight_without_the_axes_named_is_refused():
    with pytest.raises(ShapeError, match=r"a weight of shape \(3, 4\) has not got the axes \[5\]"):
        initializers.HeNormal(input_axes=[5], output_axes=[0])((3, 4))


def test_a_weight_with_a_size_of_zero_is_empty():
    assert initializers.HeNormal()((0, 3)).shape == (0, 3)
    assert initializers.Orthogonal()((0, 3)).shape == (0, 3)


@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (2, 3, 4), (2, 2, 9)])
def test_an_orthogonal_weight_has_orthogonal_columns_or_rows(shape):
    w = drawn("Orthogonal", shape, gain=3.0).reshape(-1, shape[-1])
    product = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_matrices_turn_either_way():
    signs = {np.sign(np.linalg.det(initializers.Orthogonal(seed=seed)((3, 3)))) for seed in range(20)}
    assert signs == {-1.0, 1.0}


def test_zeros_ones_and_constants_fill_a_weight():
    assert (initializers.Zeros()((2, 3), "int32") == np.zeros((2, 3), "int32")).all()
    assert initializers.Ones()((2,), "bool").tolist() == [True, True]
    assert initializers.Constant(2.5)((2,)).tolist() == [2.5, 2.5]
    assert initializers.Constant([1, 2])((3, 2)).tolist() == [[1, 2]] * 3


def test_a_constant_may_be_a_tensor(backend):
    made = initializers.Constant(ops.convert_to_tensor([1.0, 2.0]))
    assert made((2, 2)).tolist() == [[1, 2]] * 2
    assert made.clone()((2,)).tolist() == [1, 2]


def test_a_constant_that_does_not_broadcast_is_refused():
    with pytest.raises(ShapeError, match=r"the value has shape \(2,\), the weight \(2, 3\)|does not broadcast"):
        initializers.Constant([1, 2])((2, 3))


def test_an_array_given_as_an_initializer_is_the_weight(backend):
    array = np.arange(6.0).reshape(2, 3)
    assert (initializers.get(array)((2, 3)) == array).all()
    assert (initializers.get(ops.convert_to_tensor(array))((2, 3)) == array).all()


def test_an_identity_has_its_gain_on_the_diagonal():
    assert initializers.Identity(2.0)((2, 3)).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ShapeError, match=r"an identity matrix can not have the shape \(3,\)"):
        initializers.Identity()((3,))


@pytest.mark.parametrize("side, part", [("real", "real"), ("imag", "imag")])
def test_stft_kernels_are_those_of_the_fourier_transform(side, part):
    kernel = initializers.STFT(side, window=None)((8, 1, 5), "float64")[:, 0]
    signal = np.random.default_rng(0).normal(size=8)
    np.testing.assert_allclose(signal @ kernel, getattr(np.fft.rfft(signal), part), atol=1e-12)


def test_stft_windows_scale_as_the_power_spectrum_asks():
    window = np.hanning(8)
    plain = initializers.STFT(window=None)((8, 1, 5), "float64")
    for scaling, total in ((None, 1), ("density", np.sqrt(np.sum(window**2))), ("spectrum", np.sum(window))):
        kernel = initializers.STFT(scaling=scaling)((8, 1, 5), "float64")
        np.testing.assert_allclose(kernel, plain * (window / total)[:, None, None], atol=1e-12)
        given = initializers.STFT(window=window, scaling=scaling)
        np.testing.assert_allclose(given((8, 1, 5), "float64"), kernel, atol=1e-12)
        np.testing.assert_allclose(given.clone()((8, 1, 5), "float64"), kernel, atol=1e-12)


def test_a_periodic_window_is_the_symmetric_one_of_one_sample_more():
    kernel = initializers.STFT(scaling=None, periodic=True)((8, 1, 5), "float64")
    longer = initializers.STFT(scaling=None)((9, 1, 5), "float64")
    np.testing.assert_allclose(kernel, longer[:-1], atol=1e-12)


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_is_symmetric_and_its_periodic_form_is_highest_in_the_middle(name):
    kernel = initializers.STFT(window=name, scaling=None)((9, 1, 2), "float64")[:, 0, 0]
    np.testing.assert_allclose(kernel, kernel[::-1], atol=1e-12)
    periodic = initializers.STFT(window=name, scaling=None, periodic=True)
    np.testing.assert_allclose(periodic((8, 1, 2), "float64")[4], 1, atol=1e-6)
    assert periodic((1, 1, 2), "float64")[0, 0, 0] == 1


def test_a_tukey_window_is_flat_in_its_middle_half():
    kernel = initializers.STFT(window="tukey", scaling=None)((9, 1, 2), "float64")[:, 0, 0]
    np.testing.assert_allclose(kernel, [0, 0.5, 1, 1, 1, 1, 1, 0.5, 0], atol=1e-12)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: initializers.VarianceScaling(scale=0), "scale can not be 0\n  fix: use a positive number"),
        (lambda: initializers.VarianceScaling(scale=-1), "scale can not be -1\n  fix: use a finite number from 0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode can not be 'fan'\n  fix: use one of 'fan_in'"),
        (
            lambda: initializers.VarianceScaling(distribution="normal"),
            "distribution can not be 'normal'\n  fix: use",
        ),
        (lambda: initializers.HeNormal(input_axes=0), "input_axes=0 and output_axes=None: one without the other"),
        (
            lambda: initializers.HeNormal(input_axes="a", output_axes=0),
            "input_axes can not be 'a'\n  fix: pass integers",
        ),
        (lambda: initializers.RandomNormal(stddev=-1), "stddev can not be -1\n  fix: use a finite number from 0"),
        (lambda: initializers.RandomNormal(mean="a"), "mean can not be 'a'"),
        (lambda: initializers.RandomUniform(1, -1), "minval=1 is above maxval=-1"),
        (lambda: initializers.RandomNormal(seed="x"), "'x' is not a seed"),
        (lambda: initializers.RandomNormal(seed=True), "True is not a seed"),
        (lambda: initializers.STFT(side="left"), "side can not be 'left'\n  fix: use 'real' or 'imag'"),
        (lambda: initializers.STFT(window="x"), "no window named 'x'\n  fix: use one of barthann"),
        (lambda: initializers.STFT(scaling="x"), "scaling can not be 'x'"),
        (lambda: initializers.Orthogonal()((3,)), r"an orthogonal weight can not have the shape \(3,\)"),
        (lambda: initializers.STFT()((3, 4)), r"a weight of shape \(3, 4\) is no kernel"),
        (
            lambda: initializers.STFT(window=np.ones(3))((5, 1, 4)),
            r"the window has shape \(3,\)\n  fix: pass one",
        ),
        (lambda: initializers.Zeros()((None, 3)), r"can not have the shape \(None, 3\)\n  fix: pass integers"),
        (lambda: initializers.Zeros()((-1, 3)), r"can not have the shape \(-1, 3\)"),
    ],
)
def test_bad_arguments_are_answered_with_good_ones(make, message):
    with pytest.raises((ArgumentError, ShapeError), match=message):
        make()


@pytest.mark.parametrize("name", NAMES)
def test_every_initializer_comes_back_from_json(name, backend):
    made = initializers.get(name)
    data = json.loads(json.dumps(initializers.serialize(made)))
    assert data["module"] == "keras.initializers"
    assert data["registered_name"] is None
    loaded = initializers.deserialize(data)
    assert type(loaded) is type(made) is getattr(initializers, name)
    assert loaded.get_config() == made.get_config() == made.clone().get_config()


def test_a_seed_generator_comes_back_with_its_initializer(backend):
    made = initializers.RandomNormal(seed=ops.random.SeedGenerator(3))
    loaded = initializers.deserialize(json.loads(json.dumps(initializers.serialize(made))))
    assert loaded.seed.seed == 3
    assert (loaded((4,)) == made((4,))).all()
    assert made.clone().seed is made.seed


@pytest.mark.parametrize(
    "alias, cls",
    [
        ("zero", initializers.Zeros),
        ("one", initializers.Ones),
        ("normal", initializers.RandomNormal),
        ("uniform", initializers.RandomUniform),
        ("OrthogonalInitializer", initializers.Orthogonal),
        ("IdentityInitializer", initializers.Identity),
        ("STFTInitializer", initializers.STFT),
    ],
)
def test_other_names_that_keras_takes_are_taken(alias, cls):
    assert type(initializers.get(alias)) is cls


def test_get_gives_instances_of_classes_and_functions_as_they_are():
    def sevens(shape, dtype=None):
        return np.full(shape, 7.0)

    made = initializers.Zeros()
    assert initializers.get(made) is made
    assert initializers.get(sevens) is sevens
    assert type(initializers.get(initializers.Zeros)) is initializers.Zeros
    assert initializers.get(None) is None


def test_a_subclass_without_a_call_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"Empty has no __call__\(shape, dtype=None\): define it"):
        type("Empty", (initializers.Initializer,), {})()((2,))
