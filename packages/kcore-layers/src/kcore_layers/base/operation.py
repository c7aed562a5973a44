"""`Operation`: a computation that graphs remember, the base class of layers and of what has no weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kcore_ops import KerasTensor, StatelessScope, TensorSpec, tree
from kcore_ops.engine.inference import evaluate, inferring, is_inferring
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, MissingMethod
from kcore_ops.specs.symbolic import Node

from kcore_layers.base.naming import auto_name, snake_case
from kcore_layers.base.nodes import Nodes, record_call
from kcore_layers.base.rematerialization import RematMode, current_mode, rematerialized_call
from kcore_layers.serialization.arguments import Arguments, make_from_config, records_arguments
from kcore_layers.serialization.registry import original_class

__all__ = ["Operation"]


class Operation(Nodes):
    """A computation without weights of its own. Subclass it: set up in `__init__`, compute in `call`.

    Called with symbolic tensors it adds a node to their graph, and functional models run and save it like a layer. What
    comes out is inferred by running `call` on specs; where it calls a framework's own functions, define
    `compute_output_spec` too. A `Layer` is an operation.

    Args:
        name: str without "/"; None, the default, makes one up from the class's.

    Raises:
        ArgumentError: if the name is something else.

    >>> import numpy as np
    >>> import kcore_ops as ops
    >>> class Power(Operation):
    ...     def __init__(self, exponent, name=None):
    ...         super().__init__(name=name)
    ...         self.exponent = exponent
    ...     def call(self, x):
    ...         return ops.power(x, self.exponent)
    >>> Power(2)(np.array([3.0], "float32"))
    array([9.], dtype=float32)
    >>> Power(2)(ops.KerasTensor((None, 4))).shape
    (None, 4)
    """

    name: str
    _kcore_arguments: Arguments | None
    _kcore_remat: RematMode | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance that remembers what it was made with, for its config."""
        operation = object.__new__(cls)
        operation._kcore_arguments = Arguments(args, kwargs) if records_arguments(cls) else None
        operation._kcore_remat = current_mode()
        return operation

    def __init__(self, name: str | None = None) -> None:
        self.name = checked_name(self, name)

    def __call__(self, *args: Tree, **kwargs: Any) -> Any:
        """Compute, or with symbolic tensors add a node to their graph.

        Args:
            *args: as for `call`.
            **kwargs: as for `call`.
        """
        leaves = tree.flatten((args, kwargs))
        if any(isinstance(leaf, KerasTensor) for leaf in leaves) and not is_inferring():
            return self.symbolic_call(*args, **kwargs)
        if any(isinstance(leaf, TensorSpec) for leaf in leaves):
            return self.compute_output_spec(*args, **kwargs)
        if self._kcore_remat is not None and not is_inferring():
            return self.rematerialized_call(self.call, *args, **kwargs)(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args: Tree, **kwargs: Any) -> Any:
        """Compute. Subclasses define this.

        Args:
            *args: what it takes.
            **kwargs: the same by name.
        """
        name = original_class(type(self)).__name__
        raise MissingMethod(f"{name} has no call", fix=f"define {name}.call(self, inputs)")

    def rematerialized_call(self, layer_call: Callable[..., Any], *args: Tree, **kwargs: Any) -> Callable[..., Any]:
        """Return a call that is computed again when gradients are taken, as the `RematScope` it was made in says.

        Args:
            layer_call: function, the call.
            *args: what it will be called with: the sizes of its outputs may count.
            **kwargs: the same by name.
        """
        mode = self._kcore_remat
        return layer_call if mode is None else rematerialized_call(self, mode, layer_call, args, kwargs)

    def symbolic_call(self, *args: Tree, **kwargs: Any) -> Any:
        """Return the symbolic outputs for symbolic tensors.

        Args:
            *args: as for `call`.
            **kwargs: as for `call`.
        """
        given, named = tree.map_structure(_spec, (list(args), dict(kwargs)))
        node = Node(self, list(args), self.compute_output_spec(*given, **named), dict(kwargs))
        record_call(self, node)
        return node.outputs

    def compute_output_spec(self, *args: Tree, **kwargs: Any) -> Any:
        """Return the shapes and dtypes of what a call returns, as specs, from running `call` on specs.

        Args:
            *args: what `call` takes, with specs in place of tensors.
            **kwargs: the same by name.
        """

        def on_specs(given: list[Any], named: dict[str, Any]) -> Any:
            with inferring(), StatelessScope():
                return self.call(*given, **named)

        return evaluate(on_specs, tree.map_structure(_spec, [list(args), dict(kwargs)]))

    def _kcore_sublayers(self, recursive: bool = True, include_self: bool = True) -> Iterator[Any]:
        """Return the layers inside: none, whose arguments a config would have to share."""
        yield from ()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it.

        Raises:
            ArgumentError: if one of them is no plain data, and the class has no `get_config` that gives it.
        """
        arguments = {} if self._kcore_arguments is None else self._kcore_arguments.config(self)
        return {"name": self.name, **arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return one made of what `get_config` returned.

        Args:
            config: dict of arguments of the class by name.
        """
        return make_from_config(original_class(cls), config)

    def __repr__(self) -> str:
        return f"<{original_class(type(self)).__name__} name={self.name}>"


def checked_name(operation: Operation, name: Any) -> str:
    """Return the name that an operation was given, or one made up from its class's.

    Args:
        operation: the operation.
        name: what was passed; None makes one up.

    Raises:
        ArgumentError: if it is no string, or has "/" in it.
    """
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise ArgumentError(f"{name!r} can not be a layer's name", fix="use a string without /")
    return name or auto_name(snake_case(original_class(type(operation)).__name__))


def _spec(x: Any) -> Any:
    return TensorSpec(x.shape, x.dtype) if isinstance(x, KerasTensor) else x
