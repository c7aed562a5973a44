"""`Hashing`: strings and integers as one of a number of bins, without a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from kcore_ops.dtypes import is_int_dtype
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.layers.preprocessing.encoding import checked_mode, encoded, refuse_sparse
from kcore_layers.layers.preprocessing.fingerprints import farm_fingerprints, sip_hashes
from kcore_layers.layers.preprocessing.on_host import HostLayer, as_strings, on_host, shape_known
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["Hashing"]


@builtin("keras.layers")
class Hashing(HostLayer):
    """Put strings and integers into bins, by their hash: FarmHash's fingerprint, or with `salt` SipHash.

    Shapes: "int" keeps that of the input; "one_hot" adds an axis of `num_bins`, in place of a last one of length 1;
    "multi_hot" and "count" put one in place of the second axis, or of the only one. Dtype: int64 in mode "int", unless
    `dtype` is another integer one; that of the layer in others. Integers are hashed as their decimal digits.

    Args:
        num_bins: int, number of bins, that of the mask included.
        mask_value: string or int that bin 0 is kept for; None, the default, keeps none.
        salt: int, or two of them, the key of SipHash; None, the default, is FarmHash.
        output_mode: "int", "one_hot", "multi_hot" or "count"; "int".
        sparse: only False: there are no sparse tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is none of those.

    >>> Hashing(num_bins=10)(["a", "bb", "ccc"])
    array([9, 2, 5])
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: str | int | None = None,
        salt: int | Sequence[int] | None = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        output_mode = checked_mode("Hashing", output_mode, ("int", "one_hot", "multi_hot", "count"))
        if output_mode == "int" and kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64"
        super().__init__(**kwargs)
        refuse_sparse("Hashing", sparse=sparse)
        if output_mode == "int" and not is_int_dtype(self.compute_dtype):
            raise ArgumentError(
                f'dtype is {self.compute_dtype}, and bins are integers in output_mode "int"',
                fix='leave out dtype=, or pass "int32" or "int64"',
            ).at("Hashing")
        self.num_bins = checked_count(self, "num_bins", num_bins)
        self.mask_value = mask_value
        self.salt = checked_salt("Hashing", salt)
        self.output_mode = output_mode
        self.sparse = False

    def call(self, inputs: Tensor) -> Tensor:
        """Return the bins, or vectors of them.

        Args:
            inputs: strings or integers: array, tensor, list, or column of a data frame.
        """
        dtype = self.compute_dtype if self.output_mode == "int" else "int64"
        bins = on_host(self._bins, shape_known(inputs), dtype, inputs)
        return encoded(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _bins(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        strings = as_strings(x)
        has_mask = self.mask_value is not None and self.num_bins > 1
        bins = hash_bins(strings, self.num_bins - has_mask, self.salt) + has_mask
        if self.mask_value is not None:
            mask = as_strings(np.asarray(self.mask_value))[0]
            bins[np.fromiter((each == mask for each in strings), bool, len(strings))] = 0
        dtype = self.compute_dtype if self.output_mode == "int" else "int64"
        return bins.reshape(x.shape).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        names = ("num_bins", "salt", "mask_value", "output_mode", "sparse")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "salt": None if self.salt is None else list(self.salt)}


def checked_salt(layer: str, salt: Any) -> tuple[int, int] | None:
    """Return the two integers of a key.

    Args:
        layer: string, name of the layer's class.
        salt: what was passed: an int, two, or None.

    Raises:
        ArgumentError: if it is something else.
    """
    key = [salt, salt] if isinstance(salt, int) else salt
    if key is None:
        return None
    is_pair = isinstance(key, Sequence) and len(key) == 2 and all(hasattr(half, "__index__") for half in key)
    if not is_pair or isinstance(salt, bool | str | bytes):
        raise ArgumentError(f"salt is {salt!r}, which is no key", fix="pass an integer, or two of them").at(layer)
    return int(key[0]), int(key[1])


def hash_bins(strings: Sequence[bytes], num_bins: int, salt: tuple[int, int] | None) -> np.ndarray[Any, Any]:
    """Return the bin of each string, an int64 from 0 to `num_bins` - 1.

    Args:
        strings: the strings, as UTF-8.
        num_bins: int, number of bins.
        salt: the key of SipHash; None is FarmHash.
    """
    hashes = farm_fingerprints(strings) if salt is None else sip_hashes(strings, salt)
    return (hashes % np.uint64(num_bins)).astype("int64")
