"""`Model`: a layer that is trained, evaluated, summarised and saved as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from kcore_ops import KerasTensor, tree
from kcore_ops.backends import registry
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, AttributeUnavailable

from kcore_layers.base.layer import Layer
from kcore_layers.base.saved_attributes import saved_attributes
from kcore_layers.base.state_tree import by_path, nested, set_tree
from kcore_layers.models.quantization import quantize_layers
from kcore_layers.models.training import TrainedLayer
from kcore_layers.serialization.objects import serialize_keras_object
from kcore_layers.serialization.registry import builtin, original_class

__all__ = ["Model"]


@builtin("keras")
class Model(TrainedLayer):
    """A layer with `fit`, `evaluate`, `predict`, `summary` and `save_weights`.

    Made of symbolic inputs and outputs, or subclassed with a `call`.

    Args:
        *args: inputs and outputs, symbolic tensors or trees of them, or nothing.
        **kwargs: `inputs`, `outputs`, and those of `Layer`.

    >>> from kcore_layers import Input
    >>> from kcore_layers.layers import Dense
    >>> x = Input((3,))
    >>> Model(inputs=x, outputs=Dense(2)(x)).count_params()
    8
    """

    _kcore_yielding_names = Layer._kcore_yielding_names | {
        "evaluate", "export", "fit", "get_layer", "get_quantization_layer_structure", "predict", "quantize", "summary",
        "to_json",
    }  # fmt: skip

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a model of inputs and outputs a `Functional`."""
        from kcore_layers.models.functional import Functional

        if original_class(cls) is Model and _are_inputs_and_outputs(args, kwargs):
            return Layer.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    @classmethod
    def _kcore_base_for(cls, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> type | None:
        """Return `Functional` for a subclass that is made of inputs and outputs."""
        from kcore_layers.models.functional import Functional

        if _are_inputs_and_outputs(args, kwargs) and not issubclass(cls, Functional):
            return Functional
        return None

    def __init__(self, *args: Tree, **kwargs: Any) -> None:
        from kcore_layers.base.framework_class import framework_class
        from kcore_layers.models.functional import Functional

        if _are_inputs_and_outputs(args, kwargs) and not isinstance(self, Functional):
            # A subclass whose __init__ takes something else, and passes inputs and outputs on.
            self.__class__ = framework_class(type(self), self._kcore_backend, Functional)
            Functional.__init__(self, *args, **kwargs)  # type: ignore[arg-type]
            return
        if args:
            raise ArgumentError(
                f"Model takes inputs and outputs, symbolic tensors, and was given {args!r}", fix="make them with Input"
            )
        super().__init__(**kwargs)

    @property
    def layers(self) -> list[Any]:
        """The layers directly inside, in order."""
        return list(self._kcore_layers)

    @layers.setter
    def layers(self, _: object) -> None:
        raise AttributeUnavailable("layers can not be set", fix="use another attribute name").at(f'model "{self.name}"')

    def quantize(  # type: ignore[override]
        self,
        mode: str | None = None,
        config: Any = None,
        filters: str | Sequence[str] | Callable[[Any], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the weights of all layers that can as integers of few bits from now on, those inside layers included.

        A model that was compiled goes on as it is: what is no longer trained is left out.

        Args:
            mode: str, "int8", "int4", "float8", "gptq" or "awq"; None, the default, is what `config` says.
            config: `quantizers.QuantizationConfig`, how weights are rounded; None, the default, is the mode's own way.
                "gptq" and "awq" need one: the layers inside its blocks are quantized one block after another, by what
                its data gives them, and all else stays as it is.
            filters: str, a regular expression that is looked for in the names of layers, or a list of them, or a
                function that says of a layer whether it is to be quantized; None, the default, is all of them.
            **kwargs: `type_check`, of no effect.

        Raises:
            ArgumentError: if there is no such mode, the model is not built, or a layer is quantized already; if "gptq"
                or "awq" has no blocks or no data. No layer has changed then.

        >>> from kcore_layers import Input, Sequential
        >>> from kcore_layers.layers import Dense
        >>> model = Sequential([Input((3,)), Dense(2, name="first"), Dense(2, name="last")])
        >>> model.quantize("int8", filters="first")
        >>> [layer.quantization_mode for layer in model.layers]
        ['int8', None]
        """
        quantize_layers(self, mode, config, filters, kwargs)

    def get_quantization_layer_structure(self, mode: str | None = None) -> dict[str, Any] | None:
        """Return which layers are quantized by data, for configs that do not say: None here. Override it.

        Args:
            mode: str, "gptq" or "awq"; None, any; None.

        Returns:
            dict with "pre_block_layers", a list of layers that follow one another from the model's input on, and
            "sequential_blocks", a list of layers that follow, inside which layers are quantized; None if there are
            none.
        """
        return None

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Return a layer by its name or its place.

        Args:
            name: str, the layer's name; None, the default, if `index` is given.
            index: int, its place among `layers`; None, the default, if `name` is given.

        Raises:
            ArgumentError: if there is none.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ArgumentError("one of name and index is needed").at("get_layer")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ArgumentError(f"there are {len(layers)} layers and index is {index}").at("get_layer")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ArgumentError(
            f"there is no layer {name!r}", fix=f"use one of {', '.join(layer.name for layer in layers)}"
        ).at("get_layer")

    def _kcore_has_nothing_to_build(self) -> bool:
        return False  # its layers may well be made by its call

    # State as a tree.

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """Return all state by path, in a tree of dicts.

        Args:
            value_format: "backend_tensor", the default, or "numpy_array".

        Raises:
            ArgumentError: if `value_format` is neither, or the path of one variable is a part of another's.
        """
        if value_format not in ("backend_tensor", "numpy_array"):
            raise ArgumentError(
                f"value_format can not be {value_format!r}", fix='use "backend_tensor" or "numpy_array"'
            ).at("get_state_tree")
        as_arrays = value_format == "numpy_array"
        return {
            name: nested(
                {path: np.array(v.numpy()) if as_arrays else v.value for path, v in by_path(variables).items()}
            )
            for name, variables in self._kcore_state_groups().items()
        }

    def _kcore_state_groups(self) -> dict[str, list[Any]]:
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": [] if self.optimizer is None else list(self.optimizer.variables),
            "metrics_variables": self.metrics_variables,
        }

    def set_state_tree(self, state_tree: Mapping[str, Any]) -> None:
        """Set the state from what `get_state_tree` returned; none of it, if a path is unknown or a value does not fit.

        Args:
            state_tree: dict of dicts that `get_state_tree` returned, or a part of it.

        Raises:
            ArgumentError: naming the paths that are unknown.
            ShapeError: if a value has not the shape of its variable.
        """
        set_tree(self._kcore_state_groups(), state_tree)

    # Showing and saving.

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], None] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers, what they give and how many numbers they hold.

        Args:
            line_length: int, the number of characters in a line; None, the default, is the terminal's.
            positions: list of where columns end, as fractions of the line or in characters; None, the default, lets
                them fit.
            print_fn: function that is called with the text, in place of printing; None, the default, prints.
            expand_nested: bool, whether the layers inside layers are shown; False by default.
            show_trainable: bool, whether a column says which are trainable; False by default.
            layer_range: names of the first and the last layer to show; None, the default, shows all.
        """
        from kcore_layers.models.summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def _kcore_saved_children(self) -> Iterator[tuple[str, Any]]:
        return saved_attributes(self, Model, ("layers", "optimizer"))

    def save(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Write the whole model to a `.keras` file or a directory, or a `.h5` file; see `save_model`.

        Args:
            filepath: the file's name, which ends in `.keras`, or in `.h5` for the format of Keras 2; or that of a
                directory.
            overwrite: bool, whether what has that name may be replaced; True by default.
            zipped: bool, whether the model becomes one file, rather than a directory of files. None, the default, is
                True.
            **kwargs: `include_optimizer`; see `save_model`.
        """
        registry.component("files").save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        max_shard_size: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the weights to a `.weights.h5` file or several, whole or not at all; see `save_weights`.

        Args:
            filepath: the file's name, which ends in `.weights.h5`, or for several files in `.weights.json`; or in
                `.safetensors`, for what has names as in `state_dict()` on PyTorch.
            overwrite: bool, whether a file of that name may be replaced; True by default.
            max_shard_size: float, how many gigabytes of variables a file may hold, where there are to be several; None,
                the default, writes one.
            **kwargs: `objects_to_skip`; see `save_weights`.

        Raises:
            ArgumentError: if the name ends otherwise, or the file exists and `overwrite` is False.
        """
        registry.component("files").save_weights(self, filepath, overwrite, max_shard_size, **kwargs)

    def load_weights(
        self, filepath: str | os.PathLike[str] | Mapping[str, Any], skip_mismatch: bool = False, **kwargs: Any
    ) -> None:
        """Read the weights from a file that `save_weights` or `save` wrote; none of them, if something does not fit.

        Args:
            filepath: the file's name, of several files that of the index, `.weights.json`; it may be one of
                safetensors, or one of the older format, `.h5`. Or a dict of arrays or tensors by name, a PyTorch
                module's `state_dict()` for one.
            skip_mismatch: bool, whether what does not fit is left as it is, in place of being an error; False by
                default.
            **kwargs: `objects_to_skip`; see `load_weights`.

        Raises:
            ArgumentError: naming everything that is missing, extra or of another shape.
        """
        registry.component("files").load_weights(self, filepath, skip_mismatch, **kwargs)

    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write what the model predicts as a file that other programs run, without kcore.

        A backend writes the formats of its own framework. JAX lends its functions to TensorFlow; for every other format
        the model is made anew, in memory and with the same weights, on an installed backend that writes it.

        ==============  ==================================================================  ==========================
        format          what it is, and what runs it                                        options
        ==============  ==================================================================  ==========================
        tf_saved_model  a directory: TensorFlow, its servers, TF.js; endpoint `serve`       options, jax2tf_kwargs
        litert          `.tflite`: LiteRT                                                   of `TFLiteConverter`
        onnx            `.onnx`: onnxruntime and others                                     opset_version, input_names,
                                                                                            output_names, external_data
        openvino        `.xml`, with a `.bin` beside it: OpenVINO                           compress_to_fp16
        torch           `.pt2`: `torch.export.load`                                         strict
        stablehlo       `jax.export.deserialize`, and whatever else runs StableHLO          platforms, vjp_order
        ==============  ==================================================================  ==========================

        Args:
            filepath: str or `Path`, where; what is there is replaced once the new one is whole.
            format: str, the format; "tf_saved_model" by default.
            verbose: bool, whether to print what was written; None, the default, is True.
            input_signature: list of what describes the tensors that the call takes, `InputSpec` for one, or trees of
                such; sizes of None are for calls to decide. None, the default, is the inputs of the model, for any
                number of samples.
            **kwargs: options of the format, as above.

        Raises:
            ArgumentError: if the model is not built, there is no such format or option, the name does not end as the
                format's do, or the format can not hold the model.
            MissingDependency: if a package is missing that writes the format.
        """
        registry.component("export").export_model(self, filepath, format, verbose, input_signature, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """Return the model's configuration, without its weights, as JSON text.

        Args:
            **kwargs: of `json.dumps`.
        """
        return json.dumps(serialize_keras_object(self), **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return one made of what `get_config` returned.

        Args:
            config: dict that `get_config` returned.
            custom_objects: classes and functions by name, beside those registered; None, the default, is none.
        """
        if {"name", "layers", "input_layers", "output_layers"} <= set(config):
            from kcore_layers.models.functional_config import model_from_config

            return model_from_config(cls, config, custom_objects)
        return super().from_config(config)


Model._kcore_interface = Model


def _are_inputs_and_outputs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Return whether a model is being made of inputs and outputs."""
    named = dict(zip(("inputs", "outputs"), args, strict=False))
    given = {**named, **{name: kwargs[name] for name in ("inputs", "outputs") if name in kwargs}}
    if len(given) < 2 or len(args) > 3:
        return False
    return any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(list(given.values())))
