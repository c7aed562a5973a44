"""`DataLayer`: a layer for data on its way to a model, which may lie in any framework's tensors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from kcore_ops import KerasTensor, TensorSpec, Variable, tree
from kcore_ops.backends import registry
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.convert import tensor_on

from kcore_layers.base.layer import Layer

__all__ = ["DataLayer"]


class DataLayer(Layer):
    """A layer that computes on the backend of the tensors that it is given: in `tf.data`, whatever its own.

    Arrays become tensors of its own backend, as for other layers. Numbers keep their dtypes: `call` casts what it
    computes with. Arrays of strings and objects stay what they are.
    """

    # What has this is called as it is where TensorFlow's autograph rewrites functions: in `Dataset.map`.
    autograph_info__: ClassVar[None] = None

    def _kcore_general_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        backend = self._kcore_foreign_backend([args, kwargs])
        if backend is None:
            return super()._kcore_general_call(args, kwargs)
        self._kcore_check_ready()
        with on(backend):
            try:
                bound, _, _ = self._kcore_bind(args, kwargs)
                for name, value in bound.arguments.items():
                    if name != "training":
                        bound.arguments[name] = tree.map_structure(lambda x: _tensor(backend, x), value)
                return self.call(*bound.args, **bound.kwargs)
            except Exception as error:
                raise self._kcore_locate(error)  # noqa: B904 (it is the same error)

    def _kcore_foreign_backend(self, arguments: Any) -> Backend | None:
        """Return the backend of the first tensor among the arguments that is not of its own backend."""
        for leaf in tree.flatten(arguments):
            if isinstance(leaf, self._kcore_backend.tensor_types) or isinstance(leaf, TensorSpec | KerasTensor):
                continue
            backend = None if isinstance(leaf, np.ndarray | np.generic) else registry.owner(type(leaf))
            if backend is not None and backend is not self._kcore_backend:
                return backend
        return None

    def _kcore_convert_leaf(self, x: Any) -> Any:
        if isinstance(x, np.ndarray | np.generic):
            return _tensor(self._kcore_backend, x)
        return x


def _tensor(backend: Backend, x: Any) -> Any:
    """Return an array as a tensor, and anything else, and strings, as it is."""
    if isinstance(x, Variable):
        return x.value
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind in "OSU":
        return x
    return tensor_on(backend, x, None)
