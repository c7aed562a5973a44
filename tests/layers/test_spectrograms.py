"""`STFTSpectrogram` and `MelSpectrogram`: what they compute, take and refuse."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.preprocessing.mel_spectrogram import MelSpectrogram
from kcore_layers.layers.preprocessing.stft_spectrogram import STFTSpectrogram
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError

SAMPLES = np.random.default_rng(0).normal(size=(2, 64, 3)).astype("float32")


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x)).astype("float64")


def test_a_spectrogram_holds_the_fourier_transforms_of_frames(backend):
    y = numbers(STFTSpectrogram("stft", 8, 4, 16, window=None, expand_dims=True)(SAMPLES))
    frames = np.stack([SAMPLES[:, i : i + 8] for i in range(0, 57, 4)], axis=1)
    expected = np.fft.rfft(frames, 16, axis=2)
    np.testing.assert_allclose(y, np.concatenate([expected.real, expected.imag], axis=2), rtol=1e-4, atol=1e-4)


def test_the_energies_of_a_spectrogram_are_those_of_its_signal(backend):
    y = numbers(STFTSpectrogram("psd", 8, 8, window=None)(SAMPLES[..., :1]))
    np.testing.assert_allclose(y.sum(-1) / 8, np.square(SAMPLES[..., 0].reshape(2, 8, 8)).sum(-1), rtol=1e-4)


def test_modes_follow_from_the_parts_of_the_spectrum(backend):
    found = {mode: numbers(STFTSpectrogram(mode, 8)(SAMPLES)) for mode in ("real", "imag", "angle", "magnitude", "log")}
    whole = found["real"] + 1j * found["imag"]
    np.testing.assert_allclose(found["magnitude"], np.maximum(np.abs(whole), 1e-7**0.5), rtol=1e-4)
    np.testing.assert_allclose(found["log"], np.log(found["magnitude"]), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.cos(found["angle"]), np.cos(np.angle(whole)), atol=1e-3)


def test_channels_first_are_the_same_spectra(backend):
    for expand_dims, order in ((True, (0, 3, 1, 2)), (False, (0, 2, 1))):
        last = STFTSpectrogram(frame_length=8, expand_dims=expand_dims)(SAMPLES)
        first = STFTSpectrogram(frame_length=8, expand_dims=expand_dims, data_format="channels_first")
        np.testing.assert_allclose(
            numbers(first(SAMPLES.transpose(0, 2, 1))), numbers(last).transpose(order), rtol=1e-5, atol=1e-5
        )


def test_a_pure_tone_is_loudest_in_the_band_of_its_frequency(backend):
    layer = MelSpectrogram(256, 64, sampling_rate=8000, num_mel_bins=16, min_freq=0.0)
    edges = 700 * (np.exp(np.linspace(0, 1127 * np.log1p(4000 / 700), 18) / 1127) - 1)
    for band in (5, 9, 14):
        y = numbers(layer(np.sin(2 * np.pi * edges[band + 1] * np.arange(2048) / 8000).astype("float32")))
        assert y.shape == (16, 33)
        assert (y[:, 4:-4].argmax(0) == band).all()


def test_decibels_are_ten_times_the_logarithm_and_lie_within_top_db(backend):
    options = {"fft_length": 64, "sequence_stride": 32, "num_mel_bins": 4, "sampling_rate": 800}
    power = numbers(MelSpectrogram(power_to_db=False, **options)(SAMPLES[..., 0]))
    y = numbers(MelSpectrogram(ref_power=-2.0, top_db=None, **options)(SAMPLES[..., 0]))
    np.testing.assert_allclose(y, 10 * np.log10(power / 2), atol=1e-3)
    near = numbers(MelSpectrogram(ref_power=-2.0, top_db=3.0, **options)(SAMPLES[..., 0]))
    np.testing.assert_allclose(near, np.maximum(y, y.max() - 3), atol=1e-3)


def test_the_weights_of_bands_add_up_to_one_between_the_first_middle_and_the_last(backend):
    weights = numbers(MelSpectrogram().linear_to_mel_weight_matrix(5, 129, 8000, 200.0, 3000.0))
    assert weights.shape == (129, 5)
    hertz = np.linspace(0, 4000, 129)
    inside = (hertz > 500) & (hertz < 2000)
    np.testing.assert_allclose(weights[inside].sum(1), 1.0, rtol=1e-5)
    assert not weights[hertz < 200].any() and not weights[hertz > 3000].any()


def test_half_precision_is_computed_in_more(backend):
    loud = (100 * SAMPLES).astype("float16").astype("float32")
    for make, x in ((STFTSpectrogram, loud), (MelSpectrogram, loud[..., 0])):
        options = {"mode": "log", "frame_length": 8} if make is STFTSpectrogram else {"fft_length": 64}
        y = make(dtype="float16", **options)(x)
        assert backend.dtype(y) == "float16"
        np.testing.assert_allclose(numbers(y), numbers(make(**options)(x)), rtol=2e-2, atol=0.2)


def test_nothing_is_given_of_an_empty_batch(backend):
    assert STFTSpectrogram(frame_length=8)(SAMPLES[:0]).shape == (0, 15, 15)
    assert MelSpectrogram(32, 16, num_mel_bins=4)(SAMPLES[:0, :, 0]).shape == (0, 4, 5)


def test_sizes_need_not_be_known(backend):
    signal = ops.KerasTensor((None, None, 3), "float32")
    assert STFTSpectrogram(frame_length=8)(signal).shape == (None, None, 15)
    assert STFTSpectrogram(frame_length=8).compute_output_shape((None, 64, 3)) == (None, 15, 15)
    assert MelSpectrogram(32, 16, num_mel_bins=4)(ops.KerasTensor((None, None), "float32")).shape == (None, 4, None)


def test_a_window_given_as_numbers_is_in_the_config(backend):
    for layer, x in (
        (STFTSpectrogram(frame_length=4, window=np.array([1.0, 2.0, 2.0, 1.0])), SAMPLES),
        (MelSpectrogram(4, 2, num_mel_bins=2, window=[1.0, 2.0, 2.0, 1.0]), SAMPLES[..., 0]),
    ):
        again = type(layer).from_config(layer.get_config())
        np.testing.assert_allclose(numbers(again(x)), numbers(layer(x)), rtol=1e-6)


def test_a_length_of_the_transform_that_is_no_power_of_two_warns(backend):
    with pytest.warns(
        UserWarning, match="fft_length=9 is no power of two: the bins are those of a transform of length 8"
    ):
        STFTSpectrogram(frame_length=8, fft_length=9)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"mode": "power"}, ArgumentError, "mode can not be 'power'"),
        ({"frame_length": 0}, ArgumentError, "frame_length can not be 0"),
        ({"frame_length": 2.5}, ArgumentTypeError, "frame_length can not be 2.5"),
        ({"frame_length": 8, "frame_step": 9}, ArgumentError, "frame_step=9 is more than frame_length=8"),
        ({"frame_length": 8, "fft_length": 4}, ArgumentError, "fft_length=4 is less than 8, for frame_length=8"),
        ({"padding": "causal"}, ArgumentError, "padding can not be 'causal'"),
        ({"scaling": "power"}, ArgumentError, "scaling can not be 'power'"),
        ({"window": "round"}, ArgumentError, "no window named 'round'"),
        ({"frame_length": 4, "window": [1.0, 2.0]}, ShapeError, r"the window has shape \(2,\)"),
        ({"data_format": "last"}, ArgumentError, "data_format"),
    ],
)
def test_wrong_options_of_a_spectrogram_are_refused(backend, options, kind, message):
    with pytest.raises(kind, match=message):
        STFTSpectrogram(**options)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"fft_length": 0}, ArgumentError, "fft_length can not be 0"),
        ({"sequence_stride": -1}, ArgumentError, "sequence_stride can not be -1"),
        ({"sequence_length": 4096}, ArgumentError, "fft_length=2048 is less than sequence_length=4096"),
        ({"num_mel_bins": 1.5}, ArgumentTypeError, "num_mel_bins can not be 1.5"),
        ({"sampling_rate": 0}, ArgumentError, "sampling_rate can not be 0"),
        ({"min_freq": 9000.0}, ArgumentError, "min_freq=9000.0 is not below max_freq=8000"),
        ({"window": "kaiser"}, ArgumentError, "window can not be 'kaiser'"),
        ({"window": [1.0]}, ShapeError, r"the window has shape \(1,\)"),
        ({"top_db": "loud"}, ArgumentTypeError, "top_db can not be 'loud'"),
    ],
)
def test_wrong_options_of_a_mel_spectrogram_are_refused(backend, options, kind, message):
    with pytest.raises(kind, match=message):
        MelSpectrogram(**options)


def test_a_signal_without_channels_is_refused(backend):
    with pytest.raises(ShapeError, match="must have 3 axes"):
        STFTSpectrogram()(SAMPLES[..., 0])
    with pytest.raises(ShapeError, match=r"x has shape \(\), and 1 of its axes"):
        MelSpectrogram()(np.float32(1.0))
