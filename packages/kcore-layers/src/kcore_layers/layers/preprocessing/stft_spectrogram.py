"""`STFTSpectrogram`: the spectra of overlapping frames of a signal, as convolutions whose kernels may be trained."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import config, dtypes
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import one_of

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options import initializers
from kcore_layers.options.argument_types import Array, DataFormat, LayerOptions, Padding, Shape
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["STFTSpectrogram"]

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
# What a squared magnitude is at least, before its root and logarithm are taken.
_LEAST = 1e-7


@builtin("keras.layers")
class STFTSpectrogram(Layer):
    """Return the spectra of overlapping frames of a signal, each channel by itself.

    The kernels, a windowed Fourier basis, are weights: trained with the model unless `trainable=False`.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`.
    With `bins = fft_length // 2 + 1`, twice that for "stft", the output is `(batch, frames, channels * bins)`, the
    bins of one channel side by side, or `(batch, channels * bins, frames)`; with `expand_dims=True` it is
    `(batch, frames, bins, channels)`, or `(batch, channels, frames, bins)`.

    Args:
        mode: "real" and "imag", the parts of the spectrum; "stft", first the one and then the other; "magnitude";
            "log", its natural logarithm; "angle", in radians from minus pi to pi; "psd", the squared magnitude, doubled
            where a negative frequency is left out. Magnitudes are at least the root of 1e-7; "log".
        frame_length: int, samples in a frame; 256.
        frame_step: int, samples from one frame to the next, at most `frame_length`; None is half of that.
        fft_length: int, samples that the transform is of, zeros after those of the frame, which are at most as many;
            None is the next power of two.
        window: "hann", "hamming" or another name of scipy.signal's windows, or an array as long as the frame; None is
            no window; "hann".
        periodic: bool, whether a window by name is periodic rather than symmetric; False.
        scaling: "density" divides by the root of the sum of the window's squares, "spectrum" by its sum; None, and no
            window, leave it; "density".
        padding: "valid", frames that lie inside of the signal, or "same", zeros around it; "valid".
        expand_dims: bool, whether bins and channels are two axes of the output; False.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or the lengths do not fit.
        ShapeError: if the window is not as long as the frame; when called, if the input has not three axes.

    Source: Allen & Rabiner (1977), "A unified approach to short-time Fourier analysis and synthesis".

    >>> STFTSpectrogram("magnitude", frame_length=4, window=None)(np.ones((1, 8, 1), "float32")).round(3)
    array([[[4., 0., 0.],
            [4., 0., 0.],
            [4., 0., 0.]]], dtype=float32)
    """

    real_kernel: Any = None
    imag_kernel: Any = None

    def __init__(
        self,
        mode: Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"] = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: str | Sequence[float] | Array | None = "hann",
        periodic: bool = False,
        scaling: Literal["density", "spectrum"] | None = "density",
        padding: Padding = "valid",
        expand_dims: bool = False,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.frame_length = checked_count(self, "frame_length", frame_length)
        self.frame_step = None if frame_step is None else checked_count(self, "frame_step", frame_step)
        self.fft_length = None if fft_length is None else checked_count(self, "fft_length", fft_length)
        self._step = max(1, self.frame_length // 2) if self.frame_step is None else self.frame_step
        self._points = 1 << (self.frame_length - 1).bit_length() if self.fft_length is None else self.fft_length
        try:
            self.mode = one_of("mode", mode, _MODES)
            self.padding = one_of("padding", padding, ("valid", "same"))
            self.data_format = config.standardize_data_format(data_format)
            self._check_lengths(window)
        except (ArgumentError, ShapeError) as error:
            raise error.at(type(self).__name__) from None
        self.window = window
        self.periodic = periodic
        self.scaling = scaling
        self.expand_dims = expand_dims
        parts: tuple[Literal["real", "imag"], ...] = ("real", "imag")
        self._parts = [part for part in parts if self.mode in (part, "log", "magnitude", "psd", "angle", "stft")]
        self._initializers = {part: initializers.STFT(part, window, scaling, periodic) for part in self._parts}
        self.input_spec = InputSpec(ndim=3)

    def _check_lengths(self, window: Any) -> None:
        """Raise an error where one length does not fit another."""
        if self._step > self.frame_length:
            raise ArgumentError(
                f"frame_step={self._step} is more than frame_length={self.frame_length}",
                fix="pass a step within which frames overlap or touch",
            )
        if self._points < max(2, self.frame_length):
            raise ArgumentError(
                f"fft_length={self._points} is less than {max(2, self.frame_length)}, for "
                f"frame_length={self.frame_length}",
                fix="pass an fft_length that a frame fits into",
            )
        if self._points & (self._points - 1):
            warnings.warn(
                f"fft_length={self._points} is no power of two: the bins are those of a transform of length "
                f"{2 * (self._points // 2)}; pass a power of two, as a shorter signal is filled with zeros anyway",
                stacklevel=4,
            )
        if not isinstance(window, str | None) and np.shape(window) != (self.frame_length,):
            raise ShapeError(
                f"the window has shape {np.shape(window)}", fix=f"pass one of shape ({self.frame_length},)"
            )

    def build(self, input_shape: Shape) -> None:
        """Make the kernels.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        shape = (self.frame_length, 1, self._points // 2 + 1)
        for part, initializer in self._initializers.items():
            name = f"{part}_kernel"
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initializer))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the spectrogram of the signals, as `mode` says.

        Args:
            inputs: tensor `(batch, time, channels)`, or `(batch, channels, time)`.
        """
        x = inputs if self.data_format == "channels_first" else ops.swapaxes(inputs, 1, 2)
        batch, channels, time = ops.shape(x)
        x = ops.reshape(x, (batch * channels, time, 1))
        kernels = [self.real_kernel if part == "real" else self.imag_kernel for part in self._parts]
        spectra = self._combined(*(self._transformed(x, kernel) for kernel in kernels))
        _, frames, bins = ops.shape(spectra)
        y = ops.reshape(spectra, (batch, channels, frames, bins))
        if self.data_format == "channels_first":
            return y if self.expand_dims else ops.reshape(ops.swapaxes(y, 2, 3), (batch, channels * bins, frames))
        if self.expand_dims:
            return ops.moveaxis(y, 1, 3)
        return ops.reshape(ops.swapaxes(y, 1, 2), (batch, frames, channels * bins))

    def _transformed(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, self._step, self.padding, "channels_last")

    def _combined(self, first: Any, imaginary: Any = None) -> Any:
        """Return what `mode` asks for of the spectrum's parts, or of the one there is."""
        if imaginary is None:
            return first
        if self.mode == "stft":
            return ops.concatenate([first, imaginary], axis=-1)
        # Squares and logarithms of half precision are computed in more, and rounded once.
        kind = ops.dtype(first)
        real, imaginary = (ops.cast(part, dtypes.at_least_float32(kind)) for part in (first, imaginary))
        if self.mode == "angle":
            return ops.cast(ops.arctan2(imaginary, real), kind)
        power = ops.add(ops.square(real), ops.square(imaginary))
        if self.mode == "psd":
            factors = np.ones(self._points // 2 + 1, "float32")
            factors[1:-1] = 2
            return ops.cast(ops.multiply(power, factors), kind)
        magnitude = ops.sqrt(ops.maximum(power, _LEAST))
        return ops.cast(magnitude if self.mode == "magnitude" else ops.log(magnitude), kind)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {
            "mode": self.mode,
            "frame_length": self.frame_length,
            "frame_step": self.frame_step,
            "fft_length": self.fft_length,
            "window": serialize_keras_object(self.window),
            "periodic": self.periodic,
            "scaling": self.scaling,
            "padding": self.padding,
            "data_format": self.data_format,
            "expand_dims": self.expand_dims,
        }
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return super().from_config({**config, "window": deserialize_keras_object(config.get("window", "hann"))})
