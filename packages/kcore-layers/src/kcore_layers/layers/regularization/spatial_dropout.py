"""`SpatialDropout1D`, `2D` and `3D`: while training, channels are set to zero."""

from __future__ import annotations

from typing import Any

from kcore_ops import config

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.layers.regularization.dropout import Dropout
from kcore_layers.options.argument_types import DataFormat, DTypeLike
from kcore_layers.serialization.registry import builtin

__all__ = ["SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


@builtin("keras.layers")
class SpatialDropout1D(Dropout):
    """Set random channels of a sequence to zero, and divide the others by the part kept; only while training.

    Shapes: the input is `(batch, time, channels)`; the output is shaped like it.

    Args:
        rate: float from 0 to 1, the fraction of channels set to zero.
        seed: int, the seed of the random numbers; None draws one.
        name: string, the layer's name; None makes one from the class's.
        dtype: dtype or dtype policy, its name or config; None is the global policy.

    Raises:
        ArgumentError: if the rate is not from 0 to 1.

    Source: Tompson et al. (2014), arXiv:1411.4280, section 3.2.

    >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((1, 4, 8), "float32"), training=True)
    >>> bool((y == y[:, :1]).all())
    True
    """

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: DTypeLike = None) -> None:
        super().__init__(rate, noise_shape=(None, 1, None), seed=seed, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = super().get_config()
        return {name: config[name] for name in ("rate", "seed", "name", "dtype")}


class _SpatialDropout(Dropout):
    """Spatial dropout of images or volumes in either layout."""

    rank: int

    def __init__(
        self,
        rate: float,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        self.data_format = config.standardize_data_format(data_format)
        ones = (1,) * self.rank
        noise_shape = (None, None, *ones) if self.data_format == "channels_first" else (None, *ones, None)
        super().__init__(rate, noise_shape=noise_shape, seed=seed, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = super().get_config()
        return {**{name: config[name] for name in ("rate", "seed", "name", "dtype")}, "data_format": self.data_format}


@builtin("keras.layers")
class SpatialDropout2D(_SpatialDropout):
    """Set random channels of an image to zero, and divide the others by the part kept; only while training.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the output is shaped like it.

    Args:
        rate: float from 0 to 1, the fraction of channels set to zero.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        name: string, the layer's name; None makes one from the class's.
        dtype: dtype or dtype policy, its name or config; None is the global policy.

    Raises:
        ArgumentError: if the rate is not from 0 to 1.

    Source: Tompson et al. (2014), arXiv:1411.4280, section 3.2.

    >>> SpatialDropout2D(0.5)(np.ones((1, 2, 2, 3), "float32")).shape
    (1, 2, 2, 3)
    """

    rank = 2


@builtin("keras.layers")
class SpatialDropout3D(_SpatialDropout):
    """Set random channels of a volume to zero, and divide the others by the part kept; only while training.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the output is shaped like it.

    Args:
        rate: float from 0 to 1, the fraction of channels set to zero.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        name: string, the layer's name; None makes one from the class's.
        dtype: dtype or dtype policy, its name or config; None is the global policy.

    Raises:
        ArgumentError: if the rate is not from 0 to 1.

    Source: Tompson et al. (2014), arXiv:1411.4280, section 3.2.

    >>> SpatialDropout3D(0.5)(np.ones((1, 2, 2, 2, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3
