"""Windows of a spectral analysis, by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

__all__ = ["WINDOWS"]

Array: TypeAlias = np.ndarray[Any, Any]


def _of_position(function: Callable[[Array], Array]) -> Callable[[int], Array]:
    """Make a window of a function of the position, from -1 at the first sample to 1 at the last."""

    def window(size: int) -> Array:
        return function(np.linspace(-1, 1, size)) if size > 1 else np.ones(size)

    return window


def _cosines(*factors: float) -> Callable[[int], Array]:
    """Make a window that is a sum of cosines of zero, one and more turns over its length."""
    return _of_position(lambda z: np.sum([a * np.cos(k * np.pi * z) for k, a in enumerate(factors)], axis=0))


def _bohman(z: Array) -> Array:
    x = np.abs(z)
    return np.where(x < 1, (1 - x) * np.cos(np.pi * x) + np.sin(np.pi * x) / np.pi, 0)


def _tukey(z: Array) -> Array:
    """Return one in the middle half, and half a cosine at either end."""
    return np.where(np.abs(z) > 0.5, (1 - np.cos(2 * np.pi * (1 - np.abs(z)))) / 2, 1)


def _distances(size: int) -> Array:
    """Return how far each sample is from the middle."""
    distances: Array = np.abs(np.arange(size) - (size - 1) / 2)
    return distances


def _exponential(size: int) -> Array:
    return np.exp(-_distances(size))


def _parzen(size: int) -> Array:
    x = 2 * _distances(size) / size
    return np.where(x <= 0.5, 1 - 6 * x**2 * (1 - x), 2 * (1 - x) ** 3)


def _triang(size: int) -> Array:
    """Return a triangle that is zero beyond its ends, where Bartlett's is zero at them."""
    return 1 - 2 * _distances(size) / (size + size % 2)


# Those of scipy.signal that need no further number. Harris (1978), "On the use of windows for harmonic analysis with
# the discrete Fourier transform", section V; nuttall: Nuttall (1981), "Some windows with very good sidelobe behavior";
# flattop: D'Antona & Ferrero (2006), "Digital signal processing for measurement systems".
WINDOWS: dict[str, Callable[[int], Array]] = {
    "barthann": _of_position(lambda z: 0.62 - 0.24 * np.abs(z) + 0.38 * np.cos(np.pi * z)),
    "bartlett": np.bartlett,
    "blackman": np.blackman,
    "blackmanharris": _cosines(0.35875, 0.48829, 0.14128, 0.01168),
    "bohman": _of_position(_bohman),
    "boxcar": np.ones,
    "cosine": lambda size: np.sin(np.pi * (np.arange(size) + 0.5) / size),
    "exponential": _exponential,
    "flattop": _cosines(0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
    "hamming": np.hamming,
    "hann": np.hanning,
    "lanczos": _of_position(np.sinc),
    "nuttall": _cosines(0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "ones": np.ones,
    "parzen": _parzen,
    "triang": _triang,
    "tukey": _of_position(_tukey),
}
