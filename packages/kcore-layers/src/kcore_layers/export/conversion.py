"""Formats that a converter makes of another one: OpenVINO's of ONNX."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any

from kcore_ops.backends.exports import missing_modules, refuse_options
from kcore_ops.foundation.errors import ArgumentError, MissingDependency

from kcore_layers.export.formats import FORMATS, Format

__all__ = ["convert"]


def convert(
    format: Format, write: Callable[[str, str, dict[str, Any]], None], path: str, options: dict[str, Any]
) -> None:
    """Write OpenVINO's files, by way of the first format it reads that can be written.

    Args:
        format: the format.
        write: function that writes a format, of the path, the format's name and its options.
        path: where.
        options: of `openvino.save_model`.

    Raises:
        ArgumentError: if none of the formats can be written.
        MissingDependency: if the converter is not installed.
    """
    if missing_modules([str(format.converter)]):
        raise MissingDependency(f"{format.converter} is not installed", fix="pip install kcore[openvino]")
    import openvino

    refuse_options("openvino", options, "compress_to_fp16")
    faults = []
    with tempfile.TemporaryDirectory() as directory:
        for name in format.made_of:
            source = os.path.join(directory, f"model{FORMATS[name].ending or ''}")
            try:
                write(source, name, {})
                break
            except ArgumentError as error:
                faults.append(f"{name}: {error.problem}")
        else:
            raise ArgumentError(
                f"it is made of {' or '.join(format.made_of)}, and neither can be written: {'; '.join(faults)}"
            )
        made = openvino.Core().read_model(source)
        openvino.save_model(made, path, compress_to_fp16=options.get("compress_to_fp16", False))
