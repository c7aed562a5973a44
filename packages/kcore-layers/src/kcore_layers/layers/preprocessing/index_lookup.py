"""`IndexLookup`: what layers with a vocabulary have in common, whether its tokens are strings or integers."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import TensorSpec
from kcore_ops.backends.current import current_backend
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError, located

from kcore_layers.base.layer import Layer
from kcore_layers.base.tracking import attributes_changed
from kcore_layers.layers.preprocessing.adapting import array_batches
from kcore_layers.layers.preprocessing.encoding import checked_mode, encoded, refuse_sparse
from kcore_layers.layers.preprocessing.on_host import as_array
from kcore_layers.layers.preprocessing.token_counts import TokenCounts
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import original_class

__all__ = ["MODES", "IndexLookup"]

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
_FILE = "vocabulary.txt"
Array = np.ndarray[Any, Any]


class IndexLookup(Layer):
    """A layer with a vocabulary: mask and out-of-vocabulary tokens first, then tokens, the most frequent first.

    Subclasses say what a token is, and look up indices.

    Args:
        max_tokens: int, the largest size of the vocabulary; None is no limit.
        num_oov_indices: int, how many indices tokens that are not in the vocabulary share; 0 makes them an error.
        mask_token: token whose index is 0; None is none. It is no part of the vocabulary in modes other than "int".
        oov_token: token that stands for those indices.
        vocabulary: tokens: array, list or tuple, or the path of a text file with one a line; None leaves them to
            `adapt`.
        idf_weights: numbers, what each token counts for in mode "tf_idf".
        invert: bool, whether indices are looked up, and tokens found.
        output_mode: one of `MODES`.
        pad_to_max_tokens: bool, whether vectors have the size `max_tokens`, whatever the vocabulary's is.
        sparse: only False.
        **kwargs: as `Layer` takes them.
    """

    vocabulary_version = 0  # another one, another compiled step
    _label: str
    _tokens: list[Any] | None
    _table: dict[bytes, int] | None
    _idf: list[float] | None
    _counts: TokenCounts | None
    _size_in_file: int | None
    _given: tuple[list[Any], list[float] | None] | None

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kcore_set_untracked("_label", kind := original_class(type(self)).__name__)
        if max_tokens is not None:
            checked_count(self, "max_tokens", max_tokens, least=2)
        self.max_tokens = max_tokens
        self.num_oov_indices = checked_count(self, "num_oov_indices", num_oov_indices, least=0)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode = checked_mode(kind, output_mode, MODES)
        self.invert = bool(invert)
        refuse_sparse(kind, sparse=sparse)
        self.sparse = False
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        if self.invert and output_mode != "int":
            problem = f"invert looks up tokens, and output_mode {output_mode!r} gives vectors"
            raise ArgumentError(problem, fix='leave output_mode at "int"').at(kind)
        if self.pad_to_max_tokens and max_tokens is None:
            raise ArgumentError("pad_to_max_tokens needs a size", fix="pass max_tokens=").at(kind)
        if idf_weights is not None and output_mode != "tf_idf":
            raise ArgumentError(
                f"idf_weights were given, and output_mode {output_mode!r} takes none", fix='pass output_mode="tf_idf"'
            ).at(kind)
        self._kcore_set_untracked("_tokens", None)
        self._kcore_set_untracked("_table", None)
        self._kcore_set_untracked("_idf", None)
        self._kcore_set_untracked("_counts", None)
        self._kcore_set_untracked("_size_in_file", None)
        self._kcore_set_untracked("_given", None)  # vocabulary and weights, where they were given as arguments
        self._is_static = False
        if vocabulary is not None:
            is_file = isinstance(vocabulary, str | os.PathLike)
            self.set_vocabulary(vocabulary, idf_weights)
            if not is_file:
                self._kcore_set_untracked("_given", (list(self._tokens_given(vocabulary)), _numbers(idf_weights)))

    # What subclasses say.

    def _checked_tokens(self, tokens: Array) -> list[Any]:
        """Return the tokens of an array."""
        raise NotImplementedError

    def _token_of_line(self, line: str) -> Any:
        """Return the token that a line of a file stands for."""
        raise NotImplementedError

    def _indices(self, inputs: Tensor) -> Tensor:
        """Return the index of each token; -1 for the mask in modes other than "int"."""
        raise NotImplementedError

    def _found_tokens(self, inputs: Tensor) -> Tensor:
        """Return the token of each index."""
        raise NotImplementedError

    # The vocabulary.

    def _special(self, with_mask: bool | None = None) -> list[Any]:
        with_mask = self.output_mode == "int" if with_mask is None else with_mask
        mask = [] if self.mask_token is None or not with_mask else [self.mask_token]
        return [*mask, *[self.oov_token] * self.num_oov_indices]

    @property
    def _first_oov(self) -> int:
        return len(self._special()) - self.num_oov_indices

    def _tokens_given(self, vocabulary: Any) -> list[Any]:
        if isinstance(vocabulary, str | os.PathLike):
            return self._read(vocabulary)
        tokens = as_array(vocabulary)
        if tokens.ndim != 1:
            raise ShapeError(f"the vocabulary has shape {tokens.shape}", fix="pass a list of tokens").at(self._label)
        return [] if not tokens.size else self._checked_tokens(tokens)

    def _read(self, path: str | os.PathLike[str]) -> list[Any]:
        try:
            with open(path, encoding=self._kcore_encoding()) as file:
                text = file.read()
        except OSError as error:
            raise ArgumentError(
                f"there is no vocabulary in {os.fspath(path)!r}: {error.strerror}",
                fix="pass a file with a token a line",
            ).at(self._label) from None
        return self._tokens_of_text(text)

    def _tokens_of_text(self, text: str) -> list[Any]:
        lines = text.split("\n")
        return [self._token_of_line(line) for line in (lines[:-1] if lines[-1] == "" and len(lines) > 1 else lines)]

    def _kcore_encoding(self) -> str:
        return "utf-8"

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take a vocabulary, with which `adapt` has nothing to do from now on.

        Args:
            vocabulary: tokens: array, list or tuple, with the mask and out-of-vocabulary tokens in front or without
                them; or the path of a text file with one token a line.
            idf_weights: numbers, what each token counts for; None, the default, in modes other than "tf_idf".

        Raises:
            ArgumentError: if a token stands there twice, there are more than `max_tokens`, or weights are missing.
        """
        with located(self._label):
            tokens = self._tokens_given(vocabulary)
            if not tokens:
                raise ArgumentError("the vocabulary is empty", fix="pass at least one token")
            weights = _numbers(idf_weights)
            if self.output_mode == "tf_idf" and weights is None:
                raise ArgumentError('output_mode "tf_idf" needs the weights of tokens', fix="pass idf_weights= as well")
            if self.output_mode != "tf_idf" and weights is not None:
                problem = f"idf_weights were given, and output_mode {self.output_mode!r} takes none"
                raise ArgumentError(problem, fix="leave out idf_weights")
            if weights is not None and len(weights) != len(tokens):
                problem = f"there are {len(tokens)} tokens and {len(weights)} idf_weights"
                raise ArgumentError(problem, fix="pass a number for each token")
            self._take(tokens, weights)
        self._is_static = True

    def _take(self, tokens: list[Any], weights: list[float] | None) -> None:
        """Check and set tokens, which may begin with the special ones, and their weights."""
        of_special = None
        for special in (self._special(True), self._special(False)):
            if special and tokens[: len(special)] == special:
                if weights is not None:
                    of_special, weights = weights[: self.num_oov_indices], weights[len(special) :]
                tokens = tokens[len(special) :]
                break
        repeated = (
            sorted({token for token in tokens if tokens.count(token) > 1}) if len({*tokens}) < len(tokens) else []
        )
        if repeated:
            raise ArgumentError(f"tokens stand there twice: {repeated[:5]}", fix="name each once")
        if self.mask_token is not None and self.mask_token in tokens:
            raise ArgumentError(
                f"the mask token {self.mask_token!r} stands among the others",
                fix=f"leave it out, or let the vocabulary begin with {self._special(True)}",
            )
        size = len(self._special()) + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            problem = f"the vocabulary has the size {size}, and max_tokens is {self.max_tokens}"
            raise ArgumentError(problem, fix="pass fewer tokens, or a larger max_tokens")
        self._set_tokens(tokens)
        if weights is not None:
            mean = float(np.mean(np.asarray(weights, "float32"))) if weights else 0.0
            self._kcore_set_untracked("_idf", [*(of_special or [mean] * self.num_oov_indices), *weights])

    def _set_tokens(self, tokens: list[Any]) -> None:
        self._kcore_set_untracked("_tokens", tokens)
        self._kcore_set_untracked("_table", None)
        self._kcore_set_untracked("_counts", None)
        self.vocabulary_version += 1
        attributes_changed()

    @property
    def _known_tokens(self) -> list[Any]:
        if self._tokens is None:
            raise ArgumentError("there is no vocabulary yet", fix="call adapt or set_vocabulary, or pass vocabulary=")
        found: list[Any] = self._tokens
        return found

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the tokens, in the order of their indices.

        Args:
            include_special_tokens: bool, whether mask and out-of-vocabulary tokens are among them; True by default.
        """
        return [*(self._special() if include_special_tokens else []), *(self._tokens or [])]

    def vocabulary_size(self) -> int:
        """Return the number of tokens, mask and out-of-vocabulary tokens included."""
        return len(self._special()) + len(self._tokens or [])

    # Adapting.

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Make the vocabulary of the tokens in data, forgetting any before.

        Args:
            data: array, list, data frame or column of one; or a dataset or an iterator of batches. In an array each
                element of the first axis is a document; so it is in a batch, but that one of a single axis is one.
            steps: int, at most so many batches of a dataset are read; None, the default, is all.

        Raises:
            ArgumentError: if the vocabulary was given, or there are no tokens.
        """
        with located(f'layer "{self.path}"'):
            self._check_adaptable()
            self.reset_state()
            for batch in array_batches(data, steps):
                self.update_state(batch)
            self.finalize_state()

    def _check_adaptable(self) -> None:
        if self._is_static:
            raise ArgumentError(
                "the vocabulary was given and can not be adapted", fix="leave out vocabulary=, and set_vocabulary"
            )

    def reset_state(self) -> None:
        """Forget what was counted; the vocabulary stays until `finalize_state`."""
        self._kcore_set_untracked("_counts", None)

    def update_state(self, data: Any) -> None:
        """Count the tokens of data, for `finalize_state` to make a vocabulary of.

        Args:
            data: tokens: array, tensor or list. Of several axes the first is that of documents; else it is one.
        """
        x = as_array(data)
        self._count(x.reshape(1, -1) if x.ndim < 2 else x.reshape(len(x), math.prod(x.shape[1:])))

    def _count(self, rows: Array) -> None:
        tokens = self._checked_tokens(rows)
        width = rows.shape[1]
        self._count_documents([tokens[i : i + width] for i in range(0, len(tokens), width)] if width else [])

    def _count_documents(self, documents: Sequence[Sequence[Any]]) -> None:
        if self._counts is None:
            self._kcore_set_untracked("_counts", TokenCounts())
        counts: TokenCounts = self._counts  # type: ignore[assignment]
        counts.update(documents)

    def finalize_state(self) -> None:
        """Make the vocabulary of the tokens that were counted.

        Raises:
            ArgumentError: if there were none.
        """
        counts = self._counts
        if counts is None:
            return
        special = {self.mask_token, self.oov_token} - {None}
        limit = None if self.max_tokens is None else self.max_tokens - len(self._special())
        tokens = counts.most_common(limit, without=special)
        if not tokens:
            raise ArgumentError("there are no tokens to make a vocabulary of", fix="pass data that have some").at(
                f'layer "{self.path}"'
            )
        self._take(tokens, counts.idf_weights(tokens) if self.output_mode == "tf_idf" else None)

    # The call.

    def call(self, inputs: Tensor) -> Tensor:
        """Return the indices of tokens, or vectors of them; with `invert`, the tokens of indices.

        Args:
            inputs: tokens, or with `invert` indices.
        """
        if self.invert:
            return self._found_tokens(inputs)
        return self._encoded(self._indices(inputs))

    def _encoded(self, indices: Tensor) -> Tensor:
        """Return indices as the vectors of the output mode."""
        mode = self.output_mode
        if mode == "int":
            return indices
        if mode == "tf_idf":
            vectors = encoded(indices, "count", self._vector_size(), self.compute_dtype)
            return ops.multiply(vectors, self._weight_of_each())
        return encoded(indices, mode, self._vector_size(), current_backend().canonical_dtype("int64"))

    def _weight_of_each(self) -> Array:
        """Return what each index counts for, in the compute dtype."""
        if self._tokens is None and self._size_in_file is not None:  # a graph is being made
            return np.zeros(self._vector_size(), numpy_dtype(self.compute_dtype))
        if self._idf is None:
            raise ArgumentError("tokens have no weights yet", fix="call adapt, or set_vocabulary with idf_weights")
        weights = np.zeros(self._vector_size(), numpy_dtype(self.compute_dtype))
        num_weights = min(len(weights), len(self._idf))
        weights[:num_weights] = self._idf[:num_weights]
        return weights

    def _vector_size(self) -> int:
        if self.pad_to_max_tokens:
            assert self.max_tokens is not None
            return self.max_tokens
        if self._tokens is None and self._size_in_file is not None:
            found: int = self._size_in_file
            return found
        return len(self._special()) + len(self._known_tokens)

    # Configuration and files.

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it; a vocabulary that was not an argument is in a file."""
        names = ("invert", "max_tokens", "num_oov_indices", "oov_token", "mask_token", "output_mode", "sparse",
                 "pad_to_max_tokens")  # fmt: skip
        own = {name: getattr(self, name) for name in names}
        vocabulary, weights = self._vocabulary_config()
        size = None if self._tokens is None else self.vocabulary_size()
        kept = {"vocabulary": vocabulary, "idf_weights": weights, "vocabulary_size": size}
        return {**super().get_config(), **own, **kept}

    def _vocabulary_config(self) -> tuple[list[Any] | None, list[float] | None]:
        if self._given is not None:
            tokens, weights = self._given
            return list(tokens), weights
        if self._tokens is not None and any("\n" in str(token) or "\r" in str(token) for token in self._tokens):
            # A line of a file has no room for them.
            return list(self._tokens), None if self._idf is None else self._idf[self.num_oov_indices :]
        return None, None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.

        Raises:
            ArgumentError: if the vocabulary is a path: what is loaded reads no other files.
        """
        if isinstance(config.get("vocabulary"), str):
            raise ArgumentError(
                "a config names a file for the vocabulary", fix="pass the path to the class, or tokens in the config"
            ).at(cls.__name__)
        layer = super().from_config({name: value for name, value in config.items() if name != "vocabulary_size"})
        layer._expect_size(config.get("vocabulary_size"))
        return layer

    def _expect_size(self, size: Any) -> None:
        """Note the size of a vocabulary that is in a file still to be read, as graphs are made before."""
        if self._tokens is None and isinstance(size, int) and size > len(self._special()):
            self._kcore_set_untracked("_size_in_file", size)

    def save_own_assets(self, store: MutableMapping[str, bytes]) -> None:
        """Put the vocabulary into the files of a model, unless it is in the config.

        Args:
            store: takes the content of each file by its name.
        """
        if self._tokens is not None and self._vocabulary_config()[0] is None:
            store[_FILE] = "\n".join(map(str, self.get_vocabulary())).encode(self._kcore_encoding(), "surrogateescape")

    def load_own_assets(self, store: Mapping[str, bytes]) -> None:
        """Take the vocabulary from the files of a model.

        Args:
            store: gives the content of each file by its name.
        """
        text = store[_FILE].decode(self._kcore_encoding(), "surrogateescape")
        with located(f'layer "{self.path}"'):
            self._take([self._token_of_line(line) for line in text.split("\n")], None)

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary to a directory, as `vocabulary.txt`.

        Args:
            dir_path: string, path of the directory.
        """
        store: dict[str, bytes] = {}
        self.save_own_assets(store)
        for name, content in store.items():
            with open(os.path.join(dir_path, name), "wb") as file:
                file.write(content)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a directory that `save_assets` wrote to.

        Args:
            dir_path: string, path of the directory.
        """
        if self._given is None:
            with open(os.path.join(dir_path, _FILE), "rb") as file:
                self.load_own_assets({_FILE: file.read()})

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the weights of tokens, if there are any, into a mapping.

        Args:
            store: takes arrays by name.
        """
        if self._idf is not None:
            store["idf_weights"] = np.asarray(self._idf, "float32")

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the weights of tokens from a mapping.

        Args:
            store: gives arrays by name.
        """
        if "idf_weights" in store:
            weights = store["idf_weights"]
            if len(weights.shape) != 1:
                raise ShapeError(f"idf_weights have shape {weights.shape}, and are a vector")
            if not isinstance(weights, TensorSpec):  # which says what they would be
                self._kcore_set_untracked("_idf", [float(weight) for weight in weights])
                attributes_changed()


def _numbers(values: Any) -> list[float] | None:
    """Return numbers as a list of Python's."""
    return None if values is None else [float(value) for value in np.asarray(as_array(values), "float64").ravel()]
