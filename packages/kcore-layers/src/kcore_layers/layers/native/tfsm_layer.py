"""`TFSMLayer`: what a SavedModel computes, as a layer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from kcore_ops import Variable
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.serialization.objects import deserialize_keras_object, refuse_code
from kcore_layers.serialization.registry import builtin

__all__ = ["TFSMLayer"]

FORMAT = "tf_saved_model"


@builtin("keras.layers")
class TFSMLayer(Layer):
    """Use an endpoint of a SavedModel as a layer, with the variables of the model as its weights.

    A SavedModel is a program: what is in it runs, and may read and write files. Load only what you trust as you trust a
    program; a saved model with such a layer loads with `safe_mode=False` only. The directory stays where it is: the
    layer's config is its name.

    Shapes: those of the endpoint.

    Args:
        filepath: str or `Path`, the directory.
        call_endpoint: str, the endpoint, or signature, that calls run; "serve", the one that `Model.export` writes.
        call_training_endpoint: str, the one that calls with `training=True` run; None, the default, is the same one.
        trainable: bool, whether the weights are trained; True.
        name: string, the layer's name; None makes one from the class's.
        dtype: the layer's dtype policy; None, the default, is that of `config.dtype_policy()`.

    Raises:
        ArgumentError: if the backend reads no SavedModels, there is none, or it has no such endpoint.
    """

    _endpoints: Mapping[str, Any]

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        call_endpoint: str = "serve",
        call_training_endpoint: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(trainable=trainable, name=name, dtype=dtype)
        self.filepath = str(os.fspath(filepath))
        self.call_endpoint, self.call_training_endpoint = call_endpoint, call_training_endpoint
        export = self._kcore_backend.export
        if FORMAT not in export.reads:
            raise ArgumentError(
                f"{self._kcore_backend.name} runs no SavedModels",
                fix="make the layer where TensorFlow runs: in `with use_backend('tensorflow'):`",
            ).at("TFSMLayer")
        if not os.path.isdir(self.filepath):
            raise ArgumentError(f"there is no directory {self.filepath!r}", fix="check the path").at("TFSMLayer")
        try:
            endpoints, storages = export.read(FORMAT, self.filepath)
        except Exception as error:
            raise ArgumentError(
                f"{self.filepath!r} can not be read as a SavedModel: {' '.join(str(error).split())[:200]}",
                fix="pass a directory that model.export(path) wrote",
            ).at("TFSMLayer") from error
        self._kcore_set_untracked("_endpoints", endpoints)
        for name_of_endpoint in (call_endpoint, call_training_endpoint):
            if name_of_endpoint is not None and name_of_endpoint not in endpoints:
                raise ArgumentError(
                    f"the SavedModel has no endpoint {name_of_endpoint!r}", fix=f"use one of {', '.join(endpoints)}"
                ).at("TFSMLayer")
        for i, storage in enumerate(storages):
            self._kcore_track_variable(
                Variable.over(self._kcore_backend, storage, f"variable_{i}", bool(storage.trainable))
            )
        self._kcore_tracking_changed()
        self.built = True

    def call(self, inputs: Tree, training: bool = False, **kwargs: Any) -> Tensor:
        """Return what the endpoint returns.

        Args:
            inputs: tensor or tree, what the endpoint takes.
            training: bool, whether to run `call_training_endpoint`; False.
            **kwargs: what else the endpoint takes by name.
        """
        name = self.call_training_endpoint if training and self.call_training_endpoint else self.call_endpoint
        return self._endpoints[name](inputs, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `__init__`."""
        return {
            **super().get_config(),
            "filepath": self.filepath,
            "call_endpoint": self.call_endpoint,
            "call_training_endpoint": self.call_training_endpoint,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """Make one from what `get_config` returned: a program runs.

        Args:
            config: dict, as `get_config` returns it.
            custom_objects: not used.
            safe_mode: bool, whether to refuse; None, the default, is True, unless the surroundings say otherwise.

        Raises:
            SerializationError: in safe mode.
        """
        if safe_mode is not False:
            refuse_code("the name of a SavedModel, which is a program", "make the layer by hand")
        own = {name: deserialize_keras_object(value, custom_objects) for name, value in config.items()}
        return cls(**own)
