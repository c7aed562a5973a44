"""`Discretization`: numbers as the index of the bin that they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.dtypes import at_least_float32
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError, located

from kcore_layers.base.data_layer import DataLayer
from kcore_layers.layers.preprocessing.adapting import array_batches
from kcore_layers.layers.preprocessing.category_encoding import checked_numbers
from kcore_layers.layers.preprocessing.encoding import checked_mode, encoded, refuse_sparse
from kcore_layers.layers.preprocessing.on_host import as_array, is_text
from kcore_layers.layers.preprocessing.quantile_summary import EMPTY, bin_boundaries, merged
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.options.weight_options import checked_count, checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["Discretization"]


@builtin("keras.layers")
class Discretization(DataLayer):
    """Give the index of the bin that each number lies in; the boundaries between bins are given, or found by `adapt`.

    Bin `i` has the numbers from boundary `i - 1` on and below boundary `i`, so that there is one bin more than
    boundaries. NaN is in the last.

    Shapes: "int" keeps that of the input; "one_hot" adds an axis, in place of a last one of length 1; "multi_hot" and
    "count" put one in place of the second axis, or of the only one. Dtype: int32 in mode "int", else the layer's.

    Args:
        bin_boundaries: list or array of numbers, in order; None leaves them to `adapt`.
        num_bins: int, how many bins `adapt` makes at most, of about as many numbers each; None where boundaries are
            given.
        epsilon: float, how exact quantiles are, as a share of all data; 0.01.
        output_mode: "int", "one_hot", "multi_hot" or "count"; "int".
        sparse: only False: there are no sparse tensors.
        dtype: dtype or policy of the layer, its name or config; None, the default, is the global policy.
        name: string, the layer's name; None makes one up.

    Raises:
        ArgumentError: if neither boundaries nor their number is given, or both, or an argument is none of those.

    >>> Discretization(bin_boundaries=[0.0, 1.0, 2.0])(np.array([[-1.5, 1.0, 3.4, 0.5]]))
    array([[0, 2, 3, 1]], dtype=int32)
    """

    bin_boundaries: list[float] | None
    summary: np.ndarray[Any, Any]
    _given_boundaries: bool

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: DTypeLike = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if (bin_boundaries is None) == (num_bins is None):
            which = (
                "neither bin_boundaries nor num_bins was" if num_bins is None else "bin_boundaries and num_bins were"
            )
            raise ArgumentError(f"{which} given", fix="pass boundaries, or num_bins and call adapt").at(
                "Discretization"
            )
        if num_bins is not None:
            checked_count(self, "num_bins", num_bins)
        checked_number(self, "epsilon", epsilon)
        refuse_sparse("Discretization", sparse=sparse)
        self.sparse = False
        self.num_bins = num_bins
        self.epsilon = float(epsilon)
        self.output_mode = checked_mode("Discretization", output_mode, ("int", "one_hot", "multi_hot", "count"))
        self._kcore_set_untracked("_given_boundaries", bin_boundaries is not None)
        self.bin_boundaries = None if bin_boundaries is None else _checked_boundaries(bin_boundaries)
        self._kcore_set_untracked("summary", EMPTY)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries between bins of about as many numbers each, forgetting those found before.

        Args:
            data: array, tensor, list, data frame or column of one; or a dataset or an iterator of batches.
            steps: int, at most so many batches of a dataset are read; None, the default, is all.

        Raises:
            ArgumentError: if boundaries were given, or there are no data.
        """
        with located(f'layer "{self.path}"'):
            if self._given_boundaries:
                raise ArgumentError("bin_boundaries were given and can not be adapted", fix="pass num_bins instead")
            self.reset_state()
            for batch in array_batches(data, steps):
                self.update_state(batch)
            self.finalize_state()

    def reset_state(self) -> None:
        """Forget the data so far; boundaries stay until `finalize_state`."""
        self._kcore_set_untracked("summary", EMPTY)

    def update_state(self, data: Any) -> None:
        """Take more data into account, for `finalize_state` to make boundaries of.

        Args:
            data: numbers: array, tensor or list, of any shape.
        """
        x = as_array(data)
        if x.size and is_text(x):
            raise DTypeError("the data are strings, where numbers are needed", fix="use StringLookup for strings")
        self._kcore_set_untracked("summary", merged(self.summary, x, self.epsilon))

    def finalize_state(self) -> None:
        """Make the boundaries of the data so far.

        Raises:
            ArgumentError: if there were none.
        """
        if self._given_boundaries:
            return
        if not self.summary.size:
            raise ArgumentError("there are no data to make bins of", fix="pass some").at(f'layer "{self.path}"')
        assert self.num_bins is not None
        self.bin_boundaries = bin_boundaries(self.summary, self.num_bins).tolist()

    @property
    def output_dtype(self) -> str:
        """The dtype of what a call returns."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def call(self, inputs: Tensor) -> Tensor:
        """Return the bins, or vectors of them.

        Args:
            inputs: tensor of numbers.
        """
        if self.bin_boundaries is None:
            raise ArgumentError("there are no boundaries of bins yet", fix="call adapt, or pass bin_boundaries=")
        x = ops.cast(checked_numbers(inputs, "numbers"), at_least_float32(self.compute_dtype))
        boundaries = np.asarray(self.bin_boundaries, ops.dtype(x))
        bins = ops.searchsorted(boundaries, x, side="right")
        return encoded(bins, self.output_mode, len(boundaries) + 1, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it, with the boundaries found."""
        names = ("num_bins", "epsilon", "output_mode", "sparse")
        own: dict[str, Any] = {name: getattr(self, name) for name in names}
        boundaries = None if self.bin_boundaries is None else list(self.bin_boundaries)
        return {"bin_boundaries": boundaries, **own, "name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        if config.get("bin_boundaries") is None or config.get("num_bins") is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = _checked_boundaries(config["bin_boundaries"])
        return layer


def _checked_boundaries(boundaries: Any) -> list[float]:
    values = np.asarray(as_array(boundaries))
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iufb") or np.any(np.diff(values) < 0):
        raise ArgumentError(f"bin_boundaries are {boundaries!r}", fix="pass a list of numbers, the smallest first").at(
            "Discretization"
        )
    return [float(value) for value in values]
