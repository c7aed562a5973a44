"""Fourier transforms, spectra and views: what undoes what, and what is said of wrong calls."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.views import view_as_complex, view_as_real
from kcore_ops.ops.math.fourier import fft, fft2, ifft2, irfft, rfft
from kcore_ops.ops.math.spectra import extract_sequences, istft, stft
from kcore_ops.ops.numpy.correlation import correlate
from kcore_ops.ops.numpy.views import view


def signal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def assert_close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, tolerance, tolerance)


def test_ifft2_undoes_fft2(backend):
    x = signal(2, 4, 6), signal(2, 4, 6)
    back = ifft2(fft2([backend.to_tensor(part, None) for part in x]))
    for actual, expected in zip(back, x, strict=True):
        assert_close(actual, expected)


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_irfft_undoes_rfft(backend, length):
    x = signal(3, length)
    assert_close(irfft(rfft(backend.to_tensor(x, None)), length), x)


def test_transforms_of_an_empty_batch_are_empty(backend):
    x = backend.to_tensor(signal(0, 3, 8), None)
    assert [tuple(part.shape) for part in rfft(x)] == [(0, 3, 5)] * 2
    assert tuple(irfft((x, x), 6).shape) == (0, 3, 6)
    for transform in (fft, fft2, ifft2):
        assert [tuple(part.shape) for part in transform((x, x))] == [(0, 3, 8)] * 2


def test_fft_keeps_the_energy(backend):
    real, imaginary = map(ops.convert_to_numpy, fft([backend.to_tensor(x, None) for x in (signal(8), signal(8) * 2)]))
    assert_close((real**2 + imaginary**2).sum() / 8, 5 * (signal(8) ** 2).sum(), 1e-4)


@pytest.mark.parametrize("window", ["hann", "hamming", [1.0, 3.0, 2.0, 1.0]])
@pytest.mark.parametrize("fft_length", [4, 7])
def test_istft_undoes_stft(backend, window, fft_length):
    x = signal(2, 21)
    window = backend.to_tensor(window, "float32") if isinstance(window, list) else window
    back = istft(stft(backend.to_tensor(x, None), 4, 2, fft_length, window), 4, 2, fft_length, 21, window)
    covered = back.shape[-1]
    assert covered >= 18
    assert_close(back, x[:, :covered])


def test_istft_without_a_window_adds_up(backend):
    x = np.ones(8, "float32")
    back = istft(stft(backend.to_tensor(x, None), 4, 2, 4, None, False), 4, 2, 4, None, None, False)
    assert_close(back, [1, 1, 2, 2, 2, 2, 1, 1])


@pytest.mark.needs("gradient")
def test_a_window_has_a_gradient(backend):
    x = backend.to_tensor(signal(12), None)
    grad = ops.grad(lambda window: ops.sum(ops.square(stft(x, 4, 2, 4, window)[0])))
    assert ops.convert_to_numpy(grad(backend.to_tensor(np.ones(4, "float32"), None))).all()


@pytest.mark.parametrize("sizes", [(7, 3), (3, 7), (4, 4), (6, 1)])
@pytest.mark.parametrize("mode", ["valid", "same", "full"])
def test_correlate_is_numpys(backend, sizes, mode):
    x1, x2 = signal(sizes[0]), signal(sizes[1])
    actual = correlate(backend.to_tensor(x1, None), backend.to_tensor(x2, None), mode)
    assert_close(actual, np.correlate(x1, x2, mode))


def test_views_of_parts_undo_each_other(backend):
    x = signal(3, 2)
    x[0, 0], x[1, 1] = np.inf, np.nan
    np.testing.assert_array_equal(ops.convert_to_numpy(view_as_real(view_as_complex(backend.to_tensor(x, None)))), x)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int16", "complex64"])
def test_a_view_of_a_view_is_the_tensor(backend, dtype):
    x = signal(2, 4)
    np.testing.assert_array_equal(ops.convert_to_numpy(view(view(backend.to_tensor(x, None), dtype), "float32")), x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: fft([x]), ArgumentError, "x holds 1 tensors"),
        (lambda x: fft([x, x[:1]]), ShapeError, r"the real part has shape \(2, 3\) and the imaginary part \(1, 3\)"),
        (lambda x: fft2([x[0], x[0]]), ShapeError, r"x has shape \(3,\), and 2 of its axes are to be transformed"),
        (lambda x: rfft(x[:, :0]), ShapeError, r"x has shape \(2, 0\): no points"),
        (lambda x: rfft(x, 0), ArgumentError, "fft_length=0 is no number of points"),
        (lambda x: irfft([x[:, :1], x[:, :1]]), ShapeError, r"x has shape \(2, 1\): 0 points"),
        (lambda x: stft(x, 4, 2, 2), ArgumentError, "fft_length=2 is less than sequence_length=4"),
        (lambda x: stft(x, 2, 1, 2, "box"), ArgumentError, "window can not be 'box'"),
        (lambda x: stft(x, 2, 1, 2, x[0]), ShapeError, r"window has shape \(3,\), where sequence_length=2"),
        (lambda x: extract_sequences(x, 0, 1), ArgumentError, "sequence_length=0 is not a positive integer"),
        (lambda x: correlate(x, x[0]), ShapeError, r"x1 has shape \(2, 3\)"),
        (lambda x: correlate(x[0], x[0], "some"), ArgumentError, "mode can not be 'some'"),
        (lambda x: view(x, "complex64"), ShapeError, "3 elements of 32 bits do not divide into complex64 of 64"),
        (lambda x: view(x[0, 0], "int16"), ShapeError, "x is a scalar of 32 bits, and int16 has 16"),
        (view_as_complex, ShapeError, r"x has shape \(2, 3\)"),
    ],
)
def test_a_wrong_call_is_told_what_was_wrong(backend, call, error, message):
    with pytest.raises(error, match=message):
        call(backend.to_tensor(signal(2, 3), None))
