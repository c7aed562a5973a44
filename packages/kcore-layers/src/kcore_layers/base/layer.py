"""`Layer`: state and a computation, the base class of all layers and models."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from kcore_ops import Variable, dtype_policies, tree
from kcore_ops.backends.current import current_backend, on
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import is_float_dtype, standardize_dtype
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, KcoreError, MissingMethod
from kcore_ops.specs.spec import standardize_shape

from kcore_layers.base.bridge import LayerBridge
from kcore_layers.base.build import Built, is_building
from kcore_layers.base.call import Calling
from kcore_layers.base.call_plan import drop_plan
from kcore_layers.base.context import current_context
from kcore_layers.base.framework_class import framework_class, is_overridden, remake
from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.operation import Operation, checked_name
from kcore_layers.base.rematerialization import current_mode
from kcore_layers.base.saved_attributes import saved_attributes
from kcore_layers.base.shapes import specs_of, tuples_of
from kcore_layers.base.symbolic_call import infer_by_shape_rule, infer_outputs
from kcore_layers.base.tracking import attributes_changed, state_changed
from kcore_layers.options import constraints, initializers, regularizers
from kcore_layers.options.argument_types import (
    ConstraintLike,
    DTypeLike,
    InitializerLike,
    RegularizerLike,
    Shape,
)
from kcore_layers.serialization.arguments import Arguments, make_from_config, records_arguments, unknown_arguments
from kcore_layers.serialization.registry import original_class

__all__ = ["Layer"]


class Layer(Built, Calling, Operation):
    """A computation with state. Subclass it: set up in `__init__`, make weights in `build`, compute in `call`.

    A layer belongs to the backend that was current when it was made, and is an instance of that framework's class of
    modules too, where it has one.

    Args:
        activity_regularizer: regularizer of the output, its name or config, or a function; what it returns is added to
            the losses. None by default.
        trainable: bool, whether an optimizer may change the layer's variables; True by default.
        dtype: dtype or dtype policy, its name or config: what the layer computes in and keeps variables in. None, the
            default, is the global policy.
        autocast: bool, whether floating inputs are cast to the compute dtype; True by default.
        name: str without "/", the layer's name; None, the default, makes one up from the class's.
        **kwargs: `input_shape`, a tuple without the batch, or `input_dim`, its only size: what a `Sequential` that
            starts with this layer is built for.

    Raises:
        ArgumentError: if an argument is unknown.

    >>> import numpy as np
    >>> import kcore_ops as ops
    >>> class Linear(Layer):
    ...     def build(self, input_shape):
    ...         self.w = self.add_weight(shape=(input_shape[-1], 2), initializer="ones")
    ...     def call(self, x):
    ...         return ops.matmul(x, self.w)
    >>> layer = Linear()
    >>> layer(np.ones((1, 3), "float32"))
    array([[3., 3.]], dtype=float32)
    >>> layer.weights[0].path
    'linear/w'
    """

    _kcore_backend: Backend
    autocast: bool
    _kcore_dtype_policy: dtype_policies.DTypePolicy
    input_spec: InputSpec | Any = None
    _kcore_is_input_layer: ClassVar[bool] = False
    _kcore_is_ready: bool
    _kcore_losses: list[Any]
    _kcore_adds_losses: bool
    _kcore_supports_masking: bool
    _kcore_context_arguments: tuple[str, ...]
    _kcore_activity_regularizer: Any
    _kcore_arguments: Arguments | None
    _kcore_extra: ClassVar[type | None] = None
    # Attributes of instances, which classes do not show, that are no place for state.
    _kcore_instance_names: ClassVar[frozenset[str]] = frozenset({"autocast", "built", "name"})
    # Methods that only users call: an attribute may take their place.
    _kcore_yielding_names: ClassVar[frozenset[str]] = frozenset({"count_params", "quantize"})

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance of the class that belongs to the current backend as well."""
        backend = current_backend()
        cls = framework_class(cls, backend, cls._kcore_extra or cls._kcore_base_for(args, kwargs))
        layer: Any = object.__new__(cls)
        layer._kcore_start(backend)
        arguments = Arguments(args, kwargs) if records_arguments(cls) else None
        layer._kcore_set_untracked("_kcore_arguments", arguments)
        return layer

    @classmethod
    def _kcore_base_for(cls, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> type | None:
        """Return a class that instances made with these arguments are to have as a base beside their own."""
        return None

    def _kcore_start(self, backend: Backend) -> None:
        """Prepare what must be there before the first attribute is set."""
        self.__dict__.update(
            _kcore_built=False,
            _kcore_backend=backend,
            _kcore_lists={},
            _kcore_plan=None,
            _kcore_mode=None,
            _kcore_remat=current_mode(),
            _kcore_is_ready=False,
            _kcore_trainable=True,
            _kcore_path=None,
            _kcore_losses=[],
            _kcore_adds_losses=False,
            _kcore_context_arguments=(),
            _kcore_supports_masking=False,
            _kcore_activity_regularizer=None,
        )
        self._kcore_start_tracking()
        if backend.modules is not None:
            backend.modules.start(self)

    def __kcore_bridge__(self) -> LayerBridge:
        """Return what the framework's class of modules may ask and tell."""
        return LayerBridge(self)

    def __init__(
        self,
        *,
        activity_regularizer: RegularizerLike = None,
        trainable: bool = True,
        dtype: DTypeLike = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        input_shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            input_shape = (kwargs.pop("input_dim"),)
        if kwargs:
            raise unknown_arguments(original_class(type(self)), kwargs)
        self.name = checked_name(self, name)
        self._kcore_set_untracked("_kcore_dtype_policy", dtype_policies.get(dtype))
        self.autocast = bool(autocast)
        if not isinstance(trainable, bool | np.bool_):
            raise ArgumentError(f"trainable is {trainable!r}", fix="pass True or False").at(f'layer "{self.name}"')
        self._kcore_trainable = bool(trainable)
        self._kcore_set_untracked("_kcore_activity_regularizer", regularizers.get(activity_regularizer))
        if input_shape is not None:
            self._kcore_set_untracked("_kcore_input_shape_arg", standardize_shape(input_shape))
        self._kcore_is_ready = True

    # What it computes in.

    @property
    def dtype_policy(self) -> dtype_policies.DTypePolicy:
        """The dtype it computes in, and the one it keeps variables in."""
        return self._kcore_dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, policy: DTypeLike) -> None:
        self._kcore_set_untracked("_kcore_dtype_policy", dtype_policies.get(policy))
        drop_plan(self)
        attributes_changed()

    @property
    def compute_dtype(self) -> str:
        """The dtype it computes in."""
        return self._kcore_dtype_policy.for_path(self.path).compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype it keeps variables in."""
        return self._kcore_dtype_policy.for_path(self.path).variable_dtype

    @property
    def dtype(self) -> str:
        """The same as `variable_dtype`."""
        return self.variable_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that floating inputs are cast to."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> str | None:
        """What its dtype policy keeps weights as, "int8", say, or multiplies them as, "float8"; None, neither."""
        return self._kcore_dtype_policy.for_path(self.path).quantization_mode

    def quantize(self, mode: str | None = None, type_check: bool = True, config: Any = None) -> None:
        """Keep weights as integers of few bits from now on. Layers that can have a method of their own for it.

        Args:
            mode: str, what they are to be kept as; None, the default, is what `config` says.
            type_check: bool, of no effect: subclasses of a layer that can be quantized can be too; True by default.
            config: `quantizers.QuantizationConfig`, how the weights are rounded; None, the default, is the mode's own.

        Raises:
            MissingMethod: if the layer has no weights that can be.
        """
        name = original_class(type(self)).__name__
        raise MissingMethod(
            f"{name} has no weights that can be quantized",
            fix="quantize Dense, EinsumDense and Embedding, or a model, which leaves all else as it is",
        ).at(f'layer "{self.name}"')

    @property
    def supports_masking(self) -> bool:
        """Whether the mask of the input is that of the output too."""
        return self._kcore_supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self._kcore_supports_masking = bool(value)
        drop_plan(self)

    @property
    def activity_regularizer(self) -> Any:
        """Function of the output whose value is added to the losses, or None."""
        return self._kcore_activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, value: RegularizerLike) -> None:
        self._kcore_set_untracked("_kcore_activity_regularizer", regularizers.get(value))
        drop_plan(self)
        attributes_changed()

    # Its place and its weights.

    def add_weight(
        self,
        shape: Shape | None = None,
        initializer: InitializerLike = None,
        dtype: DTypeLike = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: RegularizerLike = None,
        constraint: ConstraintLike = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Return a new variable that is part of the layer's state.

        Args:
            shape: tuple of sizes, all known; None, the default, is ().
            initializer: initializer, its name or config, or a function of shape and dtype, or an array. None, the
                default: Glorot's uniform one for floating dtypes, zeros for others.
            dtype: dtype or its name; None, the default, is the layer's `variable_dtype`.
            trainable: bool, whether optimizers change it; True by default.
            autocast: bool, whether it is read in the layer's compute dtype; True by default.
            regularizer: regularizer of the value, its name or config, or a function; what it returns is added to the
                losses. None by default.
            constraint: constraint, its name or config, or a function from a value to the allowed one, applied after
                each update. None by default.
            aggregation: str, how copies on several devices combine: "none", the default, "mean", "sum" or
                "only_first_replica".
            overwrite_with_gradient: bool, whether optimizers put the gradient in place of the value; False by default.
            name: str, its name; None, the default, is that of the attribute it is first assigned to.

        Raises:
            ShapeError: if a size is unknown.
            ArgumentError: if it is called in `call` of a layer that is built already.

        >>> Layer(name="scale").add_weight(shape=(2,), initializer="ones", name="gamma")
        <Variable path=scale/gamma shape=(2,) dtype=float32 value=[1. 1.]>
        """
        self._kcore_check_ready()
        if self._kcore_built and current_context() is not None and not is_building(self):
            raise ArgumentError(
                "a weight was made in call, of a layer that is built: each call would make another",
                fix="make weights in build, or in __init__",
            ).at(f'layer "{self.path}"')
        dtype = self.variable_dtype if dtype is None else standardize_dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if is_float_dtype(dtype) else "zeros"
        shape = () if shape is None else standardize_shape(shape)
        path = self._kcore_resolve_path()
        with on(self._kcore_backend):
            try:
                variable = Variable(
                    initializers.get(initializer), shape, dtype, trainable, autocast, aggregation, name=name
                )
            except KcoreError as error:
                raise error.at(f'layer "{path}"')  # noqa: B904 (its cause is its own)
        if name is None:
            # Counted in the layer, so that one made of its config has the same; an attribute may give another.
            number = len(self._kcore_trainable_variables) + len(self._kcore_non_trainable_variables)
            variable.name = f"variable_{number}" if number else "variable"
        variable.path = f"{path}/{variable.name}"
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._kcore_track_variable(variable)
        if not self._kcore_trainable and trainable:
            variable.trainable = False  # until the layer is set to train: the lists go by how it was made
        self._kcore_tracking_changed()
        return variable

    def add_variable(
        self,
        shape: Shape,
        initializer: InitializerLike,
        dtype: DTypeLike = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: RegularizerLike = None,
        constraint: ConstraintLike = None,
        name: str | None = None,
    ) -> Variable:
        """Return a new variable; `add_weight` where shape and initializer must be given.

        Args:
            shape: as for `add_weight`.
            initializer: as for `add_weight`.
            dtype: as for `add_weight`; None, the default, is the layer's `variable_dtype`.
            trainable: as for `add_weight`; True by default.
            autocast: as for `add_weight`; True by default.
            regularizer: as for `add_weight`; None by default.
            constraint: as for `add_weight`; None by default.
            name: as for `add_weight`; None, the default, is that of the attribute it is first assigned to.
        """
        return self.add_weight(shape, initializer, dtype, trainable, autocast, regularizer, constraint, name=name)

    # Building.

    def build(self, *shapes: Any, **named_shapes: Any) -> None:
        """Make the weights. Override it to make the layer's own; layers inside are built by running `call` on shapes.

        Args:
            *shapes: tuples, the shape of each tensor that `call` takes, or trees of them.
            **named_shapes: the same by name: `x_shape` for `x`.
        """
        has_call = type(self).call is not Layer.call  # one that trains its layers in steps of its own may have none
        if not (shapes or named_shapes) or not self._kcore_layers or not has_call:
            return
        dtypes = getattr(self, "_kcore_build_dtypes", {})
        in_order = itertools.chain(dtypes.values(), itertools.repeat(self.input_dtype))
        specs = [specs_of(shape, dtype) for shape, dtype in zip(shapes, in_order, strict=False)]
        by_name = {name.removesuffix("_shape"): shape for name, shape in named_shapes.items()}
        named = {name: specs_of(shape, dtypes.get(name, self.input_dtype)) for name, shape in by_name.items()}
        infer_outputs(self, specs, named)

    def _kcore_after_build(self) -> None:
        """Act on the end of a build."""
        state_changed()

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes it was built with, or None: one as `input_shape`, several by name in `shapes_dict`.

        With them go the dtypes by name, as `dtypes`, if a call has built it and they were not its own `input_dtype`.
        """
        shapes = {name: shape for name, shape in getattr(self, "_kcore_build_shapes", {}).items() if shape is not None}
        if not shapes:
            return None
        config = {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}
        dtypes = getattr(self, "_kcore_build_dtypes", {})
        is_plain = all(dtype == self.input_dtype for dtype in tree.flatten(dtypes))
        return config if is_plain else {**config, "dtypes": dtypes}

    def build_from_config(self, config: Mapping[str, Any] | None) -> None:
        """Build it with the shapes that `get_build_config` returned.

        Args:
            config: what `get_build_config` returned; None or {} leaves the layer unbuilt.
        """
        if not config:
            return
        if "dtypes" in config:
            self._kcore_set_untracked("_kcore_build_dtypes", dict(config["dtypes"]))
        if "input_shape" in config:
            self.build(tuples_of(config["input_shape"]))
        else:
            self.build(**tuples_of(config.get("shapes_dict", config)))

    def _kcore_saved_children(self) -> Iterator[tuple[str, Any]]:
        """Return what a file of weights looks into for parts of this layer, by name, in the order of files."""
        return saved_attributes(self, Layer)

    # Calling; see call.py.

    def call(self, *args: Tree, **kwargs: Any) -> Any:
        """Compute the outputs. Override it.

        Args:
            *args: tensors, or trees of them, as the subclass's signature says.
            **kwargs: the same by name, and settings such as `training` and `mask`.
        """
        name = original_class(type(self)).__name__
        raise MissingMethod(f"{name} has no call", fix=f"define {name}.call(self, inputs)")

    def compute_mask(self, inputs: Tree, previous_mask: Tree) -> Any:
        """Return the mask of the output, from that of the input; the same one unless overridden.

        Args:
            inputs: the first argument of the call: a tensor, or a tree of them.
            previous_mask: its mask, booleans, or a tree of masks; None if it has none.
        """
        return previous_mask

    def compute_output_spec(self, *args: Tree, **kwargs: Any) -> Any:
        """Return the shapes and dtypes of what a call returns, as specs.

        A layer with a `compute_output_shape` of its own is asked that, and its results are of its `compute_dtype`; any
        other is run on specs, or where it calls a framework's own functions on zeros.

        Args:
            *args: what `call` takes, with specs in place of tensors.
            **kwargs: the same by name.
        """
        if is_overridden(type(self), "compute_output_shape"):
            return infer_by_shape_rule(self, list(args), kwargs)
        return infer_outputs(self, list(args), kwargs)

    def compute_output_shape(self, *shapes: Any, **named_shapes: Any) -> Any:
        """Return the shape of the output, or a tree of them, from shapes of the inputs.

        Args:
            *shapes: tuples, or trees of them, in the order of `call`'s parameters.
            **named_shapes: the same by those names and `_shape`; `input_shape` is the first of them, whatever it is
                called.
        """
        specs = [specs_of(shape, self.input_dtype) for shape in shapes]
        named = {name: specs_of(shape, self.input_dtype) for name, shape in named_shapes.items()}
        first = self._kcore_call_signature.first or "input"
        named = {first if name == "input_shape" else name.removesuffix("_shape"): spec for name, spec in named.items()}
        return tree.map_structure(lambda spec: tuple(spec.shape), self.compute_output_spec(*specs, **named))

    def symbolic_call(self, *args: Tree, **kwargs: Any) -> Any:
        """Return the symbolic outputs for symbolic tensors.

        Args:
            *args: as for `call`.
            **kwargs: as for `call`.
        """
        return self(*args, **kwargs)

    # Configuration.

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another layer like it.

        Raises:
            ArgumentError: if the class has arguments of its own and does not say how to give them.
        """
        policy = dtype_policies.serialize(self.dtype_policy)
        config = {"name": self.name, "trainable": self._kcore_trainable, "dtype": policy}
        if self._kcore_activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self._kcore_activity_regularizer)
        return {**config, **self._kcore_config_of_arguments()}

    def _kcore_config_of_arguments(self) -> dict[str, Any]:
        """Return the arguments it was made with, for a class whose `__init__` is newer than its `get_config`."""
        return {} if self._kcore_arguments is None else self._kcore_arguments.config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a layer made of what `get_config` returned.

        Args:
            config: dict of arguments of the class by name.
        """
        return make_from_config(original_class(cls), config)

    # Copies and pickles.

    def __reduce__(self) -> Any:
        cls = type(self)
        return remake, (original_class(cls), self._kcore_backend.name, cls._kcore_extra), self.__getstate__()

    def __getstate__(self) -> dict[str, Any]:
        # What remake() makes, what is found again when asked for, and the place in a graph, which a copy has not.
        left_out = ("_kcore_backend", "_kcore_lists", "_kcore_plan", "_kcore_first_call")
        state = {name: value for name, value in self.__dict__.items() if name not in left_out}
        if self._kcore_arguments is not None:
            state["_kcore_arguments"] = self._kcore_arguments.for_copy_of(self)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._kcore_tracking_changed()

    def __repr__(self) -> str:
        return f"<{original_class(type(self)).__name__} name={self.__dict__.get('name')}, built={self.built}>"

    def _kcore_check_ready(self) -> None:
        """Raise if the class's `__init__` did not call Layer's."""
        if not self._kcore_is_ready:
            name = original_class(type(self)).__name__
            raise ArgumentError(
                f"{name}.__init__ did not call super().__init__()", fix="call it first, before anything else"
            )


Layer._kcore_interface = Layer
