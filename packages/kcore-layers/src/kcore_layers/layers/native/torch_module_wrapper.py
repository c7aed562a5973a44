"""`TorchModuleWrapper`: a native module of the framework as a layer."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, ClassVar, Unpack

from kcore_ops import TensorSpec, current_backend, tree
from kcore_ops.backends.abilities import Modules
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.state.stateless_scope import in_stateless_scope

from kcore_layers.base.layer import Layer
from kcore_layers.base.symbolic_call import infer_outputs
from kcore_layers.base.tracking import wraps_modules
from kcore_layers.options.argument_types import LayerOptionsBesideName, Shape
from kcore_layers.serialization.objects import refuse_code
from kcore_layers.serialization.registry import SerializationError, builtin

__all__ = ["TorchModuleWrapper"]


@wraps_modules
@builtin("keras.layers")
class TorchModuleWrapper(Layer):
    """Use a `torch.nn.Module` as a layer: its parameters and buffers are the layer's weights, and stay its own.

    A module that is assigned to an attribute of a layer or model made under torch is wrapped without being asked.
    Floating inputs are cast to the dtype of the module's parameters, if they have one in common; nothing is moved to
    another device. The module's training mode follows the call's `training`, where one is given. Attributes that the
    layer has not are the module's, to read and to set: `layer.weight`. In a pure call (`stateless_call`) what the
    module does to its buffers is in the new state, and the module is as it was; parts that are called by themselves,
    rather than the layer, know nothing of that.

    Shapes: those of the module. In `state_dict` its entries begin with `module.`.

    Args:
        module: `torch.nn.Module`, the module.
        name: string, the layer's name; None makes one from the class's.
        output_shape: sizes of what the module returns, the batch included; None finds them by a trial.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the backend has no such modules, or `module` is none.
    """

    module: Any
    _kcore_native_modules: dict[str, Any]
    _by_name: dict[str, Any]
    _kcore_modules: ClassVar[Modules]  # __init__ refuses backends that have none

    def __init__(
        self,
        module: object,
        name: str | None = None,
        output_shape: Shape | None = None,
        **kwargs: Unpack[LayerOptionsBesideName],
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(name=name, **kwargs)
        if self._kcore_backend.modules is None or not isinstance(module, self._kcore_modules.base):
            raise ArgumentError(
                f"the current backend, {self._kcore_backend.name}, has no modules such as a {type(module).__name__}",
                fix="make the layer on the backend of the module's framework, in `with use_backend(...):`",
            ).at("TorchModuleWrapper")
        self._kcore_set_untracked("module", module)
        self._kcore_set_untracked("_kcore_native_modules", {"module": module})
        self._kcore_set_untracked("output_shape", None if output_shape is None else tuple(output_shape))
        self._kcore_set_untracked("_by_name", {})
        try:
            self._follow_module()
        except NotImplementedError as error:
            raise ArgumentError(str(error), fix="make the layer on a backend that has").at(
                "TorchModuleWrapper"
            ) from error

    def _follow_module(self) -> None:
        """Let the layer's variables be those over the module's tensors, the same ones where these still fit."""
        before, found = self._by_name, self._kcore_modules.variables_of(self.module)
        kept = {name: v for name, v in before.items() if name in found and v.shape == found[name].shape}
        self._kcore_set_untracked("_by_name", {**found, **kept})
        self._kcore_trainable_variables.clear()
        self._kcore_non_trainable_variables.clear()
        for variable in self._by_name.values():
            self._kcore_track_variable(variable)
        self._kcore_tracking_changed()

    # Attributes of the module.

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and "module" in self.__dict__:
            return getattr(self.__dict__["module"], name)
        return super().__getattr__(name)  # type: ignore[misc]

    def __setattr__(self, name: str, value: Any) -> None:
        module = self.__dict__.get("module")
        is_own = module is None or name in self.__dict__ or hasattr(type(self), name)
        if is_own or name.startswith("_") or not hasattr(module, name):
            super().__setattr__(name, value)
            return
        setattr(module, name, value)
        self._follow_module()

    def build(self, *shapes: Shape) -> None:
        """Set the paths of the variables: there is nothing to make.

        Args:
            *shapes: not used.
        """
        path = self._kcore_resolve_path()
        for name, variable in self._by_name.items():
            variable.path = f"{path}/{name}"

    def call(self, *args: Tree, training: bool | None = None, **kwargs: Any) -> Tensor:
        """Return what the module returns.

        Args:
            *args: what the module takes by position.
            training: bool, the mode of the module; None leaves it.
            **kwargs: what the module takes by name.
        """
        if training is not None and self.module.training is not bool(training):
            self.module.train(bool(training))
        args, kwargs = self._in_dtype((args, kwargs))
        return self._call_purely(args, kwargs) if in_stateless_scope() else self.module(*args, **kwargs)

    def _call_purely(self, args: Any, kwargs: Any) -> Any:
        """Call the module with the values of a scope; what it does to its buffers is kept there."""
        values = {name: variable.value for name, variable in self._by_name.items()}
        buffers = {name: self._kcore_backend.ops["copy"](values[name]) for name in self._buffer_names()}
        outputs = self._kcore_modules.call(self.module, {**values, **buffers}, args, kwargs)
        for name, value in buffers.items():
            self._by_name[name].assign(value)
        return outputs

    def _buffer_names(self) -> list[str]:
        return [name for name, _ in self.module.named_buffers() if name in self._by_name]

    @contextmanager
    def _kcore_restoring_state(self) -> Iterator[None]:
        """Undo at the end of the `with` block what the module, or a part of it, does to itself in a trial run."""
        modes = [(part, part.training) for part in self.module.modules()]
        copy = self._kcore_backend.ops["copy"]
        buffers = {name: copy(self._by_name[name].value) for name in self._buffer_names()}
        try:
            yield
        finally:
            for part, mode in modes:
                part.training = mode
            for name, value in buffers.items():
                self._by_name[name].assign(value)

    def _in_dtype(self, arguments: Any) -> Any:
        """Cast floating tensors to the dtype that the module's floating parameters have, if that is one."""
        dtypes = {v._dtype for v in self._by_name.values() if is_float_dtype(v._dtype)}
        if len(dtypes) != 1:
            return arguments
        (dtype,) = dtypes
        backend = self._kcore_backend

        def cast(x: Any) -> Any:
            if not isinstance(x, backend.tensor_types) or backend.dtype(x) == dtype:
                return x
            return backend.ops["cast"](x, dtype) if is_float_dtype(backend.dtype(x)) else x

        return tree.map_structure(cast, arguments)

    def compute_output_spec(self, *args: Tree, **kwargs: Any) -> Any:
        """Return the spec of the output: of the shape that was passed, or by a trial in evaluation mode.

        Args:
            *args: what the module takes by position.
            **kwargs: what the module takes by name.
        """
        if self.output_shape is not None:
            dtype = next((v._dtype for v in self._by_name.values() if is_float_dtype(v._dtype)), self.compute_dtype)
            return TensorSpec(self.output_shape, dtype)
        with self._kcore_restoring_state():
            return infer_outputs(self, list(args), {**kwargs, "training": False})

    def get_config(self) -> dict[str, Any]:
        """Refuse: a module is code, and files hold none.

        Raises:
            ArgumentError: always.
        """
        raise ArgumentError(
            f'layer "{self.name}" wraps a native module, which is code and can not be written as data',
            fix="save the weights with save_weights, and make the module anew before loading them",
        )

    def _saved_names(self) -> list[str]:
        """Names of the variables that files hold: those of `state_dict`, by which Keras's files have them."""
        saved = self.module.state_dict()
        return [name for name in self._by_name if name in saved]

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the values of the module's parameters and buffers into a mapping, by their names in its `state_dict`.

        Args:
            store: mapping to put arrays into.
        """
        for name in self._saved_names():
            store[name] = self._by_name[name].numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set the module's parameters and buffers from what `save_own_variables` put into a mapping.

        Args:
            store: mapping of arrays.

        Raises:
            ArgumentError: if the names are others.
        """
        names = self._saved_names()
        if set(names) != set(store):
            missing, unknown = sorted({*names} - {*store}), sorted({*store} - {*names})
            said = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has {', '.join(unknown)}"] * bool(unknown)
            raise ArgumentError(
                f"the module is another than the file's, which {' and '.join(said)}",
                fix="wrap a module like the one that was saved",
            ).at(f'layer "{self.path}"')
        for name in names:
            self._by_name[name].assign(store[name])

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what Keras writes of such a layer, which holds the module as a pickle of the framework's.

        Args:
            config: dict, with the pickle as text in base64 under `module`.

        Raises:
            SerializationError: in safe mode, and if the pickle can not be read.
        """
        module = config.get("module")
        if isinstance(module, str):
            refuse_code("a pickled module", "make the module anew, and load the weights alone")
            backend = current_backend()
            if backend.modules is None:
                raise ArgumentError(
                    f"the data holds a pickled module, and the current backend, {backend.name}, has no modules",
                    fix="load it on the backend of the module's framework, in `with use_backend(...):`",
                ).at("TorchModuleWrapper")
            try:
                module = backend.modules.unpickle(base64.b64decode(module))
            except Exception as error:  # whatever a pickle does
                raise SerializationError(
                    f"the pickled module can not be read: {type(error).__name__}: {error}",
                    fix="import what it is made of before loading, with the version of the framework that wrote it",
                ) from error
        return super().from_config({**config, "module": module})
