"""Quantizing a model: which of its layers are, and that all or none of them are."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.models.calibration import quantize_by_data
from kcore_layers.serialization.arguments import unknown_arguments
from kcore_layers.serialization.registry import original_class
from kcore_layers.weights.calibrated_config import CalibratedConfig
from kcore_layers.weights.quantizable import Quantizable, config_of_mode

__all__ = ["quantize_layers"]

Filters = str | Sequence[str] | Callable[[Any], bool] | None


def quantize_layers(model: Layer, mode: str | None, config: Any, filters: Filters, kwargs: Mapping[str, Any]) -> None:
    """Quantize the layers inside a model that can be.

    Args:
        model: the model.
        mode: str, what weights become; None, what `config` says.
        config: `QuantizationConfig`; None, the mode's own way.
        filters: which layers, as `Model.quantize` takes it.
        kwargs: dict, `type_check` or nothing.

    Raises:
        ArgumentError: as `Model.quantize` does.
    """
    if set(kwargs) - {"type_check"}:
        raise unknown_arguments(original_class(type(model)), set(kwargs) - {"type_check"})
    config = config_of_mode(mode, config)
    if not model.built:
        raise ArgumentError(
            "it is not built: there are no weights to quantize yet", fix="call it once, or call build, before"
        ).at(f'model "{model.name}"')
    chosen = _chosen(filters)
    if isinstance(config, CalibratedConfig):
        _warn_of_none(model, quantize_by_data(model, config, chosen))
        return
    layers = [
        layer
        for layer in model._kcore_sublayers(include_self=False)
        if not isinstance(layer, _models())
        and type(layer).quantize is not Layer.quantize
        and chosen(layer)
        and config.mode in getattr(layer, "modes", (config.mode,))
    ]
    for layer in layers:
        if isinstance(layer, Quantizable):
            layer.check_quantizable()
    _warn_of_none(model, len(layers))
    for layer in layers:
        layer.quantize(config.mode, config=config)


def _warn_of_none(model: Layer, num_layers: int) -> None:
    if not num_layers:
        warnings.warn(
            f'model "{model.name}" has no layer that was quantized: choose others by filters, or leave it out',
            stacklevel=4,
        )


def _models() -> type:
    from kcore_layers.models.model import Model

    return Model


def _chosen(filters: Filters) -> Callable[[Any], bool]:
    if filters is None:
        return lambda layer: True
    if callable(filters):
        return filters
    patterns = [filters] if isinstance(filters, str) else filters
    if not isinstance(patterns, list | tuple) or not all(isinstance(each, str) for each in patterns):
        raise ArgumentError(
            f"filters can not be {filters!r}", fix="pass a regular expression, a list of them, or a function"
        ).at("quantize")
    return lambda layer: any(re.search(pattern, layer.name) for pattern in patterns)
