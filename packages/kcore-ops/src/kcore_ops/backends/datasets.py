"""The ability `datasets`: what kcore reads on the host as a dataset of the framework's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from kcore_ops.backends.interface import Backend

__all__ = ["Datasets", "Element", "Samples"]


@dataclass(frozen=True)
class Element:
    """What is known of an array that each sample has.

    Attributes:
        shape: its sizes; None for one that differs from sample to sample.
        dtype: the name of its dtype, or "string".
    """

    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Samples:
    """Samples that can be read in any order, by several threads at a time.

    Attributes:
        read: called with an array of the numbers of samples, returns a tree of arrays, with a first axis along which
            they lie. Strings are arrays of objects.
        elements: for each array of a sample an `Element`, in a tree like what `read` returns.
        count: how many there are.
    """

    read: Callable[[Any], Any]
    elements: Any
    count: int


class Datasets:
    """The framework's own datasets."""

    # What they are called, as in "tf.data.Dataset".
    kind: ClassVar[str] = ""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def of_samples(self, samples: Samples, batch_size: int | None = None, seed: int | None = None) -> Any:
        """Return a dataset that reads samples as they are needed.

        Args:
            samples: the samples.
            batch_size: the size of the batches it yields; None for samples.
            seed: what the random order of each pass follows from; None for the order that the samples have.
        """
        raise NotImplementedError(f"{self.backend.name} has no datasets of its own")

    def ragged(self, dataset: Any) -> Any:
        """Return a dataset whose samples begin with an array of differing length and that length, without the latter.

        The arrays of a batch, which are filled up at their ends to one length, become one of rows of their own lengths.
        """
        raise NotImplementedError(f"{self.backend.name} has no ragged tensors")
