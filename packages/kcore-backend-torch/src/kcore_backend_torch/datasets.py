"""What kcore reads on the host as a dataset of torch's, and as a `DataLoader` of its batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from kcore_ops import tree
from kcore_ops.plugin import Datasets, Samples

__all__ = ["TorchDatasets"]


class TorchDatasets(Datasets):
    """Datasets that are read by number."""

    kind = "torch.utils.data.Dataset"

    def of_samples(self, samples: Samples, batch_size: int | None = None, seed: int | None = None) -> Any:
        dataset = _Dataset(samples)
        if batch_size is None and seed is None:
            return dataset
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return torch.utils.data.DataLoader(dataset, batch_size, shuffle=generator is not None, generator=generator)


class _Dataset(torch.utils.data.Dataset[Any]):
    """Samples as tuples of tensors, of one where a sample is a single array, as torch's `TensorDataset` has them.

    Args:
        samples: the samples.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return self.samples.count

    def __getitem__(self, number: int) -> Any:
        if not -len(self) <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")  # which ends a `for` loop over the dataset
        sample = tree.map_structure(
            lambda leaf: leaf[0] if isinstance(leaf[0], str) else torch.as_tensor(np.array(leaf[0])),
            self.samples.read(np.array([number % len(self)])),
        )
        return sample if isinstance(sample, tuple | dict) else (sample,)
