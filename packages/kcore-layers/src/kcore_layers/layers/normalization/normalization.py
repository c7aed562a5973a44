"""`Normalization`: mean 0 and variance 1 over a data set, which is looked at before training."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError, located
from kcore_ops.specs.shapes import normalize_axis

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.normalization.wide_inputs import computed_wide
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.options.weight_options import checked_axes, known_size
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["Normalization"]


@builtin("keras.layers")
class Normalization(Layer):
    """Subtract a mean and divide by a standard deviation, both given, or found by `adapt`.

    Shapes: the output is shaped like the input; mean and variance have its sizes along `axis`. Dtype: the layer's, for
    integers too; where it is float16 or bfloat16, inputs are normalized in float32 and the result is rounded.

    Args:
        axis: int or ints, the axes that keep their own mean and variance, counted from the last axis of each input if
            negative; -1, the last. None is one mean of all elements.
        mean: number, or one for each index along `axis`; None leaves it to `adapt`.
        variance: number, or one for each index along `axis`; None leaves it to `adapt`.
        invert: bool, whether to undo the normalization instead: multiply by the standard deviation and add the mean;
            False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if only one of mean and variance is given, or `axis` is no axis.
        ShapeError: when built, if an axis is the batch, a size is not known, or mean or variance do not fit it.

    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0], [3.0]]))
    >>> layer(np.array([[3.0]], "float32"))
    array([[1.]], dtype=float32)
    """

    input_mean: Any
    input_variance: Any

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Tensor | None = None,
        variance: Tensor | None = None,
        invert: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            given, missing = ("mean", "variance") if variance is None else ("variance", "mean")
            raise ArgumentError(f"{given} was given and {missing} was not", fix="pass both, or call adapt").at(
                "Normalization"
            )
        axes = () if axis is None else checked_axes(self, "axis", axis)
        self.axis = (axes,) if isinstance(axes, int) else axes
        self._kcore_set_untracked("input_mean", mean)
        self._kcore_set_untracked("input_variance", variance)
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of a shape, or bring the mean and variance given into that shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        ndim = len(input_shape)
        kept = tuple(sorted(normalize_axis(axis, ndim) for axis in self.axis))
        if 0 in kept and ndim > 1:
            raise ShapeError("axis 0, the batch, can not keep a mean of each index", fix="pass other axes")
        shape = tuple(known_size(input_shape, axis) for axis in kept)
        self._reduced = tuple(axis for axis in range(ndim) if axis not in kept)
        self._broadcast_shape = tuple(known_size(input_shape, axis) if axis in kept else 1 for axis in range(ndim))
        # Without leading ones, so that inputs of fewer axes keep theirs.
        self._call_shape = self._broadcast_shape[min(kept, default=ndim) :]
        if any(axis >= 0 for axis in self.axis):
            self.input_spec = InputSpec(ndim=ndim)  # of another one it would be another axis
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, autocast=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, autocast=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")
            return
        mean, variance = (self._given(name, shape) for name in ("mean", "variance"))
        self._mean = mean.reshape(self._call_shape)
        self._stddev = np.maximum(np.sqrt(variance), config.epsilon()).reshape(self._call_shape)

    def _given(self, name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        value = np.asarray(ops.convert_to_numpy(getattr(self, f"input_{name}")), "float32")
        try:
            return np.broadcast_to(np.squeeze(value) if value.ndim > len(shape) else value, shape).copy()
        except ValueError:
            raise ShapeError(
                f"{name} has shape {value.shape}, and the input the sizes {shape} along axis {self.axis}",
                fix=f"pass {name} with shape {shape}",
            ) from None

    def adapt(self, data: Any) -> None:
        """Find mean and variance, forgetting those found before.

        Args:
            data: array or tensor; or a list, a dataset or an iterator of batches of them, or of tuples that begin with
                one, as `fit` takes. A dataset ends at its length.

        Raises:
            ArgumentError: if mean and variance were given, there is no data or no end to it, or a batch has no shape.
            ShapeError: if two batches differ along `axis`.
        """
        if self.input_mean is not None:
            raise ArgumentError("mean and variance were given and can not be adapted", fix="leave them out").at(
                f'layer "{self.path}"'
            )
        with located(f'layer "{self.path}"'):
            mean, variance = self._moments(_batches(data))
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def _moments(self, batches: Iterable[np.ndarray[Any, Any]]) -> tuple[Any, Any]:
        """Return mean and variance along the axes that are kept; builds the layer for the first batch."""
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        for x in batches:
            if not self.built:
                self.build((None, *x.shape[1:]) if x.ndim > 1 else x.shape)
            if x.ndim != len(self._broadcast_shape) or any(
                size not in (1, given) for size, given in zip(self._broadcast_shape, x.shape, strict=False)
            ):
                raise ShapeError(
                    f"a batch has shape {x.shape} where {self._broadcast_shape} was expected, 1 standing for any size",
                    fix="let all batches have the same sizes along the axes that are kept",
                )
            # Chan et al. (1983), "Algorithms for computing the sample variance", eq. 2.1.
            num_new = x.size // max(int(np.prod(self._broadcast_shape)), 1)
            if num_new == 0:
                continue
            new_mean = x.mean(axis=self._reduced)
            distance = new_mean - mean
            squares = (
                squares + x.var(axis=self._reduced) * num_new + distance**2 * (count * num_new / (count + num_new))
            )
            mean = mean + distance * (num_new / (count + num_new))
            count += num_new
        if count == 0:
            raise ArgumentError("there is no data to adapt to", fix="pass at least one batch")
        return mean, squares / count

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized inputs.

        Args:
            inputs: tensor with the sizes along `axis` that the layer was built for.
        """
        return computed_wide(self, inputs, self._normalized)

    def _normalized(self, x: Any) -> Any:
        if self.input_mean is not None:
            mean, stddev = self._mean, self._stddev
        else:
            mean = ops.reshape(self.adapt_mean, self._call_shape)
            stddev = ops.reshape(self.adapt_variance, self._call_shape)
            stddev = ops.maximum(ops.sqrt(stddev), config.epsilon())
        return ops.add(ops.multiply(x, stddev), mean) if self.invert else ops.divide(ops.subtract(x, mean), stddev)

    @property
    def mean(self) -> Any:
        """The mean given or found, in a shape that broadcasts with the input; None before it is built."""
        if not self.built:
            return None
        if self.input_mean is not None:
            return self._mean.reshape(self._broadcast_shape)
        return ops.reshape(self.adapt_mean, self._broadcast_shape)

    @property
    def variance(self) -> Any:
        """The variance given or found, in a shape that broadcasts with the input; None before it is built."""
        if not self.built:
            return None
        if self.input_mean is not None:
            return np.broadcast_to(np.asarray(self.input_variance, "float32"), self._broadcast_shape)
        return ops.reshape(self.adapt_variance, self._broadcast_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {
            "axis": self.axis,
            "invert": self.invert,
            "mean": serialize_keras_object(self.input_mean),
            "variance": serialize_keras_object(self.input_variance),
        }
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        own: dict[str, Any] = {
            name: deserialize_keras_object(config[name]) for name in ("mean", "variance") if name in config
        }
        return super().from_config({**config, **own})


def _batches(data: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the batches of data as float64, as many as a dataset says it has.

    Raises:
        ArgumentError: if the data are none, a batch has no shape, or a dataset has no end.
    """
    fix = "pass an array, or a list, a dataset or an iterator of arrays"
    if hasattr(data, "shape"):
        data = [data]
    elif not hasattr(data, "__iter__") and not hasattr(data, "__getitem__"):
        raise ArgumentTypeError(f"adapt can not take data of class {type(data).__name__}", fix=fix)
    for batch in itertools.islice(data, _length(data)):
        # Datasets give inputs with targets and weights.
        x = batch[0] if isinstance(batch, tuple | list) and batch else batch
        if not hasattr(x, "shape"):
            raise ArgumentTypeError(f"a batch is of class {type(x).__name__}, which has no shape", fix=fix)
        yield np.asarray(ops.convert_to_numpy(x) if ops.is_tensor(x) else x, "float64")


def _length(data: Any) -> int | None:
    """Return the number of batches, or None where only the end of the data tells it."""
    if hasattr(data, "num_batches"):
        if data.num_batches is None:
            raise ArgumentError(f"the {type(data).__name__} has no end", fix="adapt to a part of it")
        return int(data.num_batches)
    try:
        return len(data)
    except TypeError:  # no __len__, or one that does not know
        return None
