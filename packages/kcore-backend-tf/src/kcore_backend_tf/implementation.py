"""The TensorFlow backend: how tensors come in and go out, what a variable is, and the table."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from kcore_ops import Variable
from kcore_ops.dtypes import STRING, numpy_dtype
from kcore_ops.plugin import SCALAR_OPS, Backend, int8_products
from tensorflow.python.autograph.core import config as autograph

from kcore_backend_tf import (
    control_flow,
    convolution,
    datasets,
    elementwise,
    export,
    fourier,
    graph_tensors,
    image,
    linalg,
    modules,
    nn,
    random,
    reductions,
    shaping,
    training,
    transforms,
)

graph_tensors.know_their_rows()

# kcore's own functions are plain TensorFlow inside: autograph is to leave them alone, as it does with Keras.
autograph.CONVERSION_RULES = (
    *(
        autograph.DoNotConvert(name)
        for name in ("kcore", "kcore_ops", "kcore_layers", "kcore_train", "kcore_backend_tf")
    ),
    *autograph.CONVERSION_RULES,
)


_ARRAYS = (np.ndarray, np.generic, bool)
_NUMBERS = (*_ARRAYS, int, float, complex)


_AGGREGATIONS = {
    "none": tf.VariableAggregation.NONE,
    "sum": tf.VariableAggregation.SUM,
    "mean": tf.VariableAggregation.MEAN,
    "only_first_replica": tf.VariableAggregation.ONLY_FIRST_REPLICA,
}
_SYNCHRONIZATIONS = {
    "auto": tf.VariableSynchronization.AUTO,
    "none": tf.VariableSynchronization.NONE,
    "on_read": tf.VariableSynchronization.ON_READ,
    "on_write": tf.VariableSynchronization.ON_WRITE,
}


class TensorflowVariable(Variable):
    """A variable that TensorFlow functions take as they take tensors, and tapes as they take TensorFlow's own."""

    # What tells a tape that `handle` is to be watched.
    _should_act_as_resource_variable = True

    @property
    def handle(self) -> tf.Tensor:
        return self._storage.handle

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> tf.Tensor:
        return tf.convert_to_tensor(self.value, dtype=dtype, name=name)

    def _new_storage(self, value: tf.Tensor) -> tf.Variable:
        return tf.Variable(
            value,
            trainable=self._trainable,
            aggregation=_AGGREGATIONS[self.aggregation],
            synchronization=_SYNCHRONIZATIONS[self.synchronization],
        )

    # In a structure of TensorFlow's a variable stands for its `tf.Variable`: `tape.watch` takes it, and in the
    # structure that `tape.gradient` gives back, its gradient stands in its place.

    def __tf_flatten__(self) -> tuple[Any, tuple[tf.Variable]]:
        return (), (self._storage,)

    @classmethod
    def __tf_unflatten__(cls, metadata: Any, components: tuple[Any]) -> Any:
        return components[0]


class TensorflowBackend(transforms.TensorflowTransforms, Backend):
    """Tensors are `tf.Tensor`, those of a graph included; variables are `tf.Variable`."""

    tensor_types: ClassVar[tuple[type, ...]] = (tf.Tensor, tf.Variable)
    families = (elementwise, reductions, shaping, linalg, fourier, nn, image, convolution, random, control_flow)
    capabilities = frozenset(
        {"complex", "dynamic_shapes", "float64", "gradient", "jit", "jvp", "mutable_state", "strings", "vmap"}
    )
    scalar_ops = SCALAR_OPS
    of_int8 = int8_products({**elementwise.TABLE, **linalg.TABLE})
    variable = TensorflowVariable
    training_type = training.TensorflowTraining
    datasets_type = datasets.TensorflowDatasets
    modules_type = modules.TensorflowModules
    export_type = export.TensorflowExport

    def to_tensor(self, value: Any, dtype: str | None, like: Any = None) -> tf.Tensor:
        # TensorFlow takes a boolean for no number, and a number for no boolean.
        if dtype not in (None, STRING) and isinstance(value, _NUMBERS if dtype == "bool" else _ARRAYS):
            value = np.asarray(value, numpy_dtype(dtype))
        return tf.convert_to_tensor(value, dtype=dtype)

    def to_numpy(self, x: tf.Tensor) -> np.ndarray[Any, Any]:
        return np.asarray(x.numpy())

    def call_on_host(
        self, function: Callable[..., Sequence[Any]], specs: Sequence[Any], tensors: Sequence[Any]
    ) -> list[Any]:
        if tf.executing_eagerly():
            return super().call_on_host(function, specs, tensors)
        results = tf.numpy_function(
            lambda *arrays: [np.asarray(y) for y in function(*arrays)], tensors, [spec.dtype for spec in specs]
        )
        return [tf.ensure_shape(y, spec.shape) for y, spec in zip(results, specs, strict=True)]

    def from_dlpack(self, x: Any) -> tf.Tensor:
        # TensorFlow 2.21 ends the process on memory on the host that does not start at a multiple of 64 bytes.
        on_host = x.__dlpack_device__()[0] == 1
        if on_host and np.from_dlpack(x).ctypes.data % 64:
            raise BufferError("the memory is not aligned as TensorFlow needs it")
        return tf.experimental.dlpack.from_dlpack(x.__dlpack__())

    def dtype(self, x: tf.Tensor) -> str:
        name: str = x.dtype.name
        return name

    def shape(self, x: tf.Tensor) -> tuple[Any, ...]:
        sizes = tuple(x.shape)
        if None not in sizes:
            return sizes
        dynamic = tf.shape(x)
        return tuple(dynamic[i] if size is None else size for i, size in enumerate(sizes))

    def devices(self) -> list[str]:
        return [device.name.removeprefix("/device:").lower() for device in tf.config.list_logical_devices()]

    def device_scope(self, device: str) -> contextlib.AbstractContextManager[Any]:
        return tf.device(f"/device:{device.upper()}")

    def is_tracing(self) -> bool:
        return not tf.executing_eagerly()

    def is_traced(self, x: Any) -> bool:
        return bool(tf.is_symbolic_tensor(x))

    # Calls go where TensorFlow sends them: what lies elsewhere is copied to the device of the `tf.device` block.
    def place_of(self, x: tf.Tensor) -> str | None:
        return x.device or None

    def outside_graphs(self) -> contextlib.AbstractContextManager[Any]:
        return tf.init_scope()

    def new_storage(self, value: tf.Tensor, trainable: bool) -> tf.Variable:
        return tf.Variable(value, trainable=trainable)

    def assign_storage(self, storage: tf.Variable, value: tf.Tensor) -> tf.Variable:
        storage.assign(value)
        return storage
