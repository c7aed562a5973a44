"""`StringLookup`: strings as their indices in a vocabulary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from kcore_ops.dtypes import STRING
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError

from kcore_layers.layers.preprocessing.hashing import checked_salt, hash_bins
from kcore_layers.layers.preprocessing.index_lookup import Array, IndexLookup
from kcore_layers.layers.preprocessing.on_host import HostLayer, as_strings, is_text, on_host, shape_known
from kcore_layers.options.argument_types import LayerOptionsBesideName
from kcore_layers.serialization.registry import builtin

__all__ = ["StringLookup"]


@builtin("keras.layers")
class StringLookup(IndexLookup, HostLayer):
    """Give the index of each string in a vocabulary, which is given or found by `adapt`.

    Indices begin with the mask token, if there is one, then come `num_oov_indices` for strings that are not in the
    vocabulary, and its tokens. `adapt` puts the most frequent tokens first.

    Shapes: "int" keeps that of the input; "one_hot" adds an axis, in place of a last one of length 1; "multi_hot",
    "count" and "tf_idf" put one in place of the second axis, or of the only one. Dtype: int64, and that of the layer in
    mode "tf_idf". With `invert` strings come out: objects of NumPy's, or TensorFlow's tensors.

    Args:
        max_tokens: int, largest size of the vocabulary; None, the default, is no limit.
        num_oov_indices: int, how many indices strings that are not in the vocabulary share, by their hash; with 0 they
            are an error; 1.
        mask_token: string whose index is 0, and which counts nowhere in the other modes; None, the default, is none.
        oov_token: string that stands for strings that are not in the vocabulary; "[UNK]".
        vocabulary: array, list or tuple of strings, or the path of a text file with one a line; None, the default,
            leaves it to `adapt`.
        idf_weights: array or list of numbers, what each token counts for in mode "tf_idf"; None.
        invert: bool, whether strings are found for indices; False.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf"; "int".
        pad_to_max_tokens: bool, whether vectors are of size `max_tokens` whatever the vocabulary's size; False.
        sparse: only False: there are no sparse tensors.
        encoding: string, how text is encoded in files and bytes that are adapted to; "utf-8".
        name: string, the layer's name; None makes one up.
        salt: int, or two of them, a key of SipHash, by which strings share several indices; None is FarmHash.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is none of those, or the vocabulary has a token twice.

    >>> layer = StringLookup(vocabulary=["a", "b"])
    >>> layer(["b", "z"])
    array([2, 0])
    >>> StringLookup(vocabulary=["a", "b"], output_mode="count")([["b", "z", "b"]])
    array([[1, 0, 2]])
    """

    encoding: str
    salt: tuple[int, int] | None

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Sequence[str] | Array | str | os.PathLike[str] | None = None,
        idf_weights: Sequence[float] | Array | None = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: int | Sequence[int] | None = None,
        **kwargs: Unpack[LayerOptionsBesideName],
    ) -> None:
        self._kcore_set_untracked("encoding", encoding)
        self._kcore_set_untracked("salt", checked_salt("StringLookup", salt))
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

    def _kcore_encoding(self) -> str:
        return self.encoding

    def _token_of_line(self, line: str) -> str:
        return line

    def _checked_tokens(self, tokens: Array) -> list[Any]:
        if tokens.size and not is_text(tokens):
            raise DTypeError(
                f"tokens are of dtype {tokens.dtype}, where strings are needed",
                fix="pass strings, or use IntegerLookup for integers",
            )
        return [each if each.__class__ is str else _decoded(each, self.encoding) for each in tokens.ravel().tolist()]

    def _indices(self, inputs: Tensor) -> Tensor:
        if not is_text(inputs):
            raise DTypeError(
                "the inputs are numbers, where strings are needed", fix="use IntegerLookup, or pass strings"
            )
        return on_host(self._index_of_each, shape_known(inputs), "int64", inputs)

    def _index_of_each(self, x: Array) -> Array:
        strings = as_strings(x)
        table = self._table
        if table is None:
            start = len(self._special())
            table = {as_utf8(token): start + i for i, token in enumerate(self._known_tokens)}
            if self.mask_token is not None:
                table[as_utf8(self.mask_token)] = 0 if self.output_mode == "int" else -1
            self._kcore_set_untracked("_table", table)
        first = self._first_oov
        get = table.get
        if self.num_oov_indices == 1:
            return np.fromiter((get(each, first) for each in strings), np.int64, len(strings)).reshape(x.shape)
        indices = np.fromiter((get(each, -2) for each in strings), np.int64, len(strings))
        missing = np.flatnonzero(indices == -2)
        if len(missing):
            unknown = [strings[i] for i in missing]
            if self.num_oov_indices == 0:
                raise ArgumentError(
                    f"the vocabulary lacks {[each.decode('utf-8', 'replace') for each in unknown[:5]]}",
                    fix="pass num_oov_indices=1 for one index of all strings that it lacks",
                )
            indices[missing] = first + hash_bins(unknown, self.num_oov_indices, self.salt)
        return indices.reshape(x.shape)

    def _found_tokens(self, inputs: Tensor) -> Tensor:
        if is_text(inputs):
            raise DTypeError("the inputs are strings, where indices are needed", fix="pass integers, or invert=False")
        return on_host(self._token_of_each, shape_known(inputs), STRING, inputs)

    def _token_of_each(self, x: Array) -> Array:
        unknown = as_utf8("[UNK]" if self.oov_token is None else self.oov_token)
        self._known_tokens  # noqa: B018 (there has to be a vocabulary)
        tokens = np.array([*map(as_utf8, self.get_vocabulary()), unknown], object)
        indices = x.astype("int64")
        is_known = (indices >= 0) & (indices < len(tokens) - 1)
        return np.asarray(tokens[np.where(is_known, indices, len(tokens) - 1)], object)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it; a vocabulary that was not an argument is in a file."""
        salt = None if self.salt is None else list(self.salt)
        return {**super().get_config(), "oov_method": "floormod", "salt": salt, "encoding": self.encoding}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.

        Raises:
            ArgumentError: if the vocabulary is a path: what is loaded reads no other files.
        """
        # Of integers only: Keras writes it for strings as well.
        return super().from_config({name: value for name, value in config.items() if name != "oov_method"})


def as_utf8(token: str) -> bytes:
    """Return a token as it is looked up.

    Args:
        token: string.
    """
    return as_strings(np.array([token], object))[0]


def _decoded(token: Any, encoding: str) -> str:
    if isinstance(token, bytes):
        return token.decode(encoding, "surrogateescape")
    if isinstance(token, str):
        return str(token)
    raise DTypeError(f"{token!r}, a {type(token).__name__}, stands where strings are needed", fix="pass strings")
