"""A layer on symbolic tensors: the specs of what it gives, and the node of the graph."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from kcore_ops import KerasTensor, StatelessScope, TensorSpec, tree
from kcore_ops.current import on
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.errors import KcoreError
from kcore_ops.inference import evaluate, inferring
from kcore_ops.symbolic import Node

from kcore_layers.nodes import note_call

__all__ = ["call_on_symbols", "infer_outputs"]

# Sizes of the batch that a call is tried with where it can only be run on tensors.
TRIAL_SIZES = (2, 3)


def call_on_symbols(layer: Any, bound: inspect.BoundArguments, training: bool | None) -> Any:
    """Give the symbolic results of a call, outputs of a new node; for plain specs, the specs of the results.

    Args:
        layer: the layer that is called.
        bound: the arguments of its `call`.
        training: the flag that was passed; None if none was, so that it follows from the call of the model.
    """
    from kcore_layers.build import building, shape_of

    specs = tree.map_structure(lambda x: layer._kcore_convert_leaf(_spec(x)), dict(bound.arguments))
    if not layer.built:
        with building(layer):
            layer._kcore_build_for(specs)
            outputs = _outputs(layer, bound, specs)
            layer._kcore_set_untracked("_kcore_output_shape_when_built", shape_of(outputs))
            layer.built = True
            layer._kcore_settle_after_build()
    else:
        outputs = _outputs(layer, bound, specs)
    if not any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(dict(bound.arguments))):
        return outputs
    arguments = {name: value for name, value in bound.arguments.items() if name != "training"}

    passed = inspect.BoundArguments(bound.signature, OrderedDict(arguments))
    kwargs = dict(passed.kwargs)
    if training is not None:
        kwargs["training"] = training
    node = Node(layer, list(passed.args), outputs, kwargs)
    note_call(layer, node)
    return node.outputs


def _spec(x: Any) -> Any:
    return TensorSpec(x.shape, x.dtype) if isinstance(x, KerasTensor) else x


def _outputs(layer: Any, bound: inspect.BoundArguments, specs: dict[str, Any]) -> Any:
    of_specs = inspect.BoundArguments(bound.signature, specs)
    return layer.compute_output_spec(*of_specs.args, **of_specs.kwargs)


def infer_outputs(layer: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Give the specs of what a layer's call returns; a layer that is not built is so again afterwards.

    `call` is run on specs. Where it calls a framework's own functions, which know nothing of specs, it is run on zeros
    instead, with two sizes in place of those that are not known; what it does to variables is undone.
    """
    from kcore_layers.build import built_for_a_while, is_building

    args, kwargs = tree.map_structure(_spec, (list(args), dict(kwargs)))
    if not layer.built and not is_building(layer):
        bound = layer._kcore_call_signature.bind(
            args, {name: each for name, each in kwargs.items() if name != "training"}
        )
        with built_for_a_while(layer):
            layer._kcore_build_for(bound.arguments)
            return infer_outputs(layer, args, kwargs)

    def on_specs(call_args: list[Any], call_kwargs: dict[str, Any]) -> Any:
        with inferring():
            return layer._kcore_run_on_specs(call_args, call_kwargs)

    with on(layer._kcore_backend):
        try:
            return evaluate(on_specs, [args, kwargs])
        except KcoreError as error:
            if error.__cause__ is not None and not isinstance(error.__cause__, KcoreError):
                return _infer_by_trial(layer, args, kwargs, error)
            raise
        except Exception as error:
            return _infer_by_trial(layer, args, kwargs, error)


def _infer_by_trial(layer: Any, args: Sequence[Any], kwargs: dict[str, Any], fault: Exception) -> Any:
    """Run a call on zeros, twice where sizes are unknown."""
    leaves = [leaf for leaf in tree.flatten([args, kwargs]) if isinstance(leaf, TensorSpec)]
    if not leaves:
        raise fault
    is_known = all(isinstance(size, int) for leaf in leaves for size in leaf.shape)
    outcomes = []
    for stand_in in TRIAL_SIZES[:1] if is_known else TRIAL_SIZES:

        def zeros(leaf: Any, size: int = stand_in) -> Any:
            if not isinstance(leaf, TensorSpec):
                return leaf
            shape = [size if s is None else int(s) for s in leaf.shape]
            return layer._kcore_backend.to_tensor(np.zeros(shape, numpy_dtype(leaf.dtype)), leaf.dtype)

        trial_args, trial_kwargs = tree.map_structure(zeros, (list(args), dict(kwargs)))
        try:
            with StatelessScope():
                outcomes.append(layer._kcore_run_on_specs(trial_args, trial_kwargs))
        except Exception as error:
            if isinstance(error, KcoreError) or type(error) is type(fault):
                raise
            raise error from fault
    return _common_spec(layer, outcomes)


def _common_spec(layer: Any, outcomes: list[Any]) -> Any:
    def spec(*tensors: Any) -> TensorSpec:
        shapes = [tuple(x.shape) for x in tensors]
        sizes = [group[0] if len(set(group)) == 1 else None for group in zip(*shapes, strict=True)]
        return TensorSpec(sizes, layer._kcore_backend.dtype(tensors[0]))

    return tree.map_structure(spec, *outcomes)
