"""`export_model`: a model as a file that other programs run."""

from __future__ import annotations

import os
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, located

from kcore_layers.export.archive import ExportArchive
from kcore_layers.export.formats import find_format

__all__ = ["export_model"]

ENDPOINT = "serve"


def export_model(
    model: Any,
    filepath: str | os.PathLike[str],
    format: str = "tf_saved_model",
    verbose: bool | None = None,
    input_signature: Any = None,
    **kwargs: Any,
) -> None:
    """Write what a model predicts as a file; see `Model.export`.

    Args:
        model: the model, built.
        filepath: str or `Path`, where.
        format: str, the format.
        verbose: bool, whether to print what was written; None, the default, is True.
        input_signature: what it is called with.
        **kwargs: options of the format.
    """
    find_format(format)
    with located(f'export of "{model.name}"'):
        if not model.built:
            raise ArgumentError("the model is not built", fix="call it on data first, or give it an Input")
        archive = ExportArchive(format, **kwargs)
        archive._what = f'export of "{model.name}"'
        archive.track(model)
        archive.add_endpoint(ENDPOINT, model, input_signature, training=False)
        archive.write_out(filepath, verbose=verbose is not False)
