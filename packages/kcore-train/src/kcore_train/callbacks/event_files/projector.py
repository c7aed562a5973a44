"""Embeddings for TensorBoard's projector: a file of numbers each, and a configuration that names them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from kcore_layers.files.atomic import atomic_write

__all__ = ["write_embeddings"]

_CONFIGURATION = "projector_config.pbtxt"


def write_embeddings(
    directory: str | os.PathLike[str], embeddings: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write embeddings in place of those that were written before.

    Args:
        directory: the directory, which is made if there is none.
        embeddings: matrices by name, a row for each thing that is embedded.
        metadata: for some of the names, the file of labels, relative to the directory.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, matrix in embeddings.items():
        file = re.sub(r"[^\w.-]", "_", name) + ".bytes"
        with atomic_write(str(folder / file), overwrite=True) as path:
            Path(path).write_bytes(np.asarray(matrix).astype("<f4").tobytes())
        rows, columns = matrix.shape
        lines = [
            f"  tensor_name: {_quoted(name)}",
            *([f"  metadata_path: {_quoted(metadata[name])}"] if name in metadata else []),
            f"  tensor_shape: {rows}",
            f"  tensor_shape: {columns}",
            f"  tensor_path: {_quoted(file)}",
        ]
        entries.append("\n".join(["embeddings {", *lines, "}", ""]))
    with atomic_write(str(folder / _CONFIGURATION), overwrite=True) as path:
        Path(path).write_text("".join(entries), encoding="utf-8")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
