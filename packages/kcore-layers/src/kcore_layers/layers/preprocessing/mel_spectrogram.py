"""`MelSpectrogram`: the power of a signal over time, in bands as wide as the ear tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import dtypes
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import one_of

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import Array, DTypeLike, LayerOptions
from kcore_layers.options.weight_options import checked_count, checked_number, config_of
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["MelSpectrogram"]

_OPTIONS = (
    "fft_length", "sequence_stride", "sequence_length", "sampling_rate", "num_mel_bins", "min_freq", "max_freq",
    "power_to_db", "top_db", "mag_exp", "min_power", "ref_power",
)  # fmt: skip


@builtin("keras.layers")
class MelSpectrogram(Layer):
    """Return the magnitudes of a signal over time in bands that are evenly spaced in mel, by default in decibels.

    Frame i is centred at sample `i * sequence_stride`; the signal is mirrored at its ends.

    Shapes: `(..., time)` gives `(..., num_mel_bins, frames)`, with `time // sequence_stride + 1` frames. Dtype: the
    layer's, for integers too; half precision is computed in float32.

    Args:
        fft_length: int, samples that the transform is of; 2048.
        sequence_stride: int, samples from one frame to the next; 512.
        sequence_length: int, samples that the window covers, at most `fft_length`; None is `fft_length`.
        window: "hann", "hamming", or an array as long as `sequence_length`; None is no window; "hann".
        sampling_rate: int, samples in a second, in Hz; 16000.
        num_mel_bins: int, number of bands; 128.
        min_freq: float, where the lowest band begins, in Hz; 20.
        max_freq: float, where the highest band ends, in Hz; None is half of `sampling_rate`.
        power_to_db: bool, whether the result is in decibels above `ref_power`; True.
        top_db: float, how far below the greatest value of the batch the least is, in decibels; None sets no limit; 80.
        mag_exp: float, the power of magnitudes that is summed: 1 for amplitudes, 2 for power; 2.
        min_power: float, what is taken for less than this, before the logarithm; 1e-10.
        ref_power: float, what 0 decibels are; its sign does not matter; 1.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a length is not a positive integer, the window does not fit into `fft_length`, or the bands
            end where they begin or before.
        ShapeError: if the window has another length.

    Source: Stevens, Volkmann & Newman (1937), https://doi.org/10.1121/1.1915893; the formula of mel, 1127 times the
    natural logarithm of 1 + f / 700 Hz, is that of Young et al. (2006), "The HTK Book", section 5.4.

    >>> layer = MelSpectrogram(fft_length=64, sequence_stride=32, num_mel_bins=4, sampling_rate=800)
    >>> layer(np.sin(np.arange(320, dtype="float32"))).shape
    (4, 11)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: str | Sequence[float] | Array | None = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float | None = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length = checked_count(self, "fft_length", fft_length)
        self.sequence_stride = checked_count(self, "sequence_stride", sequence_stride)
        length = fft_length if sequence_length is None else sequence_length
        self.sequence_length = checked_count(self, "sequence_length", length)
        self.sampling_rate = checked_number(self, "sampling_rate", sampling_rate, "a number of samples in a second", 1)
        self.num_mel_bins = checked_count(self, "num_mel_bins", num_mel_bins)
        self.min_freq = checked_number(self, "min_freq", min_freq, "a frequency in Hz, 0 or more", 0)
        highest = int(sampling_rate / 2) if max_freq is None else max_freq
        self.max_freq = checked_number(self, "max_freq", highest, "a frequency in Hz")
        self.power_to_db = power_to_db
        self.top_db = None if top_db is None else checked_number(self, "top_db", top_db, "a number of decibels")
        self.mag_exp = checked_number(self, "mag_exp", mag_exp)
        self.min_power = checked_number(self, "min_power", min_power)
        self.ref_power = checked_number(self, "ref_power", ref_power)
        try:
            self._check(window)
        except (ArgumentError, ShapeError) as error:
            raise error.at(type(self).__name__) from None
        self.window = window

    def _check(self, window: Any) -> None:
        """Raise an error where one argument does not fit another."""
        if self.fft_length < self.sequence_length:
            raise ArgumentError(
                f"fft_length={self.fft_length} is less than sequence_length={self.sequence_length}",
                fix="pass an fft_length that a window fits into",
            )
        if not self.min_freq < self.max_freq:
            raise ArgumentError(
                f"min_freq={self.min_freq} is not below max_freq={self.max_freq}",
                fix="pass frequencies in Hz, the lower one first",
            )
        if isinstance(window, str):
            one_of("window", window, ("hann", "hamming"))
        elif window is not None and np.shape(window) != (self.sequence_length,):
            raise ShapeError(
                f"the window has shape {np.shape(window)}", fix=f"pass one of shape ({self.sequence_length},)"
            )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the mel spectrogram of signals.

        Args:
            inputs: tensor `(..., time)`, samples.
        """
        wide = dtypes.at_least_float32(self.compute_dtype)
        window = self.window if isinstance(self.window, str | None) else np.asarray(self.window, wide)
        real, imaginary = ops.stft(
            ops.cast(inputs, wide), self.sequence_length, self.sequence_stride, self.fft_length, window
        )
        power = ops.add(ops.square(real), ops.square(imaginary))
        magnitudes = power if self.mag_exp == 2 else ops.power(power, self.mag_exp / 2)
        edges = (self.min_freq, self.max_freq)
        bands = _mel_bands(self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, *edges)
        mel = ops.swapaxes(ops.matmul(magnitudes, bands.astype(wide)), -1, -2)
        return ops.cast(self._in_decibels(mel) if self.power_to_db else mel, self.compute_dtype)

    def _in_decibels(self, mel: Any) -> Any:
        least = max(self.min_power, float(np.finfo("float32").tiny))
        reference = 10 * float(np.log10(max(least, abs(self.ref_power))))
        decibels = ops.subtract(ops.multiply(ops.log10(ops.maximum(mel, least)), 10.0), reference)
        if self.top_db is None:
            return decibels
        return ops.maximum(decibels, ops.subtract(ops.max(decibels, initial=-np.inf), self.top_db))

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: int = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: DTypeLike = "float32",
    ) -> Tensor:
        """Return the weights, `(num_spectrogram_bins, num_mel_bins)`, that make bands of mel of a spectrum's bins.

        Each band is a triangle over mel that is 1 at its middle, where its neighbours are 0; the bin of frequency 0 is
        in none.

        Args:
            num_mel_bins: int, number of bands; 20.
            num_spectrogram_bins: int, number of the spectrum's bins, from 0 to half of `sampling_rate`; 129.
            sampling_rate: int, samples in a second, in Hz; 8000.
            lower_edge_hertz: float, where the lowest band begins, in Hz; 125.
            upper_edge_hertz: float, where the highest band ends, in Hz; 3800.
            dtype: dtype of the matrix; float32.
        """
        bands = _mel_bands(num_mel_bins, num_spectrogram_bins, sampling_rate, lower_edge_hertz, upper_edge_hertz)
        return ops.convert_to_tensor(bands, dtype=dtypes.standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        window = {"window": serialize_keras_object(self.window)}
        return {**super().get_config(), **config_of(self, *_OPTIONS), **window}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return super().from_config({**config, "window": deserialize_keras_object(config.get("window", "hann"))})


def _mel(frequency: Any) -> Any:
    """Return pitch in mel of a frequency in Hz."""
    return 1127.0 * np.log1p(np.asarray(frequency, "float64") / 700.0)


def _mel_bands(num_bands: int, num_bins: int, sampling_rate: float, lowest: float, highest: float) -> Array:
    """Return the weights `(num_bins, num_bands)` of a spectrum's bins in bands, float64."""
    edges = np.linspace(_mel(lowest), _mel(highest), num_bands + 2)
    bins = _mel(np.linspace(0.0, sampling_rate / 2, num_bins))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights: Array = np.maximum(0.0, np.minimum(rising, falling))
    weights[:1] = 0.0
    return weights
