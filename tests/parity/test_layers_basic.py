"""Layers with Keras's weights give what Keras's give; configs have the same keys, weights the same paths."""

from __future__ import annotations

import warnings
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base import naming
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.serialization.registry import names_in

# Of quantization, which is an object of its own here.
NOT_OURS = {"quantization_config", "lora_rank", "lora_alpha"}

SEQUENCE, IMAGE, VOLUME = (3, 8, 4), (2, 7, 6, 4), (2, 5, 4, 6, 2)
SIGNAL = (2, 40, 3)
MEL = {"fft_length": 64, "sequence_stride": 16, "num_mel_bins": 5, "sampling_rate": 800}

# name, arguments, shape of the input, or shapes
CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 5), "bias_axes": "d"}, SEQUENCE),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 5, "bias_axes": "y", "activation": "relu"}, IMAGE),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"}, SEQUENCE),
    ("EinsumDense", {"equation": "abde,dec->abc", "output_shape": (7, 3), "bias_axes": "bc"}, (2, 7, 6, 4)),
    ("EinsumDense", {"equation": "abde,dec->acb", "output_shape": (3, 7), "bias_axes": "c"}, IMAGE),
    ("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": (5, 4), "bias_axes": "c"}, SEQUENCE),
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, (2, 4)),
    ("Embedding", {"input_dim": 9, "output_dim": 3}, "integers"),
    ("Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True}, "integers"),
    ("ReversibleEmbedding", {"input_dim": 9, "output_dim": 3}, "integers"),
    ("ReversibleEmbedding", {"input_dim": 9, "output_dim": 3, "tie_weights": False}, "integers"),
    ("Activation", {"activation": "softplus"}, SEQUENCE),
    ("ReLU", {}, SEQUENCE),
    ("ReLU", {"max_value": 0.5, "negative_slope": 0.1, "threshold": 0.2}, SEQUENCE),
    ("LeakyReLU", {}, SEQUENCE),
    ("PReLU", {}, SEQUENCE),
    ("PReLU", {"shared_axes": [1, 2]}, IMAGE),
    ("ELU", {"alpha": 0.7}, SEQUENCE),
    ("Softmax", {}, SEQUENCE),
    ("Softmax", {"axis": [1, 2]}, SEQUENCE),
    ("Identity", {}, SEQUENCE),
    ("Flatten", {}, IMAGE),
    ("Flatten", {"data_format": "channels_first"}, IMAGE),
    ("Flatten", {}, (3,)),
    ("Reshape", {"target_shape": (4, -1)}, SEQUENCE),
    ("Permute", {"dims": (3, 1, 2)}, IMAGE),
    ("RepeatVector", {"n": 3}, (2, 4)),
    ("Dropout", {"rate": 0.5}, SEQUENCE),
    ("SpatialDropout1D", {"rate": 0.5}, SEQUENCE),
    ("SpatialDropout2D", {"rate": 0.5}, IMAGE),
    ("SpatialDropout3D", {"rate": 0.5}, VOLUME),
    ("GaussianNoise", {"stddev": 0.5}, SEQUENCE),
    ("GaussianDropout", {"rate": 0.5}, SEQUENCE),
    ("AlphaDropout", {"rate": 0.5}, SEQUENCE),
    ("Conv1D", {"filters": 6, "kernel_size": 3}, SEQUENCE),
    ("Conv1D", {"filters": 6, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, SEQUENCE),
    ("Conv1D", {"filters": 6, "kernel_size": 2, "strides": 3, "padding": "same", "use_bias": False}, SEQUENCE),
    ("Conv2D", {"filters": 6, "kernel_size": 3, "activation": "relu"}, IMAGE),
    ("Conv2D", {"filters": 6, "kernel_size": (2, 3), "strides": 2, "padding": "same", "groups": 2}, IMAGE),
    ("Conv3D", {"filters": 3, "kernel_size": 2}, VOLUME),
    ("Conv1DTranspose", {"filters": 6, "kernel_size": 3, "strides": 2}, SEQUENCE),
    ("Conv2DTranspose", {"filters": 6, "kernel_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("Conv2DTranspose", {"filters": 6, "kernel_size": 3, "strides": 2, "output_padding": 1}, IMAGE),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": 2}, VOLUME),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "strides": 2}, IMAGE),
    ("SeparableConv1D", {"filters": 6, "kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    ("SeparableConv2D", {"filters": 6, "kernel_size": (3, 2), "padding": "same"}, IMAGE),
    ("ZeroPadding1D", {"padding": (2, 1)}, SEQUENCE),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, IMAGE),
    ("ZeroPadding3D", {}, VOLUME),
    ("Cropping1D", {"cropping": (2, 1)}, SEQUENCE),
    ("Cropping2D", {"cropping": ((1, 0), (2, 3))}, IMAGE),
    ("Cropping2D", {"cropping": 1, "data_format": "channels_first"}, IMAGE),
    ("Cropping3D", {}, VOLUME),
    ("UpSampling1D", {"size": 3}, SEQUENCE),
    ("UpSampling2D", {"size": (2, 3)}, IMAGE),
    ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE),
    ("UpSampling3D", {}, VOLUME),
    ("MaxPooling1D", {}, SEQUENCE),
    ("MaxPooling2D", {"pool_size": 3, "strides": (1, 2), "padding": "same"}, IMAGE),
    ("MaxPooling3D", {}, VOLUME),
    ("AveragePooling1D", {"pool_size": 2}, SEQUENCE),
    ("AveragePooling2D", {"pool_size": 3, "strides": (1, 2)}, IMAGE),
    ("AveragePooling3D", {"pool_size": 2}, VOLUME),
    ("AdaptiveAveragePooling1D", {"output_size": 3}, SEQUENCE),
    ("AdaptiveAveragePooling2D", {"output_size": (3, 2)}, IMAGE),
    ("AdaptiveAveragePooling3D", {"output_size": 2}, VOLUME),
    ("AdaptiveMaxPooling1D", {"output_size": 3}, SEQUENCE),
    ("AdaptiveMaxPooling2D", {"output_size": (3, 2)}, IMAGE),
    ("AdaptiveMaxPooling3D", {"output_size": 2}, VOLUME),
    ("GlobalAveragePooling1D", {}, SEQUENCE),
    ("GlobalAveragePooling2D", {"keepdims": True}, IMAGE),
    ("GlobalAveragePooling3D", {"data_format": "channels_first"}, VOLUME),
    ("GlobalMaxPooling1D", {"keepdims": True}, SEQUENCE),
    ("GlobalMaxPooling2D", {}, IMAGE),
    ("GlobalMaxPooling3D", {}, VOLUME),
    ("BatchNormalization", {}, SEQUENCE),
    ("BatchNormalization", {"axis": 1, "scale": False}, IMAGE),
    ("BatchNormalization", {"center": False, "epsilon": 0.1}, (4, 3)),
    ("LayerNormalization", {}, SEQUENCE),
    ("LayerNormalization", {"axis": [2, 3], "center": False}, IMAGE),
    ("LayerNormalization", {"axis": [2, 1], "scale": False}, SEQUENCE),
    ("LayerNormalization", {"rms_scaling": True}, SEQUENCE),
    ("RMSNormalization", {}, SEQUENCE),
    ("RMSNormalization", {"axis": [1, 2]}, SEQUENCE),
    ("GroupNormalization", {"groups": 2}, SEQUENCE),
    ("GroupNormalization", {"groups": 1, "axis": 1}, IMAGE),
    ("GroupNormalization", {"groups": -1, "scale": False}, (3, 4)),
    ("UnitNormalization", {}, SEQUENCE),
    ("UnitNormalization", {"axis": [1, 2]}, SEQUENCE),
    ("Add", {}, [SEQUENCE, SEQUENCE, SEQUENCE]),
    ("Add", {}, [SEQUENCE, (3, 4)]),
    ("Subtract", {}, [SEQUENCE, (3, 1, 4)]),
    ("Multiply", {}, [SEQUENCE, SEQUENCE]),
    ("Multiply", {}, [(2, 4), IMAGE]),
    ("Average", {}, [SEQUENCE, SEQUENCE, SEQUENCE]),
    ("Maximum", {}, [SEQUENCE, SEQUENCE]),
    ("Minimum", {}, [SEQUENCE, SEQUENCE]),
    ("Concatenate", {}, [SEQUENCE, (3, 8, 2)]),
    ("Concatenate", {"axis": 1}, [SEQUENCE, (3, 2, 4)]),
    ("Dot", {"axes": 1}, [(3, 4), (3, 4)]),
    ("Dot", {"axes": (2, 1), "normalize": True}, [SEQUENCE, (3, 4, 5)]),
    ("Dot", {"axes": (1, 2)}, [(3, 4), SEQUENCE]),
    ("Rescaling", {"scale": 0.5, "offset": -1.0}, SEQUENCE),
    ("Rescaling", {"scale": [1.0, 2.0, 3.0, 4.0]}, SEQUENCE),
    *(("STFTSpectrogram", {"mode": mode, "frame_length": 8}, SIGNAL) for mode in ("log", "magnitude", "psd", "imag")),
    ("STFTSpectrogram", {"frame_length": 8, "frame_step": 3, "padding": "same", "expand_dims": True}, SIGNAL),
    (
        "STFTSpectrogram",
        {"frame_length": 6, "fft_length": 16, "window": None, "data_format": "channels_first"},
        (2, 3, 40),
    ),
    (
        "STFTSpectrogram",
        {
            "frame_length": 7,
            "window": "blackman",
            "periodic": True,
            "expand_dims": True,
            "mode": "psd",
            "data_format": "channels_first",
        },
        (2, 3, 40),
    ),
    ("STFTSpectrogram", {"frame_length": 4, "window": [1.0, 2.0, 2.0, 0.5], "mode": "stft"}, SIGNAL),
    ("MelSpectrogram", MEL, (2, 500)),
    ("MelSpectrogram", {**MEL, "mag_exp": 1.0, "top_db": 10.0, "ref_power": 3.0, "min_freq": 0.0}, (500,)),
    ("MelSpectrogram", {**MEL, "power_to_db": False, "sequence_length": 40, "window": "hamming"}, (2, 3, 500)),
    ("MelSpectrogram", {**MEL, "power_to_db": False, "window": None, "max_freq": 300.0, "mag_exp": 3.0}, (2, 500)),
    ("Normalization", {}, SEQUENCE),
    ("Normalization", {"axis": None}, SEQUENCE),
    ("Normalization", {"axis": (1, 2)}, SEQUENCE),
    ("Normalization", {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0, 2.0, 3.0, 4.0]}, SEQUENCE),
    ("Normalization", {"mean": 1.0, "variance": 4.0, "axis": None, "invert": True}, SEQUENCE),
    ("Masking", {"mask_value": 1.0}, SEQUENCE),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, SEQUENCE),
]


def drawn(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def inputs_of(shape):
    if shape == "integers":
        return np.random.default_rng(0).integers(0, 9, (3, 5)).astype("int32")
    if isinstance(shape, list):
        return [drawn(each, seed) for seed, each in enumerate(shape)]
    return drawn(shape)


def made(keras, name, arguments):
    keras.utils.clear_session()
    naming.reset_names()
    return names_in("keras.layers")[name](**arguments), getattr(keras.layers, name)(**arguments)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def their_numbers(keras, x):
    return np.asarray(keras.ops.convert_to_numpy(x))


def with_the_same_weights(ours, theirs):
    values = []
    for i, v in enumerate(theirs.weights):
        value = np.abs(drawn(v.shape, 100 + i)) + 0.5
        values.append(value.astype(str(np.dtype(v.numpy().dtype) if hasattr(v, "numpy") else "float32")))
    theirs.set_weights(values)
    if hasattr(theirs, "finalize_state"):
        theirs.finalize_state()
    ours.set_weights(values)


def ids(case):
    name, arguments, _ = case
    return "-".join([name, *(f"{key}={value}" for key, value in arguments.items())])


def runs_in_keras(theirs, x):
    try:
        theirs(x)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_outputs_and_weights_are_those_of_keras(backend, keras, count_refused, case):
    name, arguments, shape = case
    ours, theirs = made(keras, name, arguments)
    x = inputs_of(shape)
    ours(x)
    if not runs_in_keras(theirs, x):
        count_refused(name)
        return
    assert [(v.path, tuple(v.shape), v.trainable) for v in ours.weights] == [
        (v.path, tuple(v.shape), v.trainable) for v in theirs.weights
    ]
    with_the_same_weights(ours, theirs)
    rtol = 1e-5 * arguments.get("mag_exp", 1.0)  # a power has so many times the error of what it is of
    np.testing.assert_allclose(numbers(ours(x)), their_numbers(keras, theirs(x)), rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_configs_have_the_keys_of_keras(backend, keras, case):
    name, arguments, _ = case
    ours, theirs = made(keras, name, arguments)
    config, expected = ours.get_config(), theirs.get_config()
    assert set(config) == set(expected) - NOT_OURS
    plain = {key for key, value in expected.items() if not isinstance(value, dict) and key not in {*NOT_OURS, "dtype"}}
    differing = {key: (config[key], expected[key]) for key in plain if listed(config[key]) != listed(expected[key])}
    assert not differing


def listed(value):
    return [listed(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_configs_of_keras_make_our_layers(backend, keras, case):
    name, arguments, _ = case
    ours, theirs = made(keras, name, arguments)
    config = {key: value for key, value in theirs.get_config().items() if key not in NOT_OURS}
    assert type(ours).from_config(config).get_config() == ours.get_config()


@pytest.mark.parametrize("case", [case for case in CASES if case[0] == "BatchNormalization"], ids=ids)
def test_moving_statistics_follow_as_in_keras(backend, keras, case):
    name, arguments, shape = case
    ours, theirs = made(keras, name, {**arguments, "momentum": 0.7})
    x = inputs_of(shape)
    for seed in range(3):
        y = drawn(x.shape, seed)
        np.testing.assert_allclose(
            numbers(ours(y, training=True)), their_numbers(keras, theirs(y, training=True)), rtol=1e-4, atol=1e-5
        )
    for v, w in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(numbers(v), their_numbers(keras, w), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("clipping", [None, {"rmax": 1.2, "rmin": 0.8, "dmax": 0.3}])
def test_batch_renormalization_is_that_of_keras(backend, keras, clipping):
    arguments = {"renorm": True, "renorm_clipping": clipping, "momentum": 0.7, "renorm_momentum": 0.6}
    ours, theirs = made(keras, "BatchNormalization", arguments)
    for seed in range(3):
        y = 2 * drawn((6, 3), seed) + 1
        np.testing.assert_allclose(
            numbers(ours(y, training=True)), their_numbers(keras, theirs(y, training=True)), rtol=1e-4, atol=1e-5
        )
    assert [v.path for v in ours.weights] == [w.path for w in theirs.weights]
    for v, w in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(numbers(v), their_numbers(keras, w), rtol=1e-5, atol=1e-6)


MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
OTHER = np.array([[1, 0, 0], [1, 1, 1]], bool)
MASKED = [
    ("BatchNormalization", {}, [(MASK, (2, 3, 4))], {"training": True}),
    ("LayerNormalization", {}, [(MASK, (2, 3, 4))], {}),
    ("GlobalAveragePooling1D", {}, [(MASK, (2, 3, 4))], {}),
    ("GlobalAveragePooling1D", {"keepdims": True}, [(MASK, (2, 3, 4))], {}),
    ("Flatten", {}, [(MASK, (2, 3, 4))], {}),
    ("Permute", {"dims": (2, 1)}, [(MASK, (2, 3, 4))], {}),
    ("Dropout", {"rate": 0.5}, [(MASK, (2, 3, 4))], {}),
    ("Add", {}, [(MASK, (2, 3, 4)), (OTHER, (2, 3, 4))], {}),
    ("Multiply", {}, [(MASK, (2, 3, 4)), (None, (2, 3, 4))], {}),
    ("Concatenate", {}, [(MASK, (2, 3, 4)), (OTHER, (2, 3, 4))], {}),
    ("Concatenate", {"axis": 1}, [(MASK, (2, 3, 4)), (OTHER, (2, 3, 4))], {}),
    ("Concatenate", {"axis": 1}, [(MASK, (2, 3, 4)), (None, (2, 3, 4))], {}),
    ("Concatenate", {}, [(None, (2, 3, 4)), (MASK, (2, 3, 4))], {}),
    ("Dot", {"axes": 2}, [(MASK, (2, 3, 4)), (MASK, (2, 3, 4))], {}),
]


@pytest.mark.parametrize("case", MASKED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_masks_go_the_way_they_go_in_keras(backend, keras, case):
    name, arguments, masked, call = case
    ours, theirs = made(keras, name, arguments)
    our_inputs, their_inputs = [], []
    for seed, (mask, shape) in enumerate(masked):
        x = drawn(shape, seed)
        our_inputs.append(ops.convert_to_tensor(x.copy()))
        their_inputs.append(keras.ops.convert_to_tensor(x.copy()))
        if mask is not None:
            set_mask(our_inputs[-1], ops.convert_to_tensor(mask))
            try:
                their_inputs[-1]._keras_mask = keras.ops.convert_to_tensor(mask)
            except AttributeError:
                return  # arrays of NumPy and JAX carry no mask in Keras: compared on the others
    y = ours(our_inputs if len(masked) > 1 else our_inputs[0], **call)
    z = theirs(their_inputs if len(masked) > 1 else their_inputs[0], **call)
    np.testing.assert_allclose(numbers(y), their_numbers(keras, z), rtol=1e-4, atol=1e-5)
    ours_after, theirs_after = get_mask(y), getattr(z, "_keras_mask", None)
    assert (ours_after is None) == (theirs_after is None)
    if ours_after is not None:
        np.testing.assert_array_equal(numbers(ours_after), their_numbers(keras, theirs_after))


def test_a_masked_softmax_is_that_of_keras(backend, keras):
    ours, theirs = made(keras, "Softmax", {})
    x, mask = drawn((2, 3, 2)), np.array([[[1, 0], [1, 1], [0, 0]]] * 2, bool)
    np.testing.assert_allclose(numbers(ours(x, mask=mask)), their_numbers(keras, theirs(x, mask=mask)), atol=1e-6)


@pytest.mark.parametrize("axis", [-1, None, (1, 2)])
def test_adapt_finds_what_keras_finds(backend, keras, axis):
    ours, theirs = made(keras, "Normalization", {"axis": axis})
    x = 3 * drawn((50, 3, 2)) + 1
    ours.adapt(x)
    theirs.adapt(x)
    for v, w in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(numbers(v), their_numbers(keras, w), rtol=1e-4, atol=1e-5)


def test_time_distributed_is_that_of_keras(backend, keras):
    keras.utils.clear_session()
    naming.reset_names()
    layers = names_in("keras.layers")
    ours = layers["TimeDistributed"](layers["Conv1D"](3, 2))
    theirs = keras.layers.TimeDistributed(keras.layers.Conv1D(3, 2))
    x = drawn((2, 4, 5, 3))
    ours(x), theirs(x)
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    with_the_same_weights(ours, theirs)
    np.testing.assert_allclose(numbers(ours(x)), their_numbers(keras, theirs(x)), rtol=1e-5, atol=1e-5)
    assert set(ours.get_config()) == set(theirs.get_config())


def test_lambda_has_the_config_of_keras(backend, keras):
    ours = names_in("keras.layers")["Lambda"](ops.relu, arguments={})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = keras.layers.Lambda(keras.ops.relu, arguments={})
        assert set(ours.get_config()) == set(theirs.get_config())


def test_spectral_normalization_is_that_of_keras(backend, keras):
    keras.utils.clear_session()
    naming.reset_names()
    layers = names_in("keras.layers")
    ours = layers["SpectralNormalization"](layers["Dense"](3), power_iterations=2)
    theirs = keras.layers.SpectralNormalization(keras.layers.Dense(3), power_iterations=2)
    x = drawn((2, 4))
    ours(x), theirs(x)
    assert [(v.path, v.shape) for v in ours.weights] == [(v.path, tuple(v.shape)) for v in theirs.weights]
    with_the_same_weights(ours, theirs)
    for _ in range(2):
        y, z = ours(x, training=True), theirs(x, training=True)
        np.testing.assert_allclose(numbers(y), their_numbers(keras, z), rtol=1e-4, atol=1e-5)
    for v, w in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(numbers(v), their_numbers(keras, w), rtol=1e-4, atol=1e-5)
