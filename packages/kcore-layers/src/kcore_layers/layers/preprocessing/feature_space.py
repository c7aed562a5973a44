"""`FeatureSpace`: the columns of a table as numbers, each in its way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import KerasTensor, TensorSpec, tree
from kcore_ops.backends import registry
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, located

from kcore_layers.layers.core.identity import Identity
from kcore_layers.layers.core.input_layer import Input
from kcore_layers.layers.normalization.normalization import Normalization
from kcore_layers.layers.preprocessing.adapting import num_batches_of
from kcore_layers.layers.preprocessing.discretization import Discretization
from kcore_layers.layers.preprocessing.encoding import encoded
from kcore_layers.layers.preprocessing.feature import PLACE, Cross, Feature
from kcore_layers.layers.preprocessing.hashed_crossing import HashedCrossing
from kcore_layers.layers.preprocessing.hashing import Hashing
from kcore_layers.layers.preprocessing.integer_lookup import IntegerLookup
from kcore_layers.layers.preprocessing.on_host import HostLayer, as_array, graph_backend, shape_known
from kcore_layers.layers.preprocessing.rescaling import Rescaling
from kcore_layers.layers.preprocessing.string_lookup import StringLookup
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["FeatureSpace"]

# The class that Keras has of its own for it.
builtin(PLACE, "TFDIdentity")(Identity)


@builtin("keras.utils")
class FeatureSpace(HostLayer):
    """Make numbers of the columns of a table: normalized, in bins, looked up, hashed and crossed.

    `adapt` finds means, boundaries and vocabularies; then it is called on a dict of columns, of one row or of many, in
    `tf.data`, or on the inputs of a model.

    Shapes: columns are `()`, `(batch,)` or `(batch, 1)`. Output: `(batch, size)`, or `(size,)` for one row; in
    output_mode "dict" such a tensor for each feature and cross, by name. Features stand in the order of the alphabet,
    and crosses after them.

    Args:
        features: dict from the name of each column to a feature that the methods of the class make, or to the name of
            one that needs no arguments: "float", "float_rescaled", "float_normalized", "float_discretized",
            "integer_categorical", "string_categorical", "integer_hashed" or "string_hashed".
        output_mode: "concat", the default, for one vector; or "dict".
        crosses: list of tuples of names, or of what `cross` makes; None, the default, is none.
        crossing_dim: int, number of bins of crosses that are tuples; 32.
        hashing_dim: int, number of bins of features that are hashed and given by name; 32.
        num_discretization_bins: int, number of bins of features "float_discretized"; 32.
        name: string, the layer's name; None makes one up.

    Raises:
        ArgumentError: if there are no features, or one is of an unknown kind; or a cross is of unknown ones.

    >>> space = FeatureSpace({"age": "float_normalized", "city": "string_categorical"}, output_mode="dict")
    >>> space.adapt({"age": [20.0, 40.0], "city": ["Oslo", "Rome"]})
    >>> space({"age": 40.0, "city": "Oslo"})
    {'age': array([1.], dtype=float32), 'city': array([0., 0., 1.], dtype=float32)}
    """

    features: dict[str, Feature]
    crosses: list[Cross]
    _inputs: dict[str, KerasTensor]

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ArgumentError("there are no features", fix="pass a dict of some").at("FeatureSpace")
        if output_mode not in ("concat", "dict"):
            raise ArgumentError(f"output_mode can not be {output_mode!r}", fix="use one of 'concat', 'dict'").at(
                "FeatureSpace"
            )
        self.output_mode = output_mode
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        made = {each: self._made_feature(each, value) for each, value in features.items()}
        self._kcore_set_untracked("features", made)
        self._kcore_set_untracked("crosses", [_made_cross(each, crossing_dim) for each in crosses or ()])
        for cross in self.crosses:
            unknown = [each for each in cross.feature_names if each not in made]
            if unknown:
                problem = f"a cross is of {', '.join(map(repr, unknown))}, and there are no such features"
                raise ArgumentError(problem, fix="name some of features").at("FeatureSpace")
        if output_mode == "concat":
            whole: list[tuple[str, Any]] = [*made.items(), *((cross.name, cross) for cross in self.crosses)]
            indices = [each for each, value in whole if value.output_mode == "int"]
            if indices:
                raise ArgumentError(
                    f"{indices[0]!r} gives indices, which make no vector with other features",
                    fix='give it output_mode="one_hot", or the space output_mode="dict"',
                ).at("FeatureSpace")
        self.preprocessors = {each: feature.preprocessor for each, feature in made.items()}
        self.crossers = {each.name: HashedCrossing(each.crossing_dim, name=each.name) for each in self.crosses}
        self.built = True

    def _made_feature(self, name: str, value: Any) -> Feature:
        if isinstance(value, Feature):
            return value
        if isinstance(value, Mapping):
            made: Feature = deserialize_keras_object(value)
            return made
        simple: dict[str, Callable[[], Feature]] = {
            "float": lambda: self.float(name=name),
            "float_normalized": lambda: self.float_normalized(name=name),
            "float_rescaled": lambda: self.float_rescaled(name=name),
            "float_discretized": lambda: self.float_discretized(self.num_discretization_bins, name=name),
            "integer_categorical": lambda: self.integer_categorical(name=name),
            "string_categorical": lambda: self.string_categorical(name=name),
            "integer_hashed": lambda: self.integer_hashed(self.hashing_dim, name=name),
            "string_hashed": lambda: self.string_hashed(self.hashing_dim, name=name),
        }
        if not isinstance(value, str) or value not in simple:
            raise ArgumentError(
                f"feature {name!r} is of the unknown kind {value!r}",
                fix=f"use one of {', '.join(map(repr, simple))}, or a feature that FeatureSpace makes",
            ).at("FeatureSpace")
        return simple[value]()

    # Kinds of features.

    @classmethod
    def cross(cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Return a combination of features, hashed.

        Args:
            feature_names: names of the features.
            crossing_dim: int, number of bins.
            output_mode: "one_hot" or "int"; "one_hot".
        """
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """Return a column with a layer of one's own.

        Args:
            dtype: string, dtype of the column: "string" for one.
            preprocessor: layer that makes numbers of it.
            output_mode: "float" or "int", for what the layer gives; "one_hot" for vectors of the indices it gives.
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Return a column of numbers, taken as they are.

        Args:
            name: string that the layer's name is made of; None makes one up.
        """
        return Feature("float32", Identity(name=_layer_name(name)), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Return a column of numbers, multiplied and added to.

        Args:
            scale: float, the factor; 1.
            offset: float, what is added; 0.
            name: string that the layer's name is made of; None makes one up.
        """
        return Feature("float32", Rescaling(scale, offset, name=_layer_name(name)), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Return a column of numbers, of mean 0 and variance 1 once adapted.

        Args:
            name: string that the layer's name is made of; None makes one up.
        """
        return Feature("float32", Normalization(axis=-1, name=_layer_name(name)), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a column of numbers, put into bins.

        Args:
            num_bins: int, number of bins, for boundaries that are to be found.
            bin_boundaries: list of the boundaries; None, the default, leaves them to `adapt`.
            output_mode: "one_hot" or "int"; "one_hot".
            name: string that the layer's name is made of; None makes one up.
        """
        given = {"num_bins": num_bins} if bin_boundaries is None else {"bin_boundaries": bin_boundaries}
        return Feature("float32", Discretization(name=_layer_name(name), **given), output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of integers, looked up in a vocabulary.

        Args:
            max_tokens: int, largest size of the vocabulary; None, the default, is no limit.
            num_oov_indices: int, how many indices others share; 1.
            output_mode: "one_hot" or "int"; "one_hot".
            name: string that the layer's name is made of; None makes one up.
        """
        lookup = IntegerLookup(max_tokens, num_oov_indices, name=_layer_name(name))
        return Feature("int32", lookup, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of strings, looked up in a vocabulary.

        Args:
            max_tokens: int, largest size of the vocabulary; None, the default, is no limit.
            num_oov_indices: int, how many indices others share; 1.
            output_mode: "one_hot" or "int"; "one_hot".
            name: string that the layer's name is made of; None makes one up.
        """
        return Feature("string", StringLookup(max_tokens, num_oov_indices, name=_layer_name(name)), output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Return a column of strings, put into bins by their hashes.

        Args:
            num_bins: int, number of bins.
            output_mode: "one_hot" or "int"; "one_hot".
            name: string that the layer's name is made of; None makes one up.
        """
        return Feature("string", Hashing(num_bins, name=_layer_name(name)), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Return a column of integers, put into bins by their hashes.

        Args:
            num_bins: int, number of bins.
            output_mode: "one_hot" or "int"; "one_hot".
            name: string that the layer's name is made of; None makes one up.
        """
        return Feature("int32", Hashing(num_bins, name=_layer_name(name)), output_mode)

    # Adapting.

    def adapt(self, dataset: Any) -> None:
        """Find means, boundaries and vocabularies, forgetting those found before.

        Args:
            dataset: dict of columns, or a dataset of such dicts, of one row or a batch each, that can be gone through
                once for each feature.

        Raises:
            ArgumentTypeError: if it is something else.
            ArgumentError: if a column is missing.
        """
        with located(f'layer "{self.path}"'):
            is_columns = isinstance(dataset, Mapping)
            if not is_columns and (isinstance(dataset, list | tuple | str) or not hasattr(dataset, "__iter__")):
                raise ArgumentTypeError(
                    f"adapt can not take data of class {type(dataset).__name__}",
                    fix="pass a dict of columns, or a dataset of such dicts",
                )
            if not is_columns and iter(dataset) is dataset:
                raise ArgumentTypeError(
                    "an iterator ends after the first feature", fix="pass a dataset that can be gone through again"
                )
            for name, layer in self.preprocessors.items():
                if _is_adaptable(layer):
                    layer.adapt(_column_batches([dataset] if is_columns else dataset, name))

    def _check_adapted(self) -> None:
        lacking = [
            name for name, layer in self.preprocessors.items() if _is_adaptable(layer) and not _is_adapted(layer)
        ]
        if lacking:
            raise ArgumentError(f"features are not adapted yet: {', '.join(lacking)}", fix="call adapt first")

    # The call.

    def _kcore_convert(self, bound: inspect.BoundArguments) -> bool:
        data = bound.arguments.get("data")
        if not isinstance(data, Mapping):
            raise ArgumentTypeError(
                f"FeatureSpace was given a {type(data).__name__}", fix="pass a dict with a column for each feature"
            )
        bound.arguments["data"] = {name: as_array(value) for name, value in data.items()}
        return False

    def _kcore_general_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        backend = graph_backend([args, kwargs])
        if backend is None or backend is self._kcore_backend:
            return super()._kcore_general_call(args, kwargs)
        try:
            bound, _, _ = self._kcore_bind(args, kwargs)
            self._kcore_convert(bound)
            return self._in_graph_of(backend, bound.arguments["data"])
        except Exception as error:
            raise self._kcore_locate(error)  # noqa: B904 (it is the same error)

    def _in_graph_of(self, backend: Backend, data: Mapping[str, Any]) -> Any:
        """Return what a call gives in a graph of another framework: computed on the host, as a whole."""
        self._checked_names(data)
        names = list(self.features)
        specs = self.compute_output_spec(
            {name: TensorSpec(shape_known(data[name]), dtype_of(data[name])) for name in names}
        )

        def columns(*arrays: Any) -> list[Any]:
            outputs = self(dict(zip(names, arrays, strict=True)))
            return [ops.convert_to_numpy(x) for x in tree.flatten(outputs)]

        with on(backend):
            results = backend.call_on_host(columns, tree.flatten(specs), [data[name] for name in names])
        return tree.pack_sequence_as(specs, results)

    def call(self, data: Mapping[str, Tensor]) -> Any:
        """Return the vector of the features, or the dict of them.

        Args:
            data: dict from the name of each feature to its column: array, tensor, list, string or number.
        """
        self._checked_names(data)
        self._check_adapted()
        is_row = all(len(data[name].shape) == 0 for name in self.features)
        columns = {name: _as_column(data[name]) for name in self.features}
        outputs = self._encoded(columns)
        return tree.map_structure(lambda x: ops.squeeze(x, axis=0), outputs) if is_row else outputs

    def _checked_names(self, data: Mapping[str, Any]) -> None:
        missing = [name for name in self.features if name not in data]
        unknown = [str(name) for name in data if name not in self.features]
        if missing or unknown:
            what, names = ("missing", missing) if missing else ("unknown", unknown)
            raise ArgumentError(
                f"columns are {what}: {', '.join(map(repr, names))}",
                fix=f"pass a dict with the keys {', '.join(map(repr, self.features))}",
            )

    def _encoded(self, columns: Mapping[str, Any]) -> Any:
        made = {name: self.preprocessors[name](columns[name]) for name in sorted(self.features)}
        outputs = {name: self._encoded_feature(name, made[name]) for name in made}
        for cross in sorted(self.crosses, key=lambda each: each.name):
            bins = self.crossers[cross.name]([made[name] for name in cross.feature_names])
            is_index = cross.output_mode == "int"
            outputs[cross.name] = bins if is_index else encoded(bins, "multi_hot", cross.crossing_dim, "float32")
        if self.output_mode == "dict":
            return outputs
        parts = [x if dtype_of(x) == "float32" else ops.cast(x, "float32") for x in outputs.values()]
        return ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]

    def _encoded_feature(self, name: str, x: Any) -> Any:
        if self.features[name].output_mode != "one_hot":
            return x
        layer = self.preprocessors[name]
        if hasattr(layer, "vocabulary_size"):
            size = layer._vector_size() if hasattr(layer, "_vector_size") else layer.vocabulary_size()
        elif isinstance(layer, Discretization) and layer.num_bins is None:
            size = len(layer.bin_boundaries or ()) + 1
        elif getattr(layer, "num_bins", None) is not None:
            size = layer.num_bins
        else:
            raise ArgumentError(
                f"feature {name!r} is to be one-hot, and its layer does not say how many indices there are",
                fix='use output_mode="int" or "float", or a layer with num_bins or a vocabulary',
            )
        return encoded(x, "multi_hot", size, "float32")

    # In models.

    def get_inputs(self) -> dict[str, KerasTensor]:
        """Return symbolic inputs of a model, one for each feature, by name."""
        if "_inputs" not in self.__dict__:
            made = {name: Input((1,), dtype=each.dtype, name=name) for name, each in self.features.items()}
            self._kcore_set_untracked("_inputs", made)
        return dict(self._inputs)

    def get_encoded_features(self) -> Any:
        """Return what becomes of `get_inputs()`: the symbolic vector of the features, or the dict of them.

        Raises:
            ArgumentError: if it is not adapted.
        """
        with located(f'layer "{self.path}"'), on(self._kcore_backend):
            self._check_adapted()
            return self._encoded(self.get_inputs())

    # Configuration and files.

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_inputs"}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        names = ("output_mode", "crossing_dim", "hashing_dim", "num_discretization_bins")
        return {
            "features": {name: serialize_keras_object(each) for name, each in self.features.items()},
            "crosses": [serialize_keras_object(each) for each in self.crosses],
            **{name: getattr(self, name) for name in names},
        }

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that the layers of features were built with, by which Keras knows that it is adapted."""
        if any(_is_adaptable(layer) and not _is_adapted(layer) for layer in self.preprocessors.values()):
            return None
        has_weights = {name: not hasattr(layer, "vocabulary_size") for name, layer in self.preprocessors.items()}
        return {name: {"input_shape": (None, 1)} if has_weights[name] else {} for name in has_weights}

    def build_from_config(self, config: Mapping[str, Any] | None) -> None:
        """Do nothing: features are built by their own configs.

        Args:
            config: not looked at.
        """

    def save(self, filepath: str) -> None:
        """Write it to a `.keras` file, with all that it was adapted to.

        Args:
            filepath: string, the file's name, which ends in `.keras`.
        """
        registry.component("files").save_model(self, filepath)


def _layer_name(name: str | None) -> str | None:
    return None if name is None else f"{name}_preprocessor"


def _made_cross(value: Any, crossing_dim: int) -> Cross:
    if isinstance(value, Cross):
        return value
    if isinstance(value, Mapping):
        made: Cross = deserialize_keras_object(value)
        return made
    return Cross(value, crossing_dim)


def _is_adaptable(layer: Any) -> bool:
    """Return whether there is something to find for a layer, rather than given."""
    if not hasattr(layer, "adapt"):
        return False
    if isinstance(layer, Normalization):
        return layer.input_mean is None
    if isinstance(layer, Discretization):
        return not layer._given_boundaries
    return not getattr(getattr(layer, "_lookup_layer", layer), "_is_static", False)


def _is_adapted(layer: Any) -> bool:
    if isinstance(layer, Normalization):
        return bool(layer.built)
    if isinstance(layer, Discretization):
        return layer.bin_boundaries is not None
    lookup = getattr(layer, "_lookup_layer", layer)
    return getattr(lookup, "_tokens", ()) is not None


def _as_column(x: Any) -> Any:
    """Return a column with an axis for rows, and one of length 1 where there is no other."""
    num_new = 2 - len(x.shape)
    if num_new <= 0:
        return x
    if isinstance(x, TensorSpec):
        return TensorSpec((*x.shape, *(1,) * num_new), x.dtype)
    return x[(..., *(None,) * num_new)]


class _column_batches:  # noqa: N801 (it is called as a function is)
    """The batches of one column, as often as they are asked for."""

    def __init__(self, dataset: Any, name: str) -> None:
        element = getattr(dataset, "element_spec", None)
        if isinstance(element, Mapping) and all(getattr(each, "shape", None) == () for each in element.values()):
            dataset = dataset.batch(512)  # of rows
        self.dataset, self.name = dataset, name
        count = num_batches_of(dataset)
        if count is not None:
            self.num_batches = count

    def __iter__(self) -> Iterator[np.ndarray[Any, Any]]:
        for batch in self.dataset:
            columns = batch[0] if isinstance(batch, tuple) and batch else batch
            if not isinstance(columns, Mapping) or self.name not in columns:
                raise ArgumentError(f"a batch has no column {self.name!r}", fix="pass dicts of columns by name")
            yield _as_column(as_array(columns[self.name]))
