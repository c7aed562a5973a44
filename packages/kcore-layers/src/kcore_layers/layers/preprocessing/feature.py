"""`Feature` and `Cross`: how one column of a table, and a combination of several, become numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["Cross", "Feature"]

PLACE = "keras.src.layers.preprocessing.feature_space"  # where Keras has them: they are not public there


@builtin(PLACE)
class Cross:
    """A combination of features, hashed.

    Args:
        feature_names: names of the features.
        crossing_dim: int, number of bins.
        output_mode: "one_hot" or "int"; "one_hot".

    Raises:
        ArgumentError: if there is no such mode.

    >>> Cross(("city", "day"), crossing_dim=8).name
    'city_X_day'
    """

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> None:
        if output_mode not in ("int", "one_hot"):
            raise ArgumentError(f"output_mode can not be {output_mode!r}", fix="use one of 'int', 'one_hot'").at(
                "Cross"
            )
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The name under which the combination is found among features."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**config)


@builtin(PLACE)
class Feature:
    """A column, and the layer that makes numbers of it.

    Args:
        dtype: string, dtype of the column: "string" for one.
        preprocessor: layer, or its config.
        output_mode: "float" or "int", for what the layer gives; "one_hot" for vectors of the indices it gives.

    Raises:
        ArgumentError: if there is no such mode.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        if output_mode not in ("int", "one_hot", "float"):
            raise ArgumentError(
                f"output_mode can not be {output_mode!r}", fix="use one of 'int', 'one_hot', 'float'"
            ).at("Feature")
        self.dtype = dtype
        is_config = isinstance(preprocessor, Mapping)
        self.preprocessor = deserialize_keras_object(preprocessor) if is_config else preprocessor
        self.output_mode = output_mode

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        preprocessor = serialize_keras_object(self.preprocessor)
        return {"dtype": self.dtype, "preprocessor": preprocessor, "output_mode": self.output_mode}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**config)
