"""The loops of `fit`, `evaluate` and `predict`: over epochs and batches, with callbacks around them."""
