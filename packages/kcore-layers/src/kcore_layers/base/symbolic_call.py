"""A layer on symbolic tensors: the specs of what it gives, and the node of the graph."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from kcore_ops import KerasTensor, StatelessScope, TensorSpec, tree
from kcore_ops.backends.current import on
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.engine.call import beside
from kcore_ops.engine.inference import evaluate, inferring
from kcore_ops.foundation.errors import KcoreError
from kcore_ops.specs.symbolic import Node
from kcore_ops.state.stateless_scope import outside_scopes

from kcore_layers.base.nodes import record_call
from kcore_layers.base.shapes import shape_of
from kcore_layers.base.signature import inspect_build

if TYPE_CHECKING:
    from kcore_layers.base.call import Calling
    from kcore_layers.base.layer import Layer

__all__ = ["call_on_symbols", "infer_by_shape_rule", "infer_outputs"]

# Sizes of the batch that a call is tried with where it can only be run on tensors.
TRIAL_SIZES = (2, 3)


def call_on_symbols(layer: Calling, bound: inspect.BoundArguments, training: bool | None) -> Any:
    """Return the symbolic results of a call, outputs of a new node; for plain specs, the specs of the results.

    Args:
        layer: the layer that is called.
        bound: the arguments of its `call`.
        training: the flag that was passed; None if none was, so that it follows from the call of the model.
    """
    from kcore_layers.base.build import build_lock, building

    masks = _symbolic_masks(layer, bound.arguments)
    specs = tree.map_structure(lambda x: layer._kcore_convert_leaf(_spec(x)), dict(bound.arguments))
    passed_masks = tree.map_structure(_spec, masks.passed)
    if layer._kcore_built:
        outputs = _outputs(layer, bound, specs, passed_masks)
    else:
        with build_lock, building(layer):
            layer._kcore_build_for(specs)
            outputs = _outputs(layer, bound, specs, passed_masks)
            layer._kcore_set_untracked("_kcore_output_shape_when_built", shape_of(outputs))
            layer.built = True
            layer._kcore_after_build()
    if not any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(dict(bound.arguments))):
        return outputs
    arguments = {name: value for name, value in bound.arguments.items() if name != "training"}

    passed = inspect.BoundArguments(bound.signature, OrderedDict(arguments))
    args, kwargs = list(passed.args), dict(passed.kwargs)
    # Flags and numbers are passed on by name, as layers take them.
    names = list(arguments)[: len(args)]
    first = next((i for i in range(1, len(names)) if isinstance(args[i], bool | int | float | str)), len(names))
    if len(names) == len(args):
        args, kwargs = args[:first], {**dict(zip(names[first:], args[first:], strict=True)), **kwargs}
    if training is not None:
        kwargs["training"] = training
    node = Node(layer, args, outputs, kwargs)
    record_call(layer, node)
    _mask_symbols(layer, bound.arguments, masks.of_first, node.outputs)
    return node.outputs


def _spec(x: Any) -> Any:
    return TensorSpec(x.shape, x.dtype) if isinstance(x, KerasTensor) else x


def _outputs(layer: Any, bound: inspect.BoundArguments, specs: dict[str, Any], masks: dict[str, Any]) -> Any:
    """Return the specs of the results; a call that can not do with specs of masks is run without them."""
    if masks:
        try:
            return _outputs(layer, bound, {**specs, **masks}, {})
        except Exception:
            return _outputs(layer, bound, specs, {})
    arguments = {name: specs[name] for name in bound.signature.parameters if name in specs}
    of_specs = inspect.BoundArguments(bound.signature, OrderedDict(arguments))
    return layer.compute_output_spec(*of_specs.args, **of_specs.kwargs)


class _Masks(NamedTuple):
    """Masks of the arguments of a symbolic call: by the parameters they are for, and that of the first argument."""

    passed: dict[str, Any]
    of_first: Any


def _symbolic_masks(layer: Any, values: Mapping[str, Any]) -> _Masks:
    """Return the symbolic masks that symbolic tensors carry: `call` sees them; they are not arguments of the node."""
    signature = layer._kcore_call_signature
    passed: dict[str, Any] = {}
    of_first = None
    for position, (name, value) in enumerate(values.items()):
        parameter = signature.masks.get(name)
        given = None if parameter is None else values.get(parameter)
        leaves = tree.flatten(value) if tree.is_nested(value) else [value]
        found = given
        if given is None and any(getattr(leaf, "_keras_mask", None) is not None for leaf in leaves):
            found = tree.map_structure(lambda x: getattr(x, "_keras_mask", None), value)
        if position == 0:
            of_first = found
        if parameter is not None and given is None and found is not None:
            passed[parameter] = found
    return _Masks(passed, of_first)


def _mask_symbols(layer: Any, values: Mapping[str, Any], mask: Any, outputs: Any) -> None:
    """Set the masks of symbolic outputs, where `compute_mask` can be run on symbolic tensors."""
    if not (layer._kcore_overrides_compute_mask() or (layer._kcore_supports_masking and mask is not None)):
        return
    try:
        found = layer.compute_mask(next(iter(values.values()), None), mask)
    except Exception:
        return  # it is made of a framework's own functions: tensors will have their masks, symbols none
    if found is None:
        return
    leaves = tree.flatten(outputs)
    flat = found if isinstance(found, list | tuple) else [found] * len(leaves)
    for x, each in zip(leaves, flat, strict=False):
        if isinstance(x, KerasTensor) and isinstance(each, KerasTensor):
            x._keras_mask = each


def infer_by_shape_rule(layer: Layer, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return the specs of what a layer's call returns, from the layer's own `compute_output_shape`, in its dtype.

    Args:
        layer: the layer.
        args: the arguments of the call by position, specs in place of tensors.
        kwargs: those by name.
    """
    from kcore_layers.base.build import is_building

    values = dict(layer._kcore_call_signature.bind(args, kwargs).arguments)
    tensors = {name: value for name, value in values.items() if shape_of(value) is not None}
    names = inspect_build(type(layer).compute_output_shape)
    if len(names) == 1:
        shape = layer.compute_output_shape(shape_of(next(iter(tensors.values()), None)))
    elif all(name.removesuffix("_shape") in values for name in names):
        shape = layer.compute_output_shape(**{name: shape_of(values[name.removesuffix("_shape")]) for name in names})
    else:
        shape = layer.compute_output_shape(*(shape_of(value) for value in tensors.values()))
    if is_building(layer) and layer._kcore_layers:
        try:  # layers inside are built as the call reaches them
            infer_outputs(layer, args, dict(kwargs))
        except Exception:
            pass  # the rule is there because the call can not be run on specs: its first real call builds them
    return tree.map_shape_structure(lambda each: TensorSpec(each, layer.compute_dtype), shape)


def infer_outputs(layer: Calling, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Return the specs of what a layer's call returns; a layer that is not built is so again afterwards.

    `call` is run on specs. Where it calls a framework's own functions, which know nothing of specs, it is run on zeros
    instead, with two sizes in place of those that are not known; what it does to variables is undone.

    Args:
        layer: the layer.
        args: the arguments of the call by position, specs in place of tensors.
        kwargs: those by name.
    """
    from kcore_layers.base.build import is_building, temporarily_built

    args, kwargs = tree.map_structure(_spec, (list(args), dict(kwargs)))
    if not layer._kcore_built and not is_building(layer):
        bound = layer._kcore_call_signature.bind(
            args, {name: each for name, each in kwargs.items() if name != "training"}
        )
        with temporarily_built(layer):
            layer._kcore_build_for(bound.arguments)
            return infer_outputs(layer, args, kwargs)

    def on_specs(call_args: list[Any], call_kwargs: dict[str, Any]) -> Any:
        # In a scope of its own: seeds drawn and averages moved on the way are forgotten.
        with inferring(), StatelessScope():
            return layer._kcore_run_on_specs(call_args, call_kwargs)

    with on(layer._kcore_backend), _restoring_storages(layer):
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

        with beside(next(iter(layer.variables), None)):
            trial_args, trial_kwargs = tree.map_structure(zeros, (list(args), dict(kwargs)))
        try:
            with _restoring_native_modules(layer), StatelessScope():
                outcomes.append(layer._kcore_run_on_specs(trial_args, trial_kwargs))
        except Exception as error:
            if isinstance(error, KcoreError) or type(error) is type(fault):
                raise
            raise error from fault
    return _common_spec(layer, outcomes)


@contextmanager
def _restoring_storages(layer: Any) -> Iterator[None]:
    """Undo at the end of the `with` block what a call does to variables of the framework's own, past any scope."""
    variables = [v for each in layer._kcore_sublayers() for v in each._kcore_storages.values()]
    if not variables or layer._kcore_backend.is_tracing():
        yield
        return
    values = [v.numpy() for v in variables]
    try:
        yield
    finally:
        with outside_scopes():
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


@contextmanager
def _restoring_native_modules(layer: Any) -> Iterator[None]:
    """Undo at the end of the `with` block what native modules inside a layer do to themselves."""
    with ExitStack() as stack:
        for each in layer._kcore_sublayers():
            if hasattr(type(each), "_kcore_restoring_state"):
                stack.enter_context(each._kcore_restoring_state())
        yield


def _common_spec(layer: Any, outcomes: list[Any]) -> Any:
    def spec(*tensors: Any) -> TensorSpec:
        shapes = [tuple(x.shape) for x in tensors]
        sizes = [group[0] if len(set(group)) == 1 else None for group in zip(*shapes, strict=True)]
        return TensorSpec(sizes, layer._kcore_backend.dtype(tensors[0]))

    return tree.map_structure(spec, *outcomes)
