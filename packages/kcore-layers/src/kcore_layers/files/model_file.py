"""Files of whole models, `.keras`: a zip archive of `config.json`, `metadata.json`, `model.weights.h5` and assets.

A directory with these files will do as well; for `.h5` files, the format of Keras 2, see legacy_h5.py. Keras 3 reads
what is written here, and the other way round. The config names classes and functions that must be known here already;
nothing in a file is imported or run, and nothing is unpacked to the disk but the assets of a layer that asks for a
directory.
"""

from __future__ import annotations

import datetime
import json
import os
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, KcoreError, located

from kcore_layers._version import __version__
from kcore_layers.files.assets import load_assets, save_assets
from kcore_layers.files.atomic import file_path, refuse_unknown_arguments
from kcore_layers.files.first_values import filled_model
from kcore_layers.files.legacy_h5 import is_legacy, load_legacy_model, save_legacy_model
from kcore_layers.files.model_config import KERAS_VERSION, data_of_json, json_of_model, model_of_data, not_built
from kcore_layers.files.model_parts import CONFIG, METADATA, ModelParts, model_parts, open_weights
from kcore_layers.files.model_writing import ModelSink, write_archive, write_directory
from kcore_layers.files.orbax_library import find_step
from kcore_layers.files.orbax_state import load_checkpoint
from kcore_layers.files.stored import FORMAT, Places, check_format
from kcore_layers.files.weight_paths import find_optimizers
from kcore_layers.files.weights_file import has_weights_of_layers, read_weights, write_weights
from kcore_layers.models.model import Model

__all__ = ["load_model", "model_from_json", "save_model"]

ENDING = ".keras"


def save_model(
    model: Model,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    zipped: bool | None = None,
    *,
    include_optimizer: bool = True,
    **kwargs: Any,
) -> None:
    """Write a model to a file: its config, its weights, and, if it was compiled, how, and the optimizer's state.

    What layers save beside their variables goes along: a class may have `save_own_assets` and `load_own_assets`, or
    Keras's `save_assets(dir_path)` and `load_assets(dir_path)`, which take the path of a directory. A model that is not
    built yet is written without weights, with a warning, and comes back as it was.

    The file, or directory, appears when it is complete; until then, and after a failure, what was there before stays.

    Args:
        model: the model.
        filepath: str or `Path`, where; the name of a file ends in `.keras`, or in `.h5` or `.hdf5` for the format of
            Keras 2, that of a directory in none of them.
        overwrite: bool, whether what has that name may be replaced, a directory only if it holds nothing but a model;
            True by default.
        zipped: bool, whether the model becomes one file, a zip archive, rather than a directory of files. None, the
            default, is True.
        include_optimizer: bool, whether the optimizer's state is written; True by default. Without it a compiled model
            comes back with an optimizer that begins anew; from a `.h5` file it comes back without being compiled.
        **kwargs: none, but for `save_format`, "keras" or "h5" as the name ends, as earlier versions of Keras had it.

    Raises:
        ArgumentError: if the name ends otherwise, the directory is missing, what is there is not to be replaced, a
            layer's assets have names that can not be read again, or there is no such argument.
        SerializationError: if a part of the model has no `get_config`, or holds what can not be saved.

    >>> import tempfile
    >>> import numpy as np
    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> x = np.ones((1, 3), "float32")
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     save_model(model, f"{directory}/mine.keras")
    ...     loaded = load_model(f"{directory}/mine.keras")
    >>> bool((loaded(x) == model(x)).all())
    True
    """
    with located("save_model"):
        path = file_path(filepath)
        writing = None if is_legacy(path) and zipped is not False else _writing(path, overwrite, zipped)
        save_format = kwargs.pop("save_format", None)
        if save_format not in (None, *(("keras",) if writing else ("h5", "hdf5"))):
            raise ArgumentError(
                f"save_format can not be {save_format!r} for {path!r}: its name says the format", fix="leave it out"
            )
        refuse_unknown_arguments(kwargs)
        if not model.built:
            warnings.warn(
                f'model "{model.name}" is not built: it has no weights yet, and is saved without; '
                "call it on data, or call build, to have weights saved",
                stacklevel=2,
            )
        if writing is None:
            save_legacy_model(model, path, overwrite, include_optimizer)
            return
        without = [] if include_optimizer else find_optimizers(model)
        config = json_of_model(model)
        with writing as sink:
            sink.write(METADATA, json.dumps(_metadata()).encode())
            sink.write(CONFIG, config.encode())
            with sink.weights() as weights:
                write_weights(model, weights, without)
            save_assets(model, sink)


def _writing(path: str, overwrite: bool, zipped: bool | None) -> AbstractContextManager[ModelSink]:
    """Return a context that makes the file or directory of a model."""
    if zipped not in (None, True, False):
        raise ArgumentError(f"zipped can not be {zipped!r}", fix="pass True for a file, or False for a directory")
    if zipped is not False:
        _check_ending(path)
        return write_archive(path, overwrite)
    if path.endswith(ENDING):
        raise ArgumentError(
            f"{path!r} ends in {ENDING!r}, as files of models do, and zipped is False",
            fix="leave zipped out, or name a directory",
        )
    return write_directory(path.rstrip(os.sep) or path, overwrite)


def _metadata() -> dict[str, Any]:
    now = datetime.datetime.now()
    versions = {"keras_version": KERAS_VERSION, "kcore_version": __version__, "kcore_format": FORMAT}
    return {**versions, "date_saved": f"{now:%Y-%m-%d@%H:%M:%S}"}


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Read a model from a file or directory that `save_model` or Keras 3 wrote; it belongs to the current backend.

    Args:
        filepath: str or `Path`, the file or directory; of a directory of checkpoints, which `OrbaxCheckpoint` writes,
            the latest is read.
        custom_objects: classes and functions that the file may name, by name, beside those registered; None, the
            default, is none.
        compile: bool, whether to compile the model as it was when it was saved, and to set the optimizer's state; True
            by default.
        safe_mode: bool, whether to refuse lambdas and pickled modules, code of the file's; True by default. Pass False
            only for files that you trust as you trust a program.

    Raises:
        ArgumentError: if the file can not be read, or naming everything in it that does not fit the model.
        SerializationError: if it names a class or function that is not known here, holds code in safe mode, or can
            not be made into a model.
        MissingDependency: if it is a checkpoint of Orbax, and that library is not installed.
    """
    with located("load_model"):
        path = file_path(filepath)
        is_directory = os.path.isdir(path)
        if not is_directory and not is_legacy(path):
            _check_ending(path)
    try:
        if not is_directory and is_legacy(path):
            return load_legacy_model(path, custom_objects, compile, safe_mode)
        step = find_step(path) if is_directory else None
        if step is not None:
            return load_checkpoint(step, custom_objects, compile, safe_mode)
        with model_parts(path) as parts:
            _check_metadata(parts)
            config = data_of_json(parts.read(CONFIG), CONFIG)
            if not compile and isinstance(config, dict):
                config.pop("compile_config", None)
            with open_weights(parts) as places:
                model = filled_model(
                    config,
                    lambda: model_of_data(config, custom_objects, safe_mode),
                    lambda model: _set_weights(model, places),
                )
            load_assets(model, parts)
    except KcoreError as error:
        raise error.at("load_model").at(f"file {path!r}")  # noqa: B904 (its cause is its own)
    return model


def _check_metadata(parts: ModelParts) -> None:
    """Raise an error if the files of a model say that they are of a later format."""
    metadata = data_of_json(parts.read(METADATA), METADATA) if METADATA in parts.names() else None
    if isinstance(metadata, dict):
        check_format(metadata.get("kcore_format"), "the model's file")


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a model, with new weights, made of what `Model.to_json` returned.

    Args:
        json_string: the text.
        custom_objects: classes and functions by name, beside those registered; None, the default, is none.

    Raises:
        ArgumentError: if it is not the data of a model.
        SerializationError: if it names a class or function that is not known here, or can not be made into a model.

    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> model_from_json(Sequential([Input((3,)), Dense(2)]).to_json()).output_shape
    (None, 2)
    """
    try:
        return model_of_data(data_of_json(json_string, "the text"), custom_objects, safe_mode=True)
    except KcoreError as error:
        raise error.at("model_from_json")  # noqa: B904 (its cause is its own)


def _set_weights(model: Any, places: Places) -> list[Any]:
    if not model.built and has_weights_of_layers(places):
        raise not_built(model)
    return read_weights(model, places, stacklevel=7)


def _check_ending(path: str) -> None:
    if not path.endswith(ENDING):
        hint = "use load_weights and save_weights for weights only, or " if path.endswith(".weights.h5") else ""
        raise ArgumentError(
            f"{path!r} does not end in {ENDING!r}, as files of models do",
            fix=f"{hint}name it {os.path.splitext(path)[0] + ENDING!r}",
        )
