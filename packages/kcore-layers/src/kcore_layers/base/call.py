"""What happens when a layer is called: `Layer.__call__`, after op dispatch the hottest code in kcore.

The general path takes any call: it matches arguments, converts arrays, passes masks on, builds, and answers symbolic
tensors with symbolic results. What it finds to be true of a layer that is called with one plain tensor it keeps as an
immutable `CallPlan`, by which later calls go to `call` almost at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from kcore_ops import KerasTensor, TensorSpec, Variable, cast, tree
from kcore_ops.backends.abilities import Modules
from kcore_ops.backends.current import current_backend, on
from kcore_ops.backends.interface import Backend
from kcore_ops.dtype_policies import DTypePolicy, FloatDTypePolicy
from kcore_ops.dtypes import is_float_dtype, is_string_dtype
from kcore_ops.engine.call import HOST_NUMBERS, HOST_TYPES
from kcore_ops.engine.convert import tensor_on
from kcore_ops.engine.inference import is_inferring
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, KcoreError
from kcore_ops.foundation.tracebacks import shortened
from kcore_ops.state.variable import AutocastScope, autocast_dtype

from kcore_layers.base.build import build_lock, building
from kcore_layers.base.call_plan import CallPlan
from kcore_layers.base.context import CallContext, current_context, enter_context, leave_context
from kcore_layers.base.input_spec import check_inputs, several_given
from kcore_layers.base.losses import CallLosses, store_losses
from kcore_layers.base.masking import get_mask, in_use, mask_outputs, pass_masks, set_mask
from kcore_layers.base.rematerialization import RematMode
from kcore_layers.base.shapes import dtypes_of, shape_of
from kcore_layers.base.signature import CallSignature
from kcore_layers.base.symbolic_call import call_on_symbols

__all__ = ["Calling"]


class Calling(CallLosses):
    """Mixin with `__call__`.

    Attributes:
        _kcore_call_signature: what is known of the parameters of `call`; one per class.
        _kcore_plan: how to call it with a plain tensor, or None where that has to be found out.
    """

    _kcore_backend: Backend
    built: Any
    _kcore_built: bool
    autocast: bool
    _kcore_dtype_policy: Any
    input_spec: Any
    # What Layer defines.
    call: Any
    build: Any
    compute_mask: Any
    rematerialized_call: Any
    _kcore_check_ready: Any
    _kcore_after_build: Any
    _kcore_call_signature: CallSignature
    _kcore_build_parameters: tuple[str, ...]
    _kcore_plan: CallPlan | None
    _kcore_modules: ClassVar[Modules | None]
    _kcore_mode: bool | None  # the training flag that the framework's module was set to
    _kcore_activity_regularizer: Any
    _kcore_supports_masking: bool
    _kcore_context_arguments: tuple[str, ...]
    _kcore_has_own_compute_mask: bool
    _kcore_masks_follow: bool  # no output has one where no input has one
    _kcore_remat: RematMode | None

    def __call__(self, *args: Tree, **kwargs: Any) -> Any:
        """Return the layer's outputs for tensors; for symbolic tensors, the symbolic outputs.

        Args:
            *args: what `call` takes: tensors, and trees of them. NumPy arrays become tensors; floating ones are cast to
                the compute dtype.
            **kwargs: what `call` takes; and `training`, which reaches the layers inside without being passed.

        Raises:
            ShapeError: if an input does not fit the layer; the text names the layer.
            ArgumentError: if the arguments are not those of `call`.
        """
        plan = self._kcore_plan
        if plan is None or len(args) != 1 or (kwargs and (len(kwargs) != 1 or "training" not in kwargs)):
            return self._kcore_call_with_hooks(args, kwargs)
        kinds, autocast, takes_training, default, mode, needs_context, is_leaf, looks_for_masks, fault, is_hooked = plan
        x = args[0]
        try:
            if (x.__class__, x.dtype) not in kinds:
                return self._kcore_call_with_hooks(args, kwargs)
        except (AttributeError, TypeError):
            return self._kcore_call_with_hooks(args, kwargs)
        if (
            current_backend() is not self._kcore_backend
            or autocast_dtype() != autocast
            or (looks_for_masks and in_use() and get_mask(x) is not None)
            or (is_hooked is not None and is_hooked())
        ):
            return self._kcore_call_with_hooks(args, kwargs)
        if is_leaf and not kwargs:
            try:
                if fault is not None and fault(x.shape):
                    check_inputs(self.input_spec, x)
                return self.call(x)
            except Exception as error:
                raise self._kcore_locate(error)  # noqa: B904 (it is the same error)
        context = current_context()
        training = kwargs["training"] if kwargs else None
        is_mode = False
        if training is None:
            if context is not None:
                training, is_mode = context.training, context.is_mode
            if mode is not None and (training is None or is_mode):
                training, is_mode = mode, True
        token = outermost = None
        # A default of the parameter is passed by Python itself; layers inside are told.
        inside = default if training is None and needs_context else training
        if context is None:
            if needs_context or training is not None:
                outermost = CallContext(self, inside, None, is_mode)
                token = enter_context(outermost)
        elif inside is not context.training or is_mode is not context.is_mode:
            token = enter_context(context.changed(inside, is_mode))
        try:
            if fault is not None and fault(x.shape):
                check_inputs(self.input_spec, x)
            if training is None or not takes_training:
                outputs = self.call(x)
            else:
                outputs = self.call(x, training=training)
            if outermost is not None and outermost.losses:
                store_losses(self, outermost)
            return outputs
        except Exception as error:
            raise self._kcore_locate(error)  # noqa: B904 (it is the same error)
        finally:
            if token is not None:
                leave_context(token)

    def _kcore_call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call it whatever the arguments are; a framework with hooks of its own runs them around this."""
        modules = self._kcore_modules
        if modules is not None and modules.has_hooks(self):
            return modules.call_with_hooks(self, args, kwargs)
        return self._kcore_general_call(args, kwargs)

    def _kcore_general_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._kcore_check_ready()
        if current_backend() is not self._kcore_backend:
            with on(self._kcore_backend):
                return self._kcore_general_call(args, kwargs)
        try:
            bound, training, context = self._kcore_bind(args, kwargs)
            values = bound.arguments
            if len(args) > 1:
                _refuse_positional_numbers(args, values)
            is_as_it_was = self._kcore_convert(bound)
            if any(isinstance(leaf, TensorSpec) for leaf in tree.flatten(dict(values))) and not is_inferring():
                return call_on_symbols(self, bound, self._kcore_passed_training(args, kwargs))
            if self._kcore_built:
                outputs = self._kcore_run(bound, training, context)
            else:
                outputs = self._kcore_build_and_run(bound, training, context)
        except Exception as error:
            raise self._kcore_locate(error)  # noqa: B904 (it is the same error)
        if is_as_it_was and (len(values) == 1 or (len(values) == 2 and "training" in values)):
            self._kcore_make_plan(next(iter(values.values())))
        return outputs

    def _kcore_build_and_run(
        self, bound: inspect.BoundArguments, training: bool | None, context: CallContext | None
    ) -> Any:
        """Build it and call it, as one transaction; a thread that comes second finds it built."""
        with build_lock:
            if self._kcore_built:
                return self._kcore_run(bound, training, context)
            with building(self):
                self._kcore_build_for(bound.arguments)
                self._kcore_check_input(bound.arguments)
                count = len(self._kcore_own_variables())
                outputs = self._kcore_run(bound, training, context, is_checked=True)
                if len(self._kcore_own_variables()) > count:
                    self._kcore_set_untracked("_kcore_makes_weights_in_call", True)
                self._kcore_set_untracked("_kcore_output_shape_when_built", shape_of(outputs))
                if not self._kcore_built:
                    self.built = True
                    self._kcore_after_build()
        return outputs

    def _kcore_passed_training(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | None:
        """Return the training flag among the arguments of a call, or None."""
        signature = self._kcore_call_signature
        if "training" in kwargs or not signature.takes_training:
            return kwargs.get("training")
        found: bool | None = signature.bind(args, kwargs).arguments.get("training")
        return found

    def _kcore_run_on_specs(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Run `call` on specs, or on zeros in their place, for what comes out."""
        bound, training, context = self._kcore_bind(tuple(args), kwargs)
        self._kcore_convert(bound)
        try:
            return self._kcore_run(bound, training, context)
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

    def _kcore_make_plan(self, x: Any) -> None:
        """Let tensors like `x` go straight to `call` from now on, if nothing has to be done before or after it."""
        spec = self.input_spec
        if (
            self._kcore_activity_regularizer is not None
            or self._kcore_adds_losses
            or self._kcore_context_arguments
            or self._kcore_remat is not None
            or (self._kcore_overrides_compute_mask() and not self._kcore_masks_follow)
            or "compute_mask" in self.__dict__
            or self.__dict__.get("_kcore_makes_weights_in_call")
            or not isinstance(x, self._kcore_backend.tensor_types)
            or isinstance(x, HOST_NUMBERS)
            or not (spec is None or hasattr(spec, "fault"))
            # A map, or a policy of the user's, may change its mind.
            or type(self._kcore_dtype_policy) not in (DTypePolicy, FloatDTypePolicy)
            or (self._kcore_modules is not None and self._kcore_modules.has_hooks(self))
        ):
            return
        signature = self._kcore_call_signature
        kind: Any = (x.__class__, x.dtype)  # type: ignore[attr-defined]
        known = frozenset() if self._kcore_plan is None else self._kcore_plan.kinds
        plan = CallPlan(
            kinds=known | {kind},
            autocast=self._kcore_autocast_in_call(),
            takes_training=signature.takes_training,
            default=signature.training_default,
            mode=self._kcore_mode,
            needs_context=bool(self._kcore_layers),
            is_leaf=not (self._kcore_layers or signature.takes_training) and self._kcore_mode is None,
            looks_for_masks=bool(signature.masks or self._kcore_supports_masking or self._kcore_has_own_compute_mask),
            fault=None if spec is None else spec.fault,
            is_hooked=None if self._kcore_modules is None else self._kcore_modules.has_global_hooks,
        )
        self.__dict__["_kcore_plan"] = plan

    def _kcore_overrides_compute_mask(self) -> bool:
        """Return whether outputs have masks other than that of the input."""
        return self._kcore_has_own_compute_mask

    def _kcore_autocast_in_call(self) -> str | None:
        """Return the dtype variables are read in inside `call`, or None for their own."""
        policy = self._kcore_dtype_policy.for_path(self.path)
        dtype = policy.compute_dtype
        return dtype if dtype != policy.variable_dtype and is_float_dtype(dtype) else None

    # Arguments.

    def _kcore_bind(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[inspect.BoundArguments, bool | None, CallContext | None]:
        """Match arguments to `call`'s parameters, and those that come from the call around this one.

        The third result is the context to run in where it is not the one around.
        """
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
        is_mode = False
        if training is None:
            mode = self._kcore_mode
            if context is not None:
                training, is_mode = context.training, context.is_mode
            if (training is None or is_mode) and mode is not None:
                training, is_mode = mode, True
        if training is None and signature.takes_training:
            training = signature.training_default
        if signature.takes_training and training is not None:
            bound.arguments["training"] = training
        if context is not None:
            for name, value in context.arguments.items():
                if name in signature.names and bound.arguments.get(name) is None:
                    bound.arguments[name] = value
        if own or context is None or context.training is not training:
            named = {name: bound.arguments[name] for name in self._kcore_context_arguments if name in bound.arguments}
            arguments = {**({} if context is None else context.arguments), **named, **own}
            if context is None:
                return bound, training, CallContext(self, training, arguments, is_mode)
            return bound, training, context.changed(training, is_mode, arguments)
        return bound, training, None

    def _kcore_convert(self, bound: inspect.BoundArguments) -> bool:
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
            if is_string_dtype(x.dtype):
                return x  # layers of strings take them, and what else meets them says what is wrong
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
        from kcore_layers.base.layer import Layer

        tensors = {
            name: value
            for name, value in values.items()
            if not name.endswith("mask") and any(hasattr(leaf, "shape") for leaf in tree.flatten(value))
        }
        if getattr(self.build, "__wrapped__", None) is Layer.build:
            # The call itself builds what is inside.
            shapes = {f"{name}_shape": shape_of(value) for name, value in tensors.items()}
            self._kcore_set_untracked("_kcore_build_shapes", shapes)
            self._kcore_set_untracked("_kcore_build_dtypes", dtypes_of(tensors))
            return
        names = self._kcore_build_parameters
        first = next(iter(tensors.values()), None)
        if len(names) == 1 and names[0].removesuffix("_shape") not in tensors:
            self._kcore_build_from(first, (shape_of(first),), {})
            return
        unknown = [name for name in names if name.removesuffix("_shape") not in self._kcore_call_signature.names]
        if unknown and unknown[0] == names[0]:  # the first one may have any name: there is no doubt what it is
            unknown = unknown[1:]
            values = {**values, names[0].removesuffix("_shape"): first}
        if unknown:
            raise ArgumentError(
                f"build takes {', '.join(unknown)}, and call has no such argument",
                fix=f"name them after arguments of call{self._kcore_call_signature.signature}, with _shape at the end",
            )
        shapes = {name: shape_of(values.get(name.removesuffix("_shape"))) for name in names}
        self._kcore_build_from(first, (), shapes)

    def _kcore_build_from(self, first: Any, shapes: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Build the layer; one of ours that looks for the sizes of a tensor says so where it is given several."""
        try:
            self.build(*shapes, **named)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            is_ours = self.build.__wrapped__.__module__.partition(".")[0] == "kcore_layers"
            if not is_ours or isinstance(error, KcoreError) or not isinstance(first, list | tuple | dict):
                raise
            raise several_given(first, "the layer") from error

    def _kcore_check_input(self, values: dict[str, Any]) -> None:
        if self.input_spec is not None and values:
            check_inputs(self.input_spec, next(iter(values.values())))

    def _kcore_run(
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
        masks = pass_masks(self._kcore_call_signature, values)
        is_entry = current_context() is None
        token = None if context is None else enter_context(context)
        try:
            dtype = self._kcore_autocast_in_call()
            call = self.call
            if self._kcore_remat is not None and self._kcore_built and not is_inferring():
                call = self.rematerialized_call(call, *bound.args, **bound.kwargs)
            if autocast_dtype() == dtype:
                outputs = call(*bound.args, **bound.kwargs)
            else:
                with AutocastScope(dtype):
                    outputs = call(*bound.args, **bound.kwargs)
            if self._kcore_activity_regularizer is not None:
                self._kcore_regularize(outputs)
            if is_entry and context is not None:
                store_losses(self, context)
        finally:
            if token is not None:
                leave_context(token)
        if self._kcore_overrides_compute_mask() or (self._kcore_supports_masking and masks is not None):
            return mask_outputs(self, values, masks, outputs)
        return outputs

    def _kcore_regularize(self, outputs: Any) -> None:
        if is_inferring():
            return
        for x in tree.flatten(outputs):
            batch = self._kcore_backend.shape(x)[0] if len(x.shape) else 1
            if isinstance(batch, int):
                batch = max(batch, 1)  # nothing costs nothing
            # Per sample, so that the weight of the penalty does not depend on the batch.
            self.add_loss(self._kcore_activity_regularizer(x) / cast(batch, self._kcore_backend.dtype(x)))


def _refuse_positional_numbers(args: tuple[Any, ...], values: Mapping[str, Any]) -> None:
    """Refuse flags and numbers that are passed by position after the first argument, where tensors stand."""
    for name, value in zip(list(values)[1:], args[1:], strict=False):
        for leaf in tree.flatten(value) if tree.is_nested(value) else [value]:
            if isinstance(leaf, bool | int | float | complex | str | bytes):
                raise ArgumentError(
                    f"{name} is {leaf!r}, by position, where a layer takes tensors only",
                    fix=f"pass it by name: {name}={value!r}",
                )


def _is_list_of_numbers(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(leaf, HOST_NUMBERS) and leaf is not None for leaf in tree.flatten(value)
    )
