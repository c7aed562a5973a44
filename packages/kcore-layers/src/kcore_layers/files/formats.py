"""The formats that weights are read and written in, by how the names of files end."""

from __future__ import annotations

import os

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.hdf5_weights import read_hdf5_weights, write_hdf5_weights
from kcore_layers.files.model_parts import read_model_weights
from kcore_layers.files.safetensors_file import read_safetensors
from kcore_layers.files.safetensors_shards import (
    SAFETENSORS_ENDING,
    SAFETENSORS_INDEX,
    read_index,
    write_file_or_shards,
)
from kcore_layers.files.shards import INDEX_ENDING, read_shards
from kcore_layers.files.stored import WeightsFormat
from kcore_layers.files.tensors import TensorsFormat

__all__ = ["TENSORS_FORMATS", "WEIGHTS_FORMATS", "tensors_format", "weights_format"]

# A name is of the first format whose ending it has.
WEIGHTS_FORMATS = {
    ".weights.h5": WeightsFormat(read_hdf5_weights, write_hdf5_weights),
    INDEX_ENDING: WeightsFormat(read_shards),
    ".keras": WeightsFormat(read_model_weights),
}
TENSORS_FORMATS = {
    SAFETENSORS_ENDING: TensorsFormat(read_safetensors, write_file_or_shards),
    SAFETENSORS_INDEX: TensorsFormat(read_index, write_file_or_shards),
}


def tensors_format(path: str) -> TensorsFormat | None:
    """Return the format of a file that has weights by name; None if it is of no such format.

    Args:
        path: the file's name.
    """
    return next((found for ending, found in TENSORS_FORMATS.items() if path.endswith(ending)), None)


def weights_format(path: str, is_written: bool = False) -> WeightsFormat:
    """Return the format of a file that has weights by the places of layers.

    Args:
        path: the file's name.
        is_written: whether it is to be written, rather than read; False by default.

    Raises:
        ArgumentError: if no format has such an ending.
    """
    if not is_written and os.path.isdir(path):
        return WEIGHTS_FORMATS[".keras"]
    for ending, found in WEIGHTS_FORMATS.items():
        if path.endswith(ending) and not (is_written and found.write is None):
            return found
    if tensors_format(path):
        raise ArgumentError(
            f"{path!r} has weights by name, and none of the objects that they are of",
            fix="load it into a model, and save the weights of that as '.weights.h5'",
        )
    raise ArgumentError(
        f"{path!r} does not end in '.weights.h5', as files of weights do",
        fix=f"name it {_stem(path) + '.weights.h5'!r}",
    )


def _stem(path: str) -> str:
    return path.removesuffix(".h5").removesuffix(".json").removesuffix(".keras").removesuffix(".weights")
