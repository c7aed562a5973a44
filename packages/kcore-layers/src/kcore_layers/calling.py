"""What happens when a layer is called: `Layer.__call__`, after op dispatch the hottest code in kcore.

A call of a built layer with one tensor as it should be, and no mask, goes to `call` almost at once. Everything else
(other arguments, arrays to convert, masks, symbolic tensors, the first call) takes the way of `_call_with_care`.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from kcore_ops import KerasTensor, TensorSpec, Variable, cast, tree
from kcore_ops.calls import HOST_NUMBERS, HOST_TYPES
from kcore_ops.conversion import tensor_on
from kcore_ops.current import current_backend, on
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.errors import KcoreError
from kcore_ops.inference import is_inferring
from kcore_ops.plugin import Backend
from kcore_ops.stateless_scope import in_stateless_scope
from kcore_ops.tracebacks import shortened
from kcore_ops.variable import AutocastScope, autocast_dtype

from kcore_layers.build import building, dtypes_of, shape_of
from kcore_layers.call_context import CallContext, current_context, enter_context, leave_context
from kcore_layers.call_signature import CallSignature
from kcore_layers.input_spec import check_inputs
from kcore_layers.masking import get_mask, in_use, set_mask
from kcore_layers.state import State
from kcore_layers.symbolic_call import call_on_symbols

__all__ = ["Calling"]


class Calling(State):
    """Mixin with `__call__`.

    Attributes:
        call_signature: what is known of the parameters of `call`; one per class.
        _fast: class and dtype of the tensors with which a call may go to `call` at once, or None.
    """

    _kcore_backend: Backend
    built: bool
    autocast: bool
    _kcore_dtype_policy: Any
    input_spec: Any
    # What Layer defines.
    call: Any
    build: Any
    compute_mask: Any
    _kcore_check_ready: Any
    _kcore_settle_after_build: Any
    add_loss: Any
    _kcore_clear_losses: Any
    _kcore_call_signature: CallSignature
    _kcore_build_parameters: tuple[str, ...]
    _kcore_fast: set[Any] | None
    _autocast: str | None
    _kcore_takes_training: bool
    _kcore_activity_regularizer: Any
    _kcore_adds_losses: bool
    _kcore_supports_masking: bool
    _kcore_context_arguments: tuple[str, ...]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer on tensors; given symbolic tensors, give the symbolic results.

        Args:
            *args: what `call` takes. NumPy arrays become tensors; floating ones are cast to the compute dtype.
            **kwargs: what `call` takes; and `training`, which reaches the layers inside without being passed.

        Raises:
            ShapeError: if an input does not fit the layer; the text names the layer.
        """
        fast = self._kcore_fast
        if fast is None or len(args) != 1 or (kwargs and (len(kwargs) != 1 or "training" not in kwargs)):
            return self._kcore_call_with_care(args, kwargs)
        x = args[0]
        try:
            if (x.__class__, x.dtype) not in fast:
                return self._kcore_call_with_care(args, kwargs)
        except (AttributeError, TypeError):
            return self._kcore_call_with_care(args, kwargs)
        if (
            current_backend() is not self._kcore_backend
            or autocast_dtype() != self._autocast
            or (
                in_use()
                and (self._kcore_call_signature.masks or self._kcore_supports_masking)
                and get_mask(x) is not None
            )
        ):
            return self._kcore_call_with_care(args, kwargs)
        context = current_context()
        training = kwargs["training"] if kwargs else None
        if training is None and context is not None:
            training = context.training
        token = None
        if context is None:
            if self._kcore_layers or training is not None:
                token = enter_context(CallContext(self, training))
        elif training is not context.training:
            token = enter_context(CallContext(context.entry, training, context.arguments))
        try:
            spec = self.input_spec
            if spec is not None and spec.fault(x.shape):
                check_inputs(spec, x)
            if training is None or not self._kcore_takes_training:
                return self.call(x)
            return self.call(x, training=training)
        except Exception as error:
            raise self._kcore_locate(error)  # noqa: B904 (it is the same error)
        finally:
            if token is not None:
                leave_context(token)

    def _kcore_call_with_care(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._kcore_check_ready()
        if current_backend() is not self._kcore_backend:
            with on(self._kcore_backend):
                return self._kcore_call_with_care(args, kwargs)
        try:
            bound, training, context = self._kcore_settle_arguments(args, kwargs)
            values = bound.arguments
            is_as_it_was = self._convert(bound)
            if any(isinstance(leaf, TensorSpec) for leaf in tree.flatten(dict(values))) and not is_inferring():
                return call_on_symbols(self, bound, self._kcore_passed_training(args, kwargs))
            if self.built:
                outputs = self._run(bound, training, context)
            else:
                with building(self):
                    self._kcore_build_for(values)
                    self._kcore_check_input(values)
                    outputs = self._run(bound, training, context, is_checked=True)
                    self._kcore_set_untracked("_kcore_output_shape_when_built", shape_of(outputs))
                    if not self.built:
                        self.built = True
                        self._kcore_settle_after_build()
        except Exception as error:
            raise self._kcore_locate(error)  # noqa: B904 (it is the same error)
        if is_as_it_was and (len(values) == 1 or (len(values) == 2 and "training" in values)):
            self._kcore_remember_fast(next(iter(values.values())))
        return outputs

    def _kcore_passed_training(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | None:
        """Give the training flag among the arguments of a call, or None."""
        signature = self._kcore_call_signature
        if "training" in kwargs or not signature.takes_training:
            return kwargs.get("training")
        found: bool | None = signature.bind(args, kwargs).arguments.get("training")
        return found

    def _kcore_default_training(self) -> bool | None:
        """Give the training flag of a call that is told none and is in no other; a framework's modules may have one."""
        return None

    def _kcore_run_on_specs(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Run `call` on specs, or on zeros in their place, for what comes out."""
        bound, training, context = self._kcore_settle_arguments(tuple(args), kwargs)
        self._convert(bound)
        try:
            return self._run(bound, training, context)
        except Exception as error:
            raise self._kcore_locate(error)  # noqa: B904 (it is the same error)

    def _kcore_locate(self, error: Exception) -> Exception:
        """Say in an error that it happened in this layer, unless a layer inside has."""
        if isinstance(error, KcoreError):
            if not any(place.startswith("layer ") for place in error.where):
                error.at(f'layer "{self.path}"')
        elif not any("kcore: in layer" in note for note in getattr(error, "__notes__", ())):
            error.add_note(f'kcore: in layer "{self.path}" ({type(self).__name__})')
        return shortened(error)

    def _kcore_remember_fast(self, x: Any) -> None:
        """Note that tensors like `x` can go straight to `call`, if nothing has to be done before or after it."""
        if (
            self._kcore_activity_regularizer is not None
            or self._kcore_adds_losses
            or self._kcore_context_arguments
            or not isinstance(x, self._kcore_backend.tensor_types)
            or isinstance(x, HOST_NUMBERS)
            or self._kcore_overrides_compute_mask()
            or not (self.input_spec is None or hasattr(self.input_spec, "fault"))
        ):
            return
        object.__setattr__(self, "_autocast", self._kcore_autocast_in_call())
        object.__setattr__(self, "_kcore_takes_training", self._kcore_call_signature.takes_training)
        kind: Any = (x.__class__, x.dtype)  # type: ignore[attr-defined]
        object.__setattr__(self, "_kcore_fast", {*(self._kcore_fast or ()), kind})

    def _kcore_overrides_compute_mask(self) -> bool:
        from kcore_layers.layer import Layer

        return type(self).compute_mask is not Layer.compute_mask

    def _kcore_autocast_in_call(self) -> str | None:
        """Give the dtype variables are read in inside `call`, or None for their own."""
        policy = self._kcore_dtype_policy.for_path(self.path)
        dtype = policy.compute_dtype
        return dtype if dtype != policy.variable_dtype and is_float_dtype(dtype) else None

    # Arguments.

    def _kcore_settle_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[inspect.BoundArguments, bool | None, CallContext | None]:
        """Match arguments to `call`'s parameters, and those that come from the call around this one."""
        signature = self._kcore_call_signature
        context = current_context()
        passed = dict(kwargs)
        training = passed.get("training") if signature.takes_training else passed.pop("training", None)
        own = {
            name: passed.pop(name)
            for name in self._kcore_context_arguments
            if name in passed and name not in signature.names
        }
        bound = signature.bind(args, passed)
        if training is None:
            training = bound.arguments.get("training") if signature.takes_training else None
        if training is None and context is not None:
            training = context.training
        elif training is None:
            training = self._kcore_default_training()
        if training is None and signature.takes_training:
            training = signature.training_default
        if signature.takes_training and training is not None:
            bound.arguments["training"] = training
        if context is not None:
            for name, value in context.arguments.items():
                if name in signature.names and bound.arguments.get(name) is None:
                    bound.arguments[name] = value
        if own or context is None or context.training != training:
            entry = self if context is None else context.entry
            inherited = {} if context is None else context.arguments
            named = {name: bound.arguments[name] for name in self._kcore_context_arguments if name in bound.arguments}
            return bound, training, CallContext(entry, training, {**inherited, **named, **own})
        return bound, training, None

    def _convert(self, bound: inspect.BoundArguments) -> bool:
        """Make tensors of arrays, and cast floating tensors; says whether there was nothing to do."""
        is_as_it_was = True
        for name, value in bound.arguments.items():
            if value is None or value is True or value is False or name == "training":
                continue
            if isinstance(value, self._kcore_backend.tensor_types) or not tree.is_nested(value):
                converted = self._kcore_convert_leaf(value)
            elif name == self._kcore_call_signature.first and _is_list_of_numbers(value):
                converted = self._kcore_convert_leaf(np.asarray(tensor_on(self._kcore_backend, value, None)))
            else:
                converted = tree.map_structure(self._kcore_convert_leaf, value)
                is_as_it_was = False
            if converted is not value:
                bound.arguments[name] = converted
                is_as_it_was = False
        return is_as_it_was

    def _kcore_convert_leaf(self, x: Any) -> Any:
        dtype = self._kcore_dtype_policy.for_path(self.path).compute_dtype if self.autocast else None
        if isinstance(x, np.ndarray | np.generic):
            is_narrowed = dtype is not None and is_float_dtype(x.dtype.name)
            tensor = tensor_on(self._kcore_backend, x, dtype if is_narrowed else None)
            if tensor is not x and in_use():
                set_mask(tensor, get_mask(x))
            return tensor
        if isinstance(x, KerasTensor):
            return x  # the layer casts what it is given when the graph runs: that is no call of its own
        if isinstance(x, TensorSpec):
            return cast(x, dtype) if dtype is not None and is_float_dtype(x.dtype) and x.dtype != dtype else x
        if isinstance(x, Variable) or isinstance(x, HOST_TYPES) or not hasattr(x, "dtype"):
            return x
        if not isinstance(x, self._kcore_backend.tensor_types):
            return tensor_on(self._kcore_backend, x, None)  # raises for another framework's tensor
        if dtype is not None:
            found = self._kcore_backend.dtype(x)
            if found != dtype and is_float_dtype(found):
                converted = self._kcore_backend.ops["cast"](x, dtype)
                if in_use():
                    set_mask(converted, get_mask(x))
                return converted
        return x

    # The call itself.

    def _kcore_build_for(self, values: dict[str, Any]) -> None:
        """Build the layer for the arguments of a call; layers inside a `call` are built as they are reached."""
        from kcore_layers.layer import Layer

        tensors = {
            name: value
            for name, value in values.items()
            if not name.endswith("mask") and any(hasattr(leaf, "shape") for leaf in tree.flatten(value))
        }
        if getattr(self.build, "__wrapped__", None) is Layer.build:
            # The call itself builds what is inside.
            self._kcore_set_untracked(
                "_kcore_build_shapes", {f"{name}_shape": shape_of(value) for name, value in tensors.items()}
            )
            self._kcore_set_untracked("_kcore_build_dtypes", dtypes_of(tensors))
            return
        names = self._kcore_build_parameters
        if len(names) == 1 and names[0].removesuffix("_shape") not in tensors:
            first = next(iter(tensors.values()), None)
            self.build(shape_of(first))
            return
        shapes = {name: shape_of(tensors.get(name.removesuffix("_shape"))) for name in names}
        if names and all(shape is None for shape in shapes.values()) and tensors:
            shapes = dict(zip(names, (shape_of(value) for value in tensors.values()), strict=False))
        self.build(**shapes)

    def _kcore_check_input(self, values: dict[str, Any]) -> None:
        if self.input_spec is not None and values:
            check_inputs(self.input_spec, next(iter(values.values())))

    def _run(
        self,
        bound: inspect.BoundArguments,
        training: bool | None,
        context: CallContext | None,
        is_checked: bool = False,
    ) -> Any:
        """Call `call` with everything around it in place."""
        values = bound.arguments
        if not is_checked:
            self._kcore_check_input(values)
        masks = self._kcore_pass_masks(values) if in_use() else None
        if self._kcore_adds_losses and current_context() is None and not in_stateless_scope():
            self._kcore_clear_losses()
        token = None if context is None else enter_context(context)
        try:
            dtype = self._kcore_autocast_in_call()
            if autocast_dtype() == dtype:
                outputs = self.call(*bound.args, **bound.kwargs)
            else:
                with AutocastScope(dtype):
                    outputs = self.call(*bound.args, **bound.kwargs)
            if self._kcore_activity_regularizer is not None:
                self._regularize(outputs)
        finally:
            if token is not None:
                leave_context(token)
        self._kcore_mask_outputs(values, masks, outputs)
        return outputs

    def _kcore_pass_masks(self, values: dict[str, Any]) -> Any:
        """Pass on the masks that the tensors carry; gives that of the first argument."""
        first = None
        for position, (name, value) in enumerate(list(values.items())):
            if isinstance(value, list | tuple | dict):
                found = tree.map_structure(lambda x: get_mask(x) if hasattr(x, "shape") else None, value)
                has_any = any(mask is not None for mask in tree.flatten(found))
            else:
                found = get_mask(value) if hasattr(value, "shape") else None
                has_any = found is not None
            if not has_any:
                continue
            if position == 0:
                first = found
            parameter = self._kcore_call_signature.masks.get(name)
            if parameter is not None and values.get(parameter) is None:
                values[parameter] = found
        return first

    def _kcore_mask_outputs(self, values: dict[str, Any], masks: Any, outputs: Any) -> None:
        """Give the outputs their masks."""
        overrides = self._kcore_overrides_compute_mask()
        if is_inferring() or not (overrides or (self._kcore_supports_masking and masks is not None)):
            return
        found = self.compute_mask(next(iter(values.values()), None), masks)
        if found is None:
            return
        leaves = tree.flatten(outputs)
        flat = found if isinstance(found, list | tuple) else [found] * len(leaves)
        for x, mask in zip(leaves, flat, strict=False):
            if mask is not None:
                set_mask(x, mask)

    def _regularize(self, outputs: Any) -> None:
        if is_inferring():
            return
        for x in tree.flatten(outputs):
            batch = self._kcore_backend.shape(x)[0] if len(x.shape) else 1
            # Per sample, so that the weight of the penalty does not depend on the batch.
            self.add_loss(self._kcore_activity_regularizer(x) / cast(batch, self._kcore_backend.dtype(x)))


def _is_list_of_numbers(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(leaf, HOST_NUMBERS) and leaf is not None for leaf in tree.flatten(value)
    )
