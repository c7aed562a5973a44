"""How often each token is met, and in how many documents: of which vocabularies are made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

__all__ = ["TokenCounts"]


class TokenCounts:
    """Counts of tokens, which all are strings, or integers."""

    def __init__(self) -> None:
        self.tokens: Counter[Any] = Counter()
        self.documents: Counter[Any] = Counter()
        self.num_documents = 0

    def update(self, documents: Iterable[Sequence[Any]]) -> None:
        """Count the tokens of more documents.

        Args:
            documents: the tokens of each.
        """
        for tokens in documents:
            self.tokens.update(tokens)
            self.documents.update(set(tokens))
            self.num_documents += 1

    def most_common(self, count: int | None, without: Collection[Any]) -> list[Any]:
        """Return tokens, the most frequent first, those of one frequency from the last in order to the first.

        Args:
            count: int, at most so many; None is all.
            without: tokens to leave out.
        """
        kept = (token for token in self.tokens if token not in without)
        return sorted(kept, key=lambda token: (self.tokens[token], token), reverse=True)[:count]

    def idf_weights(self, tokens: Sequence[Any]) -> list[float]:
        """Return the logarithm of 1 + documents / (1 + documents with the token), for each token.

        Args:
            tokens: the tokens.
        """
        return [math.log(1 + self.num_documents / (1 + self.documents[token])) for token in tokens]
