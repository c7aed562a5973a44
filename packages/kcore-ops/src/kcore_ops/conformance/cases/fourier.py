"""Cases of Fourier transforms, short-time spectra, correlation and views."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import kcore_ops.ops.core.views  # noqa: F401
from kcore_ops.conformance.case import FLOATS, arrays, case, shapes
from kcore_ops.dtypes import numpy_dtype

WITH_INTEGERS = (*FLOATS, "int32")

batches = shapes(max_rank=1, min_size=1, max_size=2)


def _pair(draw, dtype, *sizes):
    shape = (*draw(batches), *sizes)
    return draw(arrays(dtype, shape)), draw(arrays(dtype, shape))


def _parts(x):
    return x.real, x.imag


@case("fft", lambda x: _parts(np.fft.fft(x[0] + 1j * x[1])), dtypes=WITH_INTEGERS, tolerance=8)
def _fft(draw, dtype):
    return [_pair(draw, dtype, draw(st.sampled_from([1, 4, 7])))]


@case("fft2", lambda x: _parts(np.fft.fft2(x[0] + 1j * x[1])), dtypes=WITH_INTEGERS, tolerance=16)
def _fft2(draw, dtype):
    return [_pair(draw, dtype, draw(st.sampled_from([1, 4])), 3)]


@case("ifft2", lambda x: _parts(np.fft.ifft2(x[0] + 1j * x[1])), dtypes=WITH_INTEGERS, tolerance=8)
def _ifft2(draw, dtype):
    return [_pair(draw, dtype, draw(st.sampled_from([1, 4])), 3)]


@case("rfft", lambda x, fft_length: _parts(np.fft.rfft(x, fft_length)), dtypes=WITH_INTEGERS, tolerance=8)
def _rfft(draw, dtype):
    shape = (*draw(batches), draw(st.sampled_from([1, 4, 5])))
    return draw(arrays(dtype, shape)), draw(st.sampled_from([None, 3, 8]))


@case("irfft", lambda x, fft_length: np.fft.irfft(x[0] + 1j * x[1], fft_length), dtypes=WITH_INTEGERS, tolerance=8)
def _irfft(draw, dtype):
    return _pair(draw, dtype, draw(st.sampled_from([2, 3, 4]))), draw(st.sampled_from([None, 5, 8]))


def _np_sequences(x, length, stride):
    count = max((x.shape[-1] - length) // stride + 1, 0)
    rows = [x[..., i * stride : i * stride + length] for i in range(count)]
    return np.stack(rows, axis=-2) if rows else np.zeros((*x.shape[:-1], 0, length), x.dtype)


@case("extract_sequences", _np_sequences, dtypes=(*FLOATS, "int32", "bool"))
def _extract_sequences(draw, dtype):
    x = draw(arrays(dtype, (*draw(batches), draw(st.sampled_from([1, 5, 8])))))
    return x, draw(st.integers(1, 3)), draw(st.integers(1, 3))


def _np_window(window, sequence_length, fft_length):
    if window is None:
        return np.ones(fft_length)
    if isinstance(window, str):
        # With one point more, NumPy's windows are periodic.
        window = {"hann": np.hanning, "hamming": np.hamming}[window](sequence_length + 1)[:-1]
    before = (fft_length - sequence_length) // 2
    return np.pad(np.asarray(window, "float64"), (before, fft_length - sequence_length - before))


def _np_stft(x, sequence_length, stride, fft_length, window, center):
    if center:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2, fft_length // 2)], mode="reflect")
    sequences = _np_sequences(x, fft_length, stride) * _np_window(window, sequence_length, fft_length)
    return _parts(np.fft.rfft(sequences))


_WINDOWS = [None, "hann", "hamming", np.array([1.0, 2.0, 0.5], "float32")]
_LENGTHS = [(3, 2, 4), (3, 1, 5), (3, 3, 3)]


@case("stft", _np_stft, dtypes=FLOATS, tolerance=8, known=(1,))
def _stft(draw, dtype):
    x = draw(arrays(dtype, (*draw(batches), draw(st.sampled_from([6, 9])))))
    return x, *draw(st.sampled_from(_LENGTHS)), draw(st.sampled_from(_WINDOWS)), draw(st.booleans())


def _np_istft(x, sequence_length, stride, fft_length, length, window, center):
    factors = _np_window(window, sequence_length, fft_length)
    sequences = np.fft.irfft(x[0] + 1j * x[1], fft_length) * factors
    count = sequences.shape[-2]
    total = np.zeros((*sequences.shape[:-2], (count - 1) * stride + fft_length))
    weights = np.zeros(total.shape[-1])
    for i in range(count):
        total[..., i * stride : i * stride + fft_length] += sequences[..., i, :]
        weights[i * stride : i * stride + fft_length] += factors**2
    if window is not None:
        total = np.where(weights > 1e-10, total / np.where(weights > 1e-10, weights, 1), 0)
    end = fft_length // 2 if center else 0
    return total[..., end : (total.shape[-1] - end if length is None else end + length)]


@case("istft", _np_istft, dtypes=FLOATS, tolerance=16, known=(2,))
def _istft(draw, dtype):
    lengths = draw(st.sampled_from(_LENGTHS))
    x = _pair(draw, dtype, draw(st.sampled_from([3, 5])), lengths[2] // 2 + 1)
    length = draw(st.sampled_from([None, 4, 30]))
    return x, *lengths, length, draw(st.sampled_from(_WINDOWS)), draw(st.booleans())


@case("correlate", np.correlate, dtypes=(*FLOATS, "int32", "bool", "complex64"), tolerance=4)
def _correlate(draw, dtype):
    size1, size2 = draw(st.sampled_from([(5, 3), (5, 2), (2, 5), (3, 5), (4, 4), (1, 3)]))
    mode = draw(st.sampled_from(["valid", "same", "full"]))
    return draw(arrays(dtype, (size1,))), draw(arrays(dtype, (size2,))), mode


# Views. References get floats as float64, whose bits are others.

_VIEWS = {
    "float32": ("int32", "int16", "uint8", "float32", "complex64", "bool", None),
    "float16": ("float32", "uint8", "int16"),
    "bfloat16": ("int32", "uint16"),
    "int32": ("float32", "int8", "uint32"),
    "uint8": ("bool", "int8", "float32"),
    "uint16": ("uint8", "float16"),
    "bool": ("uint8", "int16"),
    "complex64": ("float32", "int16"),
}


def _np_view_of(kind):
    def view(x, dtype):
        x = x.astype(numpy_dtype(kind))
        return x if dtype is None else x.view(numpy_dtype(dtype))

    return view


def _view_case(kind, targets):
    @case("view", _np_view_of(kind), dtypes=(kind,), gradient=False)
    def _view(draw, dtype):
        return draw(arrays(dtype, (*draw(batches), 4))), draw(st.sampled_from(targets))


for _kind, _targets in _VIEWS.items():
    _view_case(_kind, _targets)


@case("view_as_complex", lambda x: x[..., 0] + 1j * x[..., 1], dtypes=(*FLOATS, "int32", "bool"), gradient=False)
def _view_as_complex(draw, dtype):
    return [draw(arrays(dtype, (*draw(shapes(max_rank=2)), 2)))]


@case("view_as_real", lambda x: np.stack([x.real, x.imag], axis=-1), dtypes=(*FLOATS, "int32", "bool", "complex64"))
def _view_as_real(draw, dtype):
    return [draw(arrays(dtype, draw(shapes(max_rank=2))))]
