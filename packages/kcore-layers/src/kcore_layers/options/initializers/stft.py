"""Kernels of a convolution that computes a short-time Fourier transform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from kcore_ops import dtypes
from kcore_ops.foundation.errors import ArgumentError, ShapeError

from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.options.initializers.initializer import MODULE, Array, Initializer, checked
from kcore_layers.options.initializers.windows import WINDOWS
from kcore_layers.serialization.objects import builtin, deserialize_keras_object, serialize_keras_object

__all__ = ["STFT", "STFTInitializer", "stft"]


@builtin(MODULE, aliases=("STFTInitializer",))
class STFT(Initializer):
    """Make the real or imaginary part of the Fourier basis, windowed, as a kernel `(frame, channels, frequencies)`.

    With `n` frequencies the transform has length `2 * (n - 1)`; the frame is the window's length, in samples.

    Args:
        side: "real" for cosines, "imag" for minus sines; "real".
        window: "hann", "hamming", "blackman", "tukey" or another name of scipy.signal's; an array as long as the frame;
            None, no window; "hann".
        scaling: "density" divides by the root of the sum of the window's squares, "spectrum" by its sum; None, and no
            window, leave it; "density".
        periodic: bool, whether a window by name is periodic rather than symmetric; False.

    Raises:
        ArgumentError: if an argument is none of these.
        ShapeError: when called, if the weight has not three axes, or the window another length.
    Source: Allen & Rabiner (1977), "A unified approach to short-time Fourier analysis and synthesis".

    >>> STFT(window=None)((2, 1, 3))[:, 0].round(3)
    array([[ 1.,  1.,  1.],
           [ 1.,  0., -1.]], dtype=float32)
    """

    def __init__(
        self,
        side: Literal["real", "imag"] = "real",
        window: str | Sequence[float] | Array | None = "hann",
        scaling: Literal["density", "spectrum"] | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ArgumentError(f"side can not be {side!r}", fix="use 'real' or 'imag'").at("STFT")
        if isinstance(window, str) and window not in WINDOWS:
            raise ArgumentError(f"no window named {window!r}", fix=f"use one of {', '.join(WINDOWS)}").at("STFT")
        if scaling not in ("density", "spectrum", None):
            raise ArgumentError(f"scaling can not be {scaling!r}", fix="use 'density', 'spectrum' or None").at("STFT")
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = periodic

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = None) -> Array:
        """Return the first value of a weight.

        Args:
            shape: ints, sizes of the weight.
            dtype: dtype or its name; None is `config.floatx()`.
        """
        sizes, name = checked(shape, dtype)
        if len(sizes) != 3 or sizes[2] < 2:
            raise ShapeError(
                f"a weight of shape {sizes} is no kernel",
                fix="use (frame, channels, frequencies), 2 or more of the last",
            ).at("STFT")
        frame, _, num_frequencies = sizes
        turns = np.outer(np.arange(frame), np.arange(num_frequencies)) / (2 * (num_frequencies - 1))
        basis = np.cos(2 * np.pi * turns) if self.side == "real" else -np.sin(2 * np.pi * turns)
        kernel = basis * self._window(frame)[:, None]
        return np.broadcast_to(kernel[:, None], sizes).astype(dtypes.numpy_dtype(name))

    def _window(self, frame: int) -> Array:
        if self.window is None:
            return np.ones(frame)
        if isinstance(self.window, str):
            make = WINDOWS[self.window]
            window = make(frame + 1)[:-1] if self.periodic and frame > 1 else make(frame)
        else:
            window = np.array(self.window, "float64")
        if window.shape != (frame,):
            raise ShapeError(f"the window has shape {window.shape}", fix=f"pass one of shape ({frame},)").at("STFT")
        if self.scaling is None:
            return window
        total: float = np.sqrt(np.sum(window**2)) if self.scaling == "density" else np.sum(window)
        return np.divide(window, total)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {
            "side": self.side,
            "window": serialize_keras_object(self.window),
            "periodic": self.periodic,
            "scaling": self.scaling,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> STFT:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**deserialize_keras_object(config))


# Keras's other names for them.
STFTInitializer = stft = STFT
