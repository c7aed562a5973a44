"""`HashedCrossing`: combinations of several features as one of a number of bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from kcore_ops.dtypes import is_int_dtype
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from kcore_ops.specs.shapes import show_shape

from kcore_layers.layers.preprocessing.encoding import checked_mode, encoded, refuse_sparse
from kcore_layers.layers.preprocessing.fingerprints import farm_fingerprints, joined_fingerprints
from kcore_layers.layers.preprocessing.on_host import HostLayer, as_strings, is_text, on_host, shape_known
from kcore_layers.options.argument_types import DTypeLike, LayerOptionsBesideNameAndDType
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["HashedCrossing"]


@builtin("keras.layers")
class HashedCrossing(HostLayer):
    """Put combinations of the values of several features into bins, by a hash of them all.

    Shapes: features are all `()`, `(batch,)` or `(batch, 1)`; "int" gives that shape, "one_hot" `(batch, num_bins)`.
    Dtype: int64 in mode "int", unless `dtype` is another integer one; that of the layer in mode "one_hot".

    Args:
        num_bins: int, number of bins.
        output_mode: "int" or "one_hot"; "int".
        sparse: only False: there are no sparse tensors.
        name: string, the layer's name; None makes one up.
        dtype: dtype or policy of the layer, its name or config; None, the default, is int64 in mode "int" and the
            global policy in the other.
        **kwargs: `activity_regularizer`, `autocast` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is none of those.

    >>> HashedCrossing(num_bins=1000)((["a", "b"], [1, 2]))
    array([485, 357])
    """

    _kcore_takes_several = True

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: DTypeLike = None,
        **kwargs: Unpack[LayerOptionsBesideNameAndDType],
    ) -> None:
        output_mode = checked_mode("HashedCrossing", output_mode, ("int", "one_hot"))
        super().__init__(name=name, dtype="int64" if dtype is None and output_mode == "int" else dtype, **kwargs)
        refuse_sparse("HashedCrossing", sparse=sparse)
        if output_mode == "int" and not is_int_dtype(self.compute_dtype):
            raise ArgumentError(
                f'dtype is {self.compute_dtype}, and bins are integers in output_mode "int"',
                fix='leave out dtype=, or pass "int32" or "int64"',
            ).at("HashedCrossing")
        self.num_bins = checked_count(self, "num_bins", num_bins)
        self.output_mode = output_mode
        self.sparse = False

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the bins, or vectors of them.

        Args:
            inputs: list or tuple of features, strings or integers: arrays, tensors, lists, or columns of a data frame.
        """
        _check_features(inputs)
        dtype = self.compute_dtype if self.output_mode == "int" else "int64"
        bins = on_host(self._bins, shape_known(inputs[0]), dtype, *inputs)
        return encoded(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _bins(self, *features: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        crossed = joined_fingerprints([_fingerprints(each) for each in features])
        return (crossed % np.uint64(self.num_bins)).astype("int64").reshape(features[0].shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {name: getattr(self, name) for name in ("num_bins", "output_mode", "sparse")}
        return {**own, "name": self.name, "dtype": self.dtype_policy.name}


def _fingerprints(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return FarmHash's fingerprint of each string; an integer is its own."""
    return farm_fingerprints(as_strings(x)) if is_text(x) else x.ravel().astype("int64").astype("uint64")


def _check_features(inputs: Any) -> None:
    if not isinstance(inputs, list | tuple):
        problem = f"HashedCrossing was given a {type(inputs).__name__}, where it takes several features"
        raise ArgumentTypeError(problem, fix="pass a list or a tuple of them")
    if len(inputs) < 2:
        raise ArgumentError(f"there are {len(inputs)} features to cross", fix="pass two or more")
    shapes = [shape_known(each) for each in inputs]
    shown = ", ".join(map(show_shape, shapes))
    if any(len(shape) > 2 or (len(shape) == 2 and shape[1] not in (1, None)) for shape in shapes):
        raise ShapeError(f"features have the shapes {shown}", fix="pass features of shape (batch,) or (batch, 1)")
    if len({len(shape) for shape in shapes}) > 1 or any(
        len({size for size in sizes if size is not None}) > 1 for sizes in zip(*shapes, strict=True)
    ):
        raise ShapeError(f"features have the shapes {shown}, which differ", fix="pass features of one shape")
    for each in inputs:
        if not is_text(each) and not is_int_dtype(dtype_of(each)):
            raise DTypeError(
                f"a feature is of dtype {dtype_of(each)}, and what is crossed are strings or integers",
                fix="make bins of it first, for example with Discretization",
            )
