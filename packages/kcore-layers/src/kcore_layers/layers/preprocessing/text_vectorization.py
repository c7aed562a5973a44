"""`TextVectorization`: text as the indices of its words in a vocabulary."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Unpack

import numpy as np
from kcore_ops.backends.current import current_backend
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError, located

from kcore_layers.layers.preprocessing.adapting import array_batches
from kcore_layers.layers.preprocessing.encoding import checked_mode, refuse_sparse
from kcore_layers.layers.preprocessing.index_lookup import Array
from kcore_layers.layers.preprocessing.on_host import HostLayer, as_array, is_text, on_host, shape_known
from kcore_layers.layers.preprocessing.string_lookup import StringLookup
from kcore_layers.layers.preprocessing.text_tokens import SPLITS, STANDARDIZATIONS, TextTokens
from kcore_layers.options.argument_types import LayerOptionsBesideName
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["TextVectorization"]

TextFunction = Callable[[Any], Any]


@builtin("keras.layers")
class TextVectorization(HostLayer):
    """Standardize text, split it into tokens, and give their indices in a vocabulary, or vectors of counts.

    Index 0 stands where a text has ended, and 1 for tokens that are not in the vocabulary; `adapt` puts the most
    frequent ones first. In modes other than "int" there is no index for the end.

    Shapes: texts are `(batch,)` or `(batch, 1)`. "int" gives `(batch, length)`, with the length of the longest text or
    `output_sequence_length`; the other modes `(batch, size of the vocabulary)`. With `split=None` each string is one
    token, and shapes are those of `StringLookup`. Dtype: int64, and that of the layer in mode "tf_idf".

    Args:
        max_tokens: int, largest size of the vocabulary; None, the default, is no limit.
        standardize: "lower_and_strip_punctuation", the default, "lower" or "strip_punctuation", of ASCII letters and
            punctuation; a function from an array of strings to another; or None for text as it is.
        split: "whitespace", the default, or "character"; a function from an array of strings to a list with a list of
            tokens for each; or None for texts that are tokens.
        ngrams: int, up to how many tokens in a row are joined to further ones; or a tuple of just those numbers; None,
            the default, joins none.
        output_mode: "int", "multi_hot", "count" or "tf_idf"; "int".
        output_sequence_length: int, length of the indices of all texts in mode "int", which are cut, or filled with 0;
            None, the default, is that of the longest in the batch.
        pad_to_max_tokens: bool, whether vectors are of size `max_tokens` whatever the vocabulary's size; False.
        vocabulary: array, list or tuple of strings, or the path of a text file with one a line; None, the default,
            leaves it to `adapt`.
        idf_weights: array or list of numbers, what each token counts for in mode "tf_idf"; None.
        sparse: only False: there are no sparse tensors.
        ragged: only False: there are no ragged tensors.
        encoding: string, how text is encoded in files and bytes that are adapted to; "utf-8".
        name: string, the layer's name; None makes one up.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is none of those.

    >>> layer = TextVectorization(vocabulary=["hello", "world"])
    >>> layer(["Hello, world!", "Hello there, world"])
    array([[2, 3, 0],
           [2, 1, 3]])
    """

    standardize: str | TextFunction | None
    split: str | TextFunction | None
    _text_tokens: TextTokens

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | TextFunction | None = "lower_and_strip_punctuation",
        split: str | TextFunction | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Sequence[str] | Array | str | os.PathLike[str] | None = None,
        idf_weights: Sequence[float] | Array | None = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Unpack[LayerOptionsBesideName],
    ) -> None:
        super().__init__(name=name, **kwargs)
        kind = "TextVectorization"
        refuse_sparse(kind, sparse=sparse, ragged=ragged)
        self.sparse = self.ragged = False
        self.output_mode = checked_mode(kind, output_mode, ("int", "multi_hot", "count", "tf_idf"))
        self._kcore_set_untracked("standardize", _checked_function("standardize", standardize, STANDARDIZATIONS))
        self._kcore_set_untracked("split", _checked_function("split", split, SPLITS))
        self.ngrams = ngrams
        self._kcore_set_untracked("_text_tokens", TextTokens(self.standardize, self.split, _widths(ngrams)))
        if output_sequence_length is not None:
            if output_mode != "int":
                problem = f"output_sequence_length was given, and output_mode {output_mode!r} gives no sequences"
                raise ArgumentError(problem, fix="leave it out").at(kind)
            checked_count(self, "output_sequence_length", output_sequence_length)
        self.output_sequence_length = output_sequence_length
        self.max_tokens = max_tokens
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.encoding = encoding
        # Under the name that Keras's files have for it.
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            encoding=encoding,
            dtype=self.dtype_policy,
        )

    def build(self, input_shape: Any = None) -> None:
        """Do nothing: there are no weights.

        Args:
            input_shape: not looked at.
        """

    # The vocabulary.

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Make the vocabulary of the tokens in texts, forgetting any before. Each text is a document.

        Args:
            data: array, list, data frame or column of one; or a dataset or an iterator of batches.
            batch_size: int, not looked at: the vocabulary is that of all texts, however they come.
            steps: int, at most so many batches of a dataset are read; None, the default, is all.

        Raises:
            ArgumentError: if the vocabulary was given, or there are no tokens.
        """
        with located(f'layer "{self.path}"'):
            self._lookup_layer._check_adaptable()
            self.reset_state()
            for batch in array_batches(data, steps):
                self.update_state(batch)
            self.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted; the vocabulary stays until `finalize_state`."""
        self._lookup_layer.reset_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of texts, for `finalize_state` to make a vocabulary of.

        Args:
            data: texts: array, tensor or list.
        """
        texts = _checked_texts(as_array(data))
        if self.split is None and texts.ndim > 1:
            documents = [self._text_tokens.of_row(row) for row in texts.reshape(-1, texts.shape[-1])]
        else:
            documents = self._text_tokens.of_each(texts.ravel())
        decoded = [[token.decode(self.encoding, "surrogateescape") for token in tokens] for tokens in documents]
        self._lookup_layer._count_documents(decoded)

    def finalize_state(self) -> None:
        """Make the vocabulary of the tokens that were counted.

        Raises:
            ArgumentError: if there were none.
        """
        self._lookup_layer.finalize_state()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take a vocabulary, with which `adapt` has nothing to do from now on.

        Args:
            vocabulary: tokens: array, list or tuple, with the mask and out-of-vocabulary tokens in front or without
                them; or the path of a text file with one token a line.
            idf_weights: numbers, what each token counts for; None, the default, in modes other than "tf_idf".

        Raises:
            ArgumentError: if a token stands there twice, there are more than `max_tokens`, or weights are missing.
        """
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the tokens, in the order of their indices.

        Args:
            include_special_tokens: bool, whether "" and "[UNK]" are among them; True by default.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return the number of tokens, "" and "[UNK]" included."""
        return self._lookup_layer.vocabulary_size()

    # The call.

    def call(self, inputs: Tensor) -> Tensor:
        """Return indices of tokens, or vectors of counts.

        Args:
            inputs: strings: array, tensor, list, or column of a data frame.
        """
        if not is_text(inputs):
            raise DTypeError("the inputs are numbers, where text is needed", fix="pass strings")
        shape = shape_known(inputs)
        lookup = self._lookup_layer
        if self.split is None:
            if self.ngrams is not None and shape:
                shape = (*shape[:-1], None if shape[-1] is None else self._text_tokens.count_of(shape[-1]))
            if self.output_sequence_length is not None and shape:
                shape = (*shape[:-1], self.output_sequence_length)
            indices = on_host(self._indices_of_elements, shape, "int64", inputs)
            return lookup._encoded(indices)
        if len(shape) > 1:
            if shape[-1] != 1:
                raise ShapeError(
                    f"texts to split have shape {shape}, where the last of several axes must have length 1",
                    fix="pass texts of shape (batch,) or (batch, 1), or split=None",
                )
            shape = shape[:-1]
        if self.output_mode == "int":
            return on_host(self._indices_of_texts, (*shape, self.output_sequence_length), "int64", inputs)
        dtype = self.compute_dtype if self.output_mode == "tf_idf" else current_backend().canonical_dtype("int64")
        return on_host(self._vectors_of_texts, (*shape, lookup._vector_size()), dtype, inputs)

    def _indices_of_elements(self, texts: Array) -> Array:
        tokens = self._text_tokens.of_elements(texts)
        indices = self._lookup_layer._index_of_each(tokens)
        length = self.output_sequence_length
        if length is not None and indices.ndim:
            indices = indices[..., :length]
            indices = np.pad(indices, [(0, 0)] * (indices.ndim - 1) + [(0, length - indices.shape[-1])])
        return indices

    def _rows(self, texts: Array) -> tuple[list[Array], tuple[int, ...]]:
        """Return the indices of the tokens of each text, and the shape of the texts."""
        rows = self._text_tokens.of_each(texts.ravel())
        flat = np.empty(sum(map(len, rows)), object)
        flat[:] = [token for row in rows for token in row]
        indices = self._lookup_layer._index_of_each(flat)
        ends = np.cumsum([len(row) for row in rows], dtype=np.int64)[:-1]
        return np.split(indices, ends) if rows else [], texts.shape[:-1] if texts.ndim > 1 else texts.shape

    def _indices_of_texts(self, texts: Array) -> Array:
        rows, shape = self._rows(texts)
        length = self.output_sequence_length
        if length is None:
            length = max(map(len, rows), default=0)
        indices = np.zeros((len(rows), length), np.int64)
        for i, row in enumerate(rows):
            indices[i, : len(row)] = row[:length]
        return indices.reshape(*shape, length)

    def _vectors_of_texts(self, texts: Array) -> Array:
        rows, shape = self._rows(texts)
        lookup = self._lookup_layer
        size = lookup._vector_size()
        vectors = np.zeros((len(rows), size), "float32" if self.output_mode == "tf_idf" else "int64")
        for vector, row in zip(vectors, rows, strict=True):
            kept = row[(row >= 0) & (row < size)]
            vector[:] = np.bincount(kept, minlength=size)
        if self.output_mode == "multi_hot":
            vectors = np.minimum(vectors, 1)
        elif self.output_mode == "tf_idf":
            vectors = vectors * lookup._weight_of_each().astype("float32")
        return vectors.reshape(*shape, size)

    # Configuration and files.

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it; a vocabulary that was not an argument is in a file."""
        names = ("max_tokens", "ngrams", "output_mode", "output_sequence_length", "pad_to_max_tokens", "sparse",
                 "ragged", "encoding")  # fmt: skip
        own: dict[str, Any] = {name: getattr(self, name) for name in names}
        for name in ("standardize", "split"):
            value = getattr(self, name)
            own[name] = serialize_keras_object(value) if callable(value) else value
        vocabulary, weights = self._lookup_layer._vocabulary_config()
        kept = {"vocabulary": vocabulary, "idf_weights": weights, "vocabulary_size": self.vocabulary_size()}
        return {**super().get_config(), **own, **kept}

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
        own = {name: value for name, value in config.items() if name != "vocabulary_size"}
        for name in ("standardize", "split"):
            if isinstance(own.get(name), Mapping):
                own[name] = deserialize_keras_object(own[name])
        if isinstance(own.get("ngrams"), list):
            own["ngrams"] = tuple(own["ngrams"])
        layer = super().from_config(own)
        layer._lookup_layer._expect_size(config.get("vocabulary_size"))
        return layer

    # Keras's files have all of it twice, here and in the layer inside.

    def save_own_assets(self, store: MutableMapping[str, bytes]) -> None:
        """Put the vocabulary into the files of a model, unless it is in the config.

        Args:
            store: takes the content of each file by its name.
        """
        self._lookup_layer.save_own_assets(store)

    def load_own_assets(self, store: Mapping[str, bytes]) -> None:
        """Take the vocabulary from the files of a model.

        Args:
            store: gives the content of each file by its name.
        """
        self._lookup_layer.load_own_assets(store)

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary to a directory, as `vocabulary.txt`.

        Args:
            dir_path: string, path of the directory.
        """
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a directory that `save_assets` wrote to.

        Args:
            dir_path: string, path of the directory.
        """
        self._lookup_layer.load_assets(dir_path)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the weights of tokens, if there are any, into a mapping.

        Args:
            store: takes arrays by name.
        """
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the weights of tokens from a mapping.

        Args:
            store: gives arrays by name.
        """
        self._lookup_layer.load_own_variables(store)


def _checked_texts(texts: Array) -> Array:
    if texts.size and not is_text(texts):
        raise DTypeError(f"the data are of dtype {texts.dtype}, where text is needed", fix="pass strings")
    return texts


def _checked_function(name: str, value: Any, allowed: tuple[str, ...]) -> Any:
    if value is None or callable(value) or (isinstance(value, str) and value in allowed):
        return value
    raise ArgumentError(
        f"{name} can not be {value!r}", fix=f"use one of {', '.join(map(repr, allowed))}, None, or a function"
    ).at("TextVectorization")


def _widths(ngrams: Any) -> tuple[int, ...]:
    """Return of how many tokens in a row each token of the result is made."""
    if ngrams is None:
        return ()
    widths = ngrams if isinstance(ngrams, tuple) else (ngrams,)
    if not all(hasattr(n, "__index__") and not isinstance(n, bool) and n > 0 for n in widths) or not widths:
        raise ArgumentError(
            f"ngrams can not be {ngrams!r}", fix="pass a positive integer, a tuple of them, or None"
        ).at("TextVectorization")
    return widths if isinstance(ngrams, tuple) else tuple(range(1, int(ngrams) + 1))
