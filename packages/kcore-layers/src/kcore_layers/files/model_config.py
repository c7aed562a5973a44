"""What files of whole models have in common: a config, as JSON, that is made into a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_layers.base.layer import Layer
from kcore_layers.models.model import Model
from kcore_layers.serialization.objects import (
    SerializationError,
    deserialize_keras_object,
    serialize_keras_object,
    sharing_objects,
)

__all__ = ["KERAS_VERSION", "data_of_json", "json_of_model", "model_of_data", "not_built"]

# The release of Keras whose formats these are.
KERAS_VERSION = "3.15.1"

_FIX = "pass a file that save_model wrote"


def json_of_model(model: Model) -> str:
    """Return the data of a model as JSON.

    Args:
        model: the model.

    Raises:
        SerializationError: if a part of the model has no `get_config`, or holds what can not be saved.
    """
    with sharing_objects():
        return json.dumps(serialize_keras_object(model))


def data_of_json(text: str | bytes, what: str) -> Any:
    """Return the data that a text in JSON stands for.

    Args:
        text: the text.
        what: what the text is called in messages.

    Raises:
        ArgumentError: if it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"{what} is not JSON that can be read: {error}", fix=_FIX) from error


def model_of_data(config: Any, custom_objects: Mapping[str, Any] | None, safe_mode: bool) -> Any:
    """Return a model, with new weights, made of its data.

    Args:
        config: the data.
        custom_objects: classes and functions by name, beside those registered.
        safe_mode: whether to refuse lambdas.

    Raises:
        ArgumentError: if it is not the data of a model.
        SerializationError: if it names a class or function that is not known here, or can not be made into a model.
    """
    try:
        with sharing_objects():
            model = deserialize_keras_object(config, custom_objects, safe_mode)
    except KcoreError:
        raise
    except Exception as error:  # of data that is not what it should be, or of a class of the user's
        raise SerializationError(
            f"the config can not be made into a model: {type(error).__name__}: {error}",
            fix="compare it with what to_json() gives, and the classes it names with those it was written with",
        ) from error
    # A layer with a `save` of its own is one that stands for itself, a `FeatureSpace`.
    if not isinstance(model, Model) and not (isinstance(model, Layer) and hasattr(type(model), "save")):
        raise ArgumentError(f"the data is that of a {type(model).__name__}, not of a model", fix=_FIX)
    return model


def not_built(model: Any) -> ArgumentError:
    """Return the error for a model whose config does not build it, and that has weights in the file.

    Args:
        model: the model.
    """
    return ArgumentError(
        f'model "{model.name}" has weights in the file and was not built by its config',
        fix="give its class a get_build_config() and build_from_config(), or a build() that makes its layers",
    )
