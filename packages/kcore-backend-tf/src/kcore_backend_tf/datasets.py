"""What kcore reads on the host as a `tf.data.Dataset`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from kcore_ops import tree
from kcore_ops.plugin import Datasets, Samples

__all__ = ["TensorflowDatasets"]


class TensorflowDatasets(Datasets):
    """Pipelines over the numbers of samples, which TensorFlow's threads read by calling back."""

    kind = "tf.data.Dataset"

    def of_samples(self, samples: Samples, batch_size: int | None = None, seed: int | None = None) -> tf.data.Dataset:
        places = tf.data.Dataset.range(samples.count)
        if seed is not None and samples.count:
            places = places.shuffle(samples.count, seed=seed, reshuffle_each_iteration=True)
        elements = tree.flatten(samples.elements)
        dtypes = [tf.as_dtype(each.dtype) for each in elements]
        # The shapes as they are known to whoever maps the dataset.
        shapes = [each.shape if batch_size is None else (None, *each.shape) for each in elements]

        def read_here(numbers: Any) -> Any:
            values = tf.numpy_function(lambda n: _leaves(samples, n), [numbers], dtypes, stateful=False)
            for value, shape in zip(values, shapes, strict=True):
                value.set_shape(shape)
            return tree.pack_sequence_as(samples.elements, values)

        if batch_size is not None:
            places = places.batch(batch_size)
        return places.map(read_here, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def ragged(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        def without_filling(filled: Any, lengths: Any, *rest: Any) -> Any:
            x = tf.RaggedTensor.from_tensor(filled, lengths) if lengths.shape.rank else filled[:lengths]
            return (x, *rest) if rest else x

        return dataset.map(without_filling, num_parallel_calls=tf.data.AUTOTUNE)


def _leaves(samples: Samples, numbers: Any) -> list[Any]:
    leaves = tree.flatten(samples.read(numbers[None] if numbers.ndim == 0 else numbers))
    return [leaf[0] for leaf in leaves] if numbers.ndim == 0 else leaves
