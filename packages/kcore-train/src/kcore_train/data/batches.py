"""From what a source yields to a batch."""

from __future__ import annotations

from collections.abc import Mapping

from kcore_ops import Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.data.class_weights import class_weights_of
from kcore_train.data.conversion import NUMBERS, is_in_memory, to_arrays
from kcore_train.data.data_adapter import Batch, InputsOnly

__all__ = ["to_batch"]

_PARTS = ("x", "y", "sample_weight")


def to_batch(
    item: Tree, source: str, class_weight: Mapping[int, float] | None = None, is_list_a_tuple: bool = False
) -> Batch:
    """Make a batch of what a source yields: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Args:
        item: array, or tuple of 1 to 3 trees of arrays, what the source yields.
        source: str, what to call the source in errors.
        class_weight: dict or None, the weight of the samples of each class; a class that is not in it weighs 1; None
            for no such weights; None.
        is_list_a_tuple: bool, whether a list is one of these forms too; elsewhere it may as well be several inputs, and
            is refused; False.

    Raises:
        ArgumentError: if it is not a batch.

    >>> to_batch(([1, 2], [0.5, 1.5]), "the generator")
    (array([1, 2]), array([0.5, 1.5], dtype=float32))
    """
    if is_list_a_tuple and isinstance(item, list):
        item = tuple(item)
    is_bare = not isinstance(item, (list, tuple, *NUMBERS)) and is_in_memory(item)
    if is_bare:
        item = (item,)
    if not isinstance(item, tuple) or not 1 <= len(item) <= 3:
        size = f" of {len(item)}" if isinstance(item, list | tuple) else ""
        raise ArgumentError(
            f"{source} gave a {type(item).__name__}{size} for a batch",
            fix="give a tuple: (x,), (x, y) or (x, y, sample_weight)",
        )
    batch = tuple(to_arrays(part, name, is_batch=True) for part, name in zip(item, _PARTS, strict=False))
    if class_weight is None:
        return InputsOnly(batch) if is_bare else batch
    if len(batch) == 1:
        raise ArgumentError(f"class_weight needs targets, and {source} gave none", fix="give a tuple (x, y)")
    if len(batch) == 3 and batch[2] is not None:
        raise ArgumentError(
            f"class_weight was given, and {source} gave sample weights too", fix="multiply them, and pass the product"
        )
    return (*batch[:2], class_weights_of(batch[1], class_weight))
