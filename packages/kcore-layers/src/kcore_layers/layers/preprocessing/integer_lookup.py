"""`IntegerLookup`: integers as their indices in a vocabulary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import TensorSpec
from kcore_ops.backends.current import current_backend
from kcore_ops.dtypes import limits
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError
from kcore_ops.specs.shapes import one_of

from kcore_layers.base.data_layer import DataLayer
from kcore_layers.layers.preprocessing.category_encoding import checked_numbers
from kcore_layers.layers.preprocessing.hashing import checked_salt, hash_bins
from kcore_layers.layers.preprocessing.index_lookup import Array, IndexLookup
from kcore_layers.layers.preprocessing.on_host import as_strings, is_text, on_host, shape_known
from kcore_layers.options.argument_types import LayerOptionsBesideName
from kcore_layers.serialization.registry import builtin

__all__ = ["IntegerLookup"]


@builtin("keras.layers")
class IntegerLookup(IndexLookup, DataLayer):
    """Give the index of each integer in a vocabulary, which is given or found by `adapt`.

    Indices begin with the mask token, if there is one, then come `num_oov_indices` for integers that are not in the
    vocabulary, and its tokens. `adapt` puts the most frequent tokens first.

    Shapes: "int" keeps that of the input; "one_hot" adds an axis, in place of a last one of length 1; "multi_hot",
    "count" and "tf_idf" put one in place of the second axis, or of the only one. Dtype: int64, and that of the layer in
    mode "tf_idf". Other numbers are cut to integers first.

    Args:
        max_tokens: int, largest size of the vocabulary; None, the default, is no limit.
        num_oov_indices: int, how many indices integers that are not in the vocabulary share; with 0 they are an error,
            and -1 in compiled code; 1.
        mask_token: int whose index is 0, and which counts nowhere in the other modes; None, the default, is none.
        oov_token: int that stands for integers that are not in the vocabulary; -1.
        vocabulary: array, list or tuple of integers, or the path of a text file with one a line; None, the default,
            leaves it to `adapt`.
        vocabulary_dtype: only "int64".
        idf_weights: array or list of numbers, what each token counts for in mode "tf_idf"; None.
        invert: bool, whether integers are found for indices; False.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf"; "int".
        sparse: only False: there are no sparse tensors.
        pad_to_max_tokens: bool, whether vectors are of size `max_tokens` whatever the vocabulary's size; False.
        oov_method: how several indices are shared: "floormod", the default, by the remainder, or "farmhash", by a hash.
        salt: int, or two of them, a key of SipHash in place of FarmHash; None.
        name: string, the layer's name; None makes one up.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is none of those, or the vocabulary has a token twice.

    >>> IntegerLookup(vocabulary=[10, 20])(np.array([20, 7, 10]))
    array([2, 0, 1])
    """

    vocabulary_dtype: str
    oov_method: str
    salt: tuple[int, int] | None

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Sequence[int] | Array | str | os.PathLike[str] | None = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Sequence[float] | Array | None = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: int | Sequence[int] | None = None,
        name: str | None = None,
        **kwargs: Unpack[LayerOptionsBesideName],
    ) -> None:
        for argument, value, allowed in (
            ("vocabulary_dtype", vocabulary_dtype, ("int64",)),
            ("oov_method", oov_method, ("floormod", "farmhash")),
        ):
            try:
                one_of(argument, value, allowed)
            except ArgumentError as error:
                raise error.at("IntegerLookup") from None
        self._kcore_set_untracked("vocabulary_dtype", vocabulary_dtype)
        self._kcore_set_untracked("oov_method", oov_method)
        self._kcore_set_untracked("salt", checked_salt("IntegerLookup", salt))
        if salt is not None and oov_method != "farmhash":
            problem = f"salt is of a hash, and oov_method is {oov_method!r}"
            raise ArgumentError(problem, fix='pass oov_method="farmhash", or leave out salt').at("IntegerLookup")
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            name=name,
            **kwargs,
        )

    def _token_of_line(self, line: str) -> int:
        try:
            return int(line)
        except ValueError:
            raise ArgumentError(
                f"a line of the vocabulary is {line!r}, which is no integer", fix="have one a line"
            ) from None

    def _checked_tokens(self, tokens: Array) -> list[Any]:
        if tokens.size and is_text(tokens):
            raise DTypeError(
                "tokens are strings, where integers are needed", fix="pass integers, or use StringLookup for strings"
            )
        return [int(token) for token in tokens.ravel().astype("int64").tolist()]

    def _indices(self, inputs: Tensor) -> Tensor:
        dtype = current_backend().canonical_dtype("int64")
        x = ops.cast(checked_numbers(inputs, "integers"), dtype)
        if isinstance(x, TensorSpec):  # the vocabulary may be found later
            return TensorSpec(x.shape, dtype)
        start, first = len(self._special()), self._first_oov
        least, most = limits(dtype)
        tokens = np.asarray(self._known_tokens, "int64")
        order = np.argsort(tokens, kind="stable")
        order = order[(tokens[order] >= least) & (tokens[order] <= most)]  # others no input can be
        tokens = tokens[order].astype(dtype)
        place = ops.minimum(ops.searchsorted(tokens, x), max(len(tokens) - 1, 0))
        is_known = ops.equal(ops.take(tokens, place), x)
        if self.mask_token is not None:
            is_masked = ops.equal(x, np.asarray(self.mask_token, dtype))
            is_known = ops.logical_or(is_known, is_masked)
        indices = ops.where(
            is_known, ops.take((order + start).astype(dtype), place), self._oov_index(x, first, is_known)
        )
        if self.mask_token is not None:
            indices = ops.where(is_masked, np.asarray(0 if self.output_mode == "int" else -1, dtype), indices)
        return ops.cast(indices, dtype)

    def _oov_index(self, x: Any, first: int, is_known: Any) -> Any:
        """Return the index of each integer if the vocabulary has it not."""
        dtype = ops.dtype(x)
        if self.num_oov_indices == 0:
            self._refuse_unknown(x, is_known)
            return np.asarray(-1, dtype)
        if self.num_oov_indices == 1:
            return np.asarray(first, dtype)
        count = self.num_oov_indices
        if self.oov_method == "floormod":
            return ops.add(ops.mod(x, np.asarray(count, dtype)), np.asarray(first, dtype))

        def hashed(values: Array) -> Array:
            return first + hash_bins(as_strings(values), count, self.salt).reshape(values.shape)

        return on_host(hashed, shape_known(x), dtype, x)

    def _refuse_unknown(self, x: Any, is_known: Any) -> None:
        if current_backend().is_traced(x):
            return
        unknown = ops.convert_to_numpy(x)[~ops.convert_to_numpy(is_known)]
        if unknown.size:
            raise ArgumentError(
                f"the vocabulary lacks {unknown.ravel()[:5].tolist()}",
                fix="pass num_oov_indices=1 for one index of all integers that it lacks",
            )

    def _found_tokens(self, inputs: Tensor) -> Tensor:
        dtype = current_backend().canonical_dtype("int64")
        x = ops.cast(checked_numbers(inputs, "indices"), dtype)
        if isinstance(x, TensorSpec):
            return TensorSpec(x.shape, dtype)
        self._known_tokens  # noqa: B018 (there has to be a vocabulary)
        tokens = np.asarray([*self.get_vocabulary(), -1 if self.oov_token is None else self.oov_token], dtype)
        is_index = ops.logical_and(ops.greater_equal(x, 0), ops.less(x, len(tokens) - 1))
        return ops.take(tokens, ops.where(is_index, x, np.asarray(len(tokens) - 1, dtype)))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it; a vocabulary that was not an argument is in a file."""
        salt = None if self.salt is None else list(self.salt)
        own = {"vocabulary_dtype": self.vocabulary_dtype, "oov_method": self.oov_method, "salt": salt}
        return {**super().get_config(), **own}
