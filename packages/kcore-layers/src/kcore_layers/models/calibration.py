"""Quantizing a model by what its layers are given when data runs through it, block after block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.backends.current import on
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.weights.calibrated_config import CalibratedConfig
from kcore_layers.weights.low_rank import LowRank
from kcore_layers.weights.observed import Observed
from kcore_layers.weights.quantizable import Quantizable

__all__ = ["blocks_of", "quantize_by_data", "token_windows"]

_BATCH = 8  # sequences that run at once


def blocks_of(model: Any, config: CalibratedConfig) -> tuple[list[Layer], list[Layer]]:
    """Return the layers that come before the blocks, and the blocks.

    Args:
        model: the model, whose `get_quantization_layer_structure` is asked if the config has none.
        config: `CalibratedConfig`.

    Raises:
        ArgumentError: if neither says which they are.
    """
    structure = config.quantization_layer_structure
    if structure is None:
        structure = model.get_quantization_layer_structure(config.mode)
    place = f'model "{model.name}"'
    if structure is None:
        fix = (
            "pass quantization_layer_structure, {'pre_block_layers': [...], 'sequential_blocks': [...]}, or let the "
            "model's get_quantization_layer_structure return it"
        )
        raise ArgumentError(f"which layers are quantized with {config.mode!r} was not said", fix=fix).at(place)
    if not isinstance(structure, Mapping) or not structure.get("sequential_blocks"):
        raise ArgumentError(
            f"quantization_layer_structure has no blocks: {structure!r}",
            fix="list layers under 'sequential_blocks'",
        ).at(place)
    return list(structure.get("pre_block_layers") or ()), list(structure["sequential_blocks"])


def quantize_by_data(model: Any, config: CalibratedConfig, chosen: Callable[[Any], bool]) -> int:
    """Quantize the layers inside a model's blocks, and return how many they were.

    Each block is run twice on what the blocks before it give, which are quantized by then: first to see what its
    weights are multiplied with, then as it is quantized.

    Args:
        model: the model.
        config: `CalibratedConfig`.
        chosen: function that says of a layer whether it is quantized.

    Raises:
        ArgumentError: if there are no blocks or no data, or a layer is quantized already.
    """
    first_layers, blocks = blocks_of(model, config)
    layers = [[layer for layer in _inside(block) if layer.built and chosen(layer)] for block in blocks]
    for layer in (layer for each in layers for layer in each):
        layer.check_quantizable()
    windows = token_windows(config)
    done: set[int] = set()
    with on(model._kcore_backend):
        batches = [ops.convert_to_tensor(windows[i : i + _BATCH]) for i in range(0, len(windows), _BATCH)]
        for first in first_layers:
            batches = [_run(first, x) for x in batches]
        for block, inside in zip(blocks, layers, strict=True):
            inside = [layer for layer in inside if id(layer) not in done]  # blocks may share layers
            done.update(map(id, inside))
            _quantize_block(block, inside, batches, config)
            batches = [_run(block, x) for x in batches]
    return len(done)


def _inside(block: Any) -> list[Quantizable]:
    found = block._kcore_sublayers(include_self=True)
    return [each for each in found if isinstance(each, Quantizable)]


def _run(layer: Any, x: Any) -> Any:
    return tree.map_structure(ops.stop_gradient, layer(x, training=False))


def _quantize_block(block: Any, layers: list[Quantizable], batches: list[Any], config: CalibratedConfig) -> None:
    held = [(layer, getattr(layer, layer.weight_name)) for layer in layers if config.mode in layer.modes]
    for layer, weight in held:
        inner = weight.weight if isinstance(weight, LowRank) else weight
        observed = Observed(inner, layer.weight_layout(layer.weight_name))
        layer.replace_weight(
            layer.weight_name,
            LowRank(observed, weight.a, weight.b, weight.factor) if isinstance(weight, LowRank) else observed,
        )
    try:
        for x in batches:
            _run(block, x)
        for layer, _ in held:
            layer.quantize(config.mode, config=config)
    except BaseException:
        for layer, weight in held:
            if layer.quantization_mode is None:
                layer.replace_weight(layer.weight_name, weight)
        raise


def token_windows(config: CalibratedConfig) -> Any:
    """Return the pieces of a config's data, an int32 array `(num_samples, sequence_length)`.

    All of it is one sequence of tokens, from which pieces are taken at even distances; one too short is repeated.

    Args:
        config: `CalibratedConfig`.

    Raises:
        ArgumentError: if there is no data, or no tokenizer for texts.
    """
    place, length = type(config).__name__, config.sequence_length
    if config.dataset is None:
        raise ArgumentError("dataset is None", fix="pass texts, or sequences of token ids").at(place)
    if isinstance(config.dataset, str | bytes) or not isinstance(config.dataset, Iterable):
        raise ArgumentError(
            f"dataset can not be {config.dataset!r}", fix="pass an iterable of texts, or of sequences of token ids"
        ).at(place)
    found = [_tokens(each, config.tokenizer, place) for each in config.dataset]
    tokens = np.concatenate(found) if found else np.zeros(0, "int32")
    if not tokens.size:
        raise ArgumentError("dataset has no tokens", fix="pass texts, or sequences of token ids").at(place)
    tokens = np.tile(tokens, -(-length // tokens.size))
    starts = np.linspace(0, tokens.size - length, config.num_samples).round().astype("int64")
    return np.stack([tokens[start : start + length] for start in starts])


def _tokens(item: Any, tokenizer: Any, place: str) -> Any:
    if isinstance(item, str | bytes):
        if tokenizer is None:
            raise ArgumentError("dataset has texts, and tokenizer is None", fix="pass a tokenizer").at(place)
        item = getattr(tokenizer, "tokenize", tokenizer)(item)
    ids = list(item) if isinstance(item, bytes | list | tuple) else ops.convert_to_numpy(item)
    return np.asarray(ids).reshape(-1).astype("int32")
