"""From texts to tokens: standardizing, splitting, and joining to n-grams, as TensorFlow does it, byte by byte."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore_layers.layers.preprocessing.on_host import as_array, as_strings

__all__ = ["SPLITS", "STANDARDIZATIONS", "TextTokens"]

STANDARDIZATIONS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
SPLITS = ("whitespace", "character")
_PUNCTUATION = string.punctuation.encode()
Array = np.ndarray[Any, Any]


class TextTokens:
    """A way from texts to tokens. Letters, punctuation and white space are those of ASCII.

    Args:
        standardize: one of `STANDARDIZATIONS`, a function from an array of strings to another, or None.
        split: one of `SPLITS`, a function from an array of strings to their tokens, or None.
        widths: of how many tokens in a row each token of the result is made; () leaves them as they are.
    """

    def __init__(
        self,
        standardize: str | Callable[..., Any] | None,
        split: str | Callable[..., Any] | None,
        widths: Sequence[int],
    ) -> None:
        self.standardize, self.split, self.widths = standardize, split, widths

    def of_each(self, texts: Array) -> list[list[bytes]]:
        """Return the tokens of each text of a vector.

        Args:
            texts: array of strings.
        """
        standard = self._standardized(texts)
        if callable(self.split):
            parts = [_as_list(part) for part in _as_list(self.split(_as_text(standard)))]
        elif self.split == "whitespace":
            parts = [text.split() for text in standard]
        elif self.split == "character":
            parts = [[c.encode() for c in text.decode("utf-8", "replace")] for text in standard]
        else:
            parts = [[text] for text in standard]
        return [self._joined(tokens) for tokens in parts]

    def of_row(self, tokens: Array) -> list[bytes]:
        """Return the tokens of a row of strings that are tokens already.

        Args:
            tokens: array of strings.
        """
        return self._joined(self._standardized(tokens))

    def of_elements(self, tokens: Array) -> Array:
        """Return strings that are tokens already as such; those along the last axis are joined to n-grams.

        Args:
            tokens: array of strings, of any shape.
        """
        flat = np.empty(tokens.size, object)
        flat[:] = self._standardized(tokens.ravel())
        result = flat.reshape(tokens.shape)
        if not self.widths or not tokens.ndim:
            return result
        rows = [self._joined(row) for row in result.reshape(-1, tokens.shape[-1]).tolist()]
        joined = np.empty((len(rows), self.count_of(tokens.shape[-1])), object)
        for i, row in enumerate(rows):
            joined[i] = row
        return joined.reshape(*tokens.shape[:-1], -1)

    def count_of(self, length: int) -> int:
        """Return how many tokens come of some in a row.

        Args:
            length: how many there are.
        """
        return sum(max(length - width + 1, 0) for width in self.widths) if self.widths else length

    def _standardized(self, texts: Array) -> list[bytes]:
        if callable(self.standardize):
            return as_strings(as_array(self.standardize(_as_text(as_strings(texts)))))
        standard = as_strings(texts)
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            standard = [text.lower() for text in standard]
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            standard = [text.translate(None, _PUNCTUATION) for text in standard]
        return standard

    def _joined(self, tokens: list[bytes]) -> list[bytes]:
        if not self.widths:
            return tokens
        return [b" ".join(tokens[i : i + width]) for width in self.widths for i in range(len(tokens) - width + 1)]


def _as_text(strings: Sequence[bytes]) -> Array:
    """Return strings as functions of users take them: an array of NumPy's strings."""
    return np.array([text.decode("utf-8", "replace") for text in strings], np.str_)


def _as_list(values: Any) -> list[Any]:
    """Return what a function of a user's gave, nested or not, as a list; strings in it as UTF-8."""
    if hasattr(values, "to_list"):  # ragged tensors
        values = values.to_list()
    elif not isinstance(values, list | tuple):
        values = as_array(values)
        values = list(values) if values.ndim else [values.item()]
    return [each.encode("utf-8", "surrogateescape") if isinstance(each, str) else each for each in values]
