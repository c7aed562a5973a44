"""Sequences of differing lengths in one array."""

from kcore_train.datasets import pad_sequences as pad_sequences
