"""kcore's layers as `torch.nn.Module`s: parameters, buffers, submodules, hooks and modes as PyTorch's users expect."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from kcore_ops import Variable
from kcore_ops.plugin import Modules, bridge_of, in_stateless_scope
from torch._C import _get_tracing_state
from torch.nn.modules import module as hooks  # where torch (2.6 to 2.13) keeps those of all modules

__all__ = ["TorchLayer", "TorchModules", "TorchVariable"]


def _torch_takes_part() -> bool:
    """Return whether torch has something to do around the call of every module: hooks of all, or notes of a tracer."""
    return _get_tracing_state() is not None or bool(
        hooks._global_forward_hooks
        or hooks._global_forward_pre_hooks
        or hooks._global_backward_hooks
        or hooks._global_backward_pre_hooks
    )


class TorchVariable(Variable):
    """A variable whose tensor lies in one dict: that of the module it is part of, so that both see every change."""

    _home: dict[str, torch.Tensor]
    _key: str
    _is_of_native = False  # over a tensor of a module that is not ours, whose dict goes with it

    @property
    def _storage(self) -> torch.Tensor:
        return self._home[self._key]

    @_storage.setter
    def _storage(self, tensor: torch.Tensor) -> None:
        if "_home" not in self.__dict__:
            self._home, self._key = {}, ""
        self._home[self._key] = tensor

    def assign(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype == _PLAIN.get(self._dtype) and value.shape == self._shape:
            if value.flags.carray and not in_stateless_scope():  # read where it lies: a tensor of it would be a copy
                self._storage = self.backend.assign_storage(self._storage, torch.from_numpy(value))
                return self._storage
        return super().assign(value)

    def assign_add(self, value: Any) -> Any:
        return self._changed_by(torch.add, value) if self._fits(value) else super().assign_add(value)

    def assign_sub(self, value: Any) -> Any:
        return self._changed_by(torch.sub, value) if self._fits(value) else super().assign_sub(value)

    def _fits(self, value: Any) -> bool:
        """Return whether a value may be added as it is, with nothing to convert or to look at."""
        storage = self._home[self._key]
        dtype = storage.dtype
        kind = value.__class__
        if kind is torch.Tensor:
            is_fit = value.dtype is dtype and value.shape == storage.shape
        else:
            is_fit = (kind is int and 0 <= value < 2**31) or (kind is float and dtype.is_floating_point)
        return is_fit and dtype in _ADDED and not storage.requires_grad and not in_stateless_scope()

    def _changed_by(self, function: Callable[..., torch.Tensor], value: Any) -> torch.Tensor:
        storage = self._home[self._key]
        result = function(storage, value)
        self._home[self._key] = self.backend.assign_storage(storage, result)
        return result

    def move_to(self, home: dict[str, torch.Tensor], key: str) -> None:
        """Let the tensor lie in a module's dict from now on, where it is already."""
        self._home, self._key = home, key

    def follow(self, fn: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Lie on the device that `fn` moves a module's tensors to, though this is none of them."""
        self._storage = self._storage.to(fn(self._storage.new_empty(0)).device)

    def refresh(self) -> None:
        """Take note of a dtype that torch has changed."""
        self._dtype = self.backend.dtype(self._storage)

    def __reduce__(self) -> tuple[Any, ...]:
        make, args, state = super().__reduce__()
        if not self._is_of_native:
            # A layer takes the tensor into its own dict again, where the variable's copy lies with it.
            state = {name: value for name, value in state.items() if name not in ("_home", "_key")}
            state["_storage"] = _pickled(self._storage)
        return make, args, state

    def __setstate__(self, state: dict[str, Any]) -> None:
        rest = {name: value for name, value in state.items() if name != "_storage"}
        self.__dict__.update(rest)
        if "_storage" in state:
            self._storage = _unpickled(state["_storage"])

    @classmethod
    def __torch_function__(cls, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let torch's functions take variables as they take tensors."""

        def value(x: Any) -> Any:
            if isinstance(x, list | tuple):
                return type(x)(value(item) for item in x)
            return x.value if isinstance(x, Variable) else x

        return function(*value(args), **{name: value(x) for name, x in (kwargs or {}).items()})


# Dtypes whose numbers are added with no care for how large they are.
_ADDED = frozenset({torch.float32, torch.float64, torch.int64, torch.int32})

_PLAIN = {name: np.dtype(name) for name in ("float64", "float32", "float16", "int64", "int32", "int8", "uint8")}

# torch (2.13) pickles tensors of these dtypes and can not unpickle them; copies of them are right.
_NOT_UNPICKLED = (torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn, torch.float8_e5m2)


def _pickled(tensor: torch.Tensor) -> Any:
    if tensor.dtype not in _NOT_UNPICKLED:
        return tensor
    return tensor.detach().reshape(-1).view(torch.uint8), tensor.dtype, tuple(tensor.shape)


def _unpickled(value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value
    numbers, dtype, shape = value
    return numbers.view(dtype).reshape(shape)  # type: ignore[no-any-return]


def variables_of(backend: Any, module: torch.nn.Module) -> dict[str, TorchVariable]:
    """Return a variable over each parameter and buffer of a module, by name, sharing its tensor."""
    found = {}
    for prefix, part in module.named_modules():
        for home in (part._parameters, part._buffers):
            for key, tensor in home.items():
                if tensor is not None:
                    name = f"{prefix}.{key}" if prefix else key
                    found[name] = _variable_over(backend, home, key, name)
    return found


def _variable_over(backend: Any, home: dict[str, Any], key: str, name: str) -> TorchVariable:
    tensor = home[key]
    variable: TorchVariable = object.__new__(TorchVariable)
    trainable = tensor.requires_grad
    variable.describe(backend, name, tuple(tensor.shape), backend.dtype(tensor), trainable=trainable)
    variable.move_to(home, key)
    variable._is_of_native = True
    return variable


class TorchModules(Modules):
    """Layers are `torch.nn.Module`s."""

    base = torch.nn.Module
    storage_types = (torch.nn.Parameter,)
    instance_names = frozenset(torch.nn.Module().__dict__)
    # torch itself never calls these on a module inside another.
    user_names = frozenset(
        "T_destination bfloat16 call_super_init compile cpu cuda double dump_patches float half ipu mtia share_memory "
        "type xpu".split()
    )

    def start(self, layer: Any) -> None:
        torch.nn.Module.__init__(layer)

    def is_foreign(self, value: Any) -> bool:
        return isinstance(value, torch.nn.Module) and not isinstance(value, TorchLayer)

    def variable_over(self, storage: Any, name: str) -> Variable | None:
        is_variable = isinstance(storage, torch.Tensor) and storage.is_leaf
        return Variable.over(self.backend, storage, name, storage.requires_grad) if is_variable else None

    def variables_of(self, module: torch.nn.Module) -> dict[str, Any]:
        return dict(variables_of(self.backend, module))

    def call(
        self, module: torch.nn.Module, values: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        return torch.func.functional_call(module, dict(values), tuple(args), dict(kwargs))

    def unpickle(self, data: bytes) -> torch.nn.Module:
        return torch.load(io.BytesIO(data), weights_only=False)

    def is_parameter(self, variable: Variable) -> bool:
        return isinstance(variable, TorchVariable) and isinstance(variable._storage, torch.nn.Parameter)

    def takes_attribute(self, layer: Any, name: str) -> None:
        # torch's modules find their parameters and buffers in the dicts that `tracked` fills.
        layer.__dict__.pop(name, None)

    def tracked(self, layer: Any) -> None:
        """Let the module's dicts hold what the layer tracks: names are those of attributes and variables."""
        bridge = bridge_of(layer)
        natives = bridge.native_modules
        # Without dots, so that torch's look-ups by path find them as attributes.
        layers = {path.replace(".", "_"): each for path, each in bridge.layers if isinstance(each, torch.nn.Module)}
        _refill(layer._modules, {**layers, **natives})
        _keep(layer._parameters, _outside(natives, bridge.trainable))
        _keep(layer._buffers, _outside(natives, bridge.non_trainable))

    def has_hooks(self, layer: Any) -> bool:
        own = (layer._forward_hooks, layer._forward_pre_hooks, layer._backward_hooks, layer._backward_pre_hooks)
        return any(own) or _torch_takes_part()

    # Those of a module itself drop its plan as they are registered.
    has_global_hooks = staticmethod(_torch_takes_part)

    def call_with_hooks(self, layer: Any, args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
        return torch.nn.Module.__call__(layer, *args, **kwargs)


class TorchLayer:
    """What layers have in place of methods of `torch.nn.Module`: it comes before their own class, that after."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]

    def __getstate__(self: Any) -> dict[str, Any]:
        """Leave the variables' tensors out of the module's dicts, which are filled again from the variables."""
        state: Any = super().__getstate__()  # type: ignore[misc]
        bridge = bridge_of(self)
        own = {id(v._storage) for v in (*bridge.trainable, *bridge.non_trainable)}
        for name in ("_parameters", "_buffers"):
            state[name] = {key: tensor for key, tensor in state[name].items() if id(tensor) not in own}
        return state

    def __getattr__(self: Any, name: str) -> Any:
        try:
            return super().__getattr__(name)  # type: ignore[misc]
        except AttributeError:
            # Python asks here too when a property raises AttributeError: its own words, rather than torch's.
            found: Any = getattr(type(self), name, None)
            if not hasattr(found, "__get__"):
                raise
            return found.__get__(self, type(self))

    def register_parameter(self: Any, name: str, param: torch.nn.Parameter | None) -> None:
        setattr(self, name, param)

    def register_buffer(self: Any, name: str, tensor: torch.Tensor | None, persistent: bool = True) -> None:
        if not persistent:
            self._non_persistent_buffers_set.add(name)
        if tensor is None:
            setattr(self, name, None)
        else:
            bridge_of(self).add_storage(name, tensor, False)

    # An attribute may be a variable of ours over the tensor, which torch's own look-up would meet.

    def get_parameter(self: Any, target: str) -> torch.nn.Parameter:
        prefix, _, name = target.rpartition(".")
        found = self.get_submodule(prefix)._parameters.get(name)
        return super().get_parameter(target) if found is None else found  # type: ignore[misc, no-any-return]

    def get_buffer(self: Any, target: str) -> torch.Tensor:
        prefix, _, name = target.rpartition(".")
        found = self.get_submodule(prefix)._buffers.get(name)
        return super().get_buffer(target) if found is None else found  # type: ignore[misc, no-any-return]

    def _apply(self: Any, fn: Any, recurse: bool = True) -> Any:
        result = super()._apply(fn, recurse)  # type: ignore[misc]
        bridge = bridge_of(self)
        for variable in (*bridge.trainable, *bridge.non_trainable):
            variable.refresh()
        # States of seeds and of metrics are no buffers.
        for variable in (*bridge.seed_states, *bridge.metric_variables):
            if isinstance(variable, TorchVariable):
                variable.follow(fn)
        bridge.changed()
        return result

    def train(self: Any, mode: bool = True) -> Any:
        bridge_of(self).set_mode(mode)
        return super().train(mode)  # type: ignore[misc]

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return bridge_of(self).call(args, kwargs)


TorchModules.mixin = TorchLayer


def _keep(home: dict[str, Any], variables: list[TorchVariable]) -> None:
    """Let a module's dict hold the tensors of variables."""
    held: dict[str, TorchVariable] = {}
    for variable in variables:
        if isinstance(variable, TorchVariable):
            key = variable.name.replace(".", "_")
            while key in held:
                key += "_"
            held[key] = variable
    _refill(home, {key: variable._storage for key, variable in held.items()})
    for key, variable in held.items():
        if variable._home is home or variable._key == "":  # one that two layers share stays with the first
            variable.move_to(home, key)


def _outside(natives: Mapping[str, torch.nn.Module], variables: Sequence[TorchVariable]) -> list[TorchVariable]:
    """Leave out the variables over tensors of wrapped modules, which keep them."""
    if not natives:
        return list(variables)
    parts = [part for module in natives.values() for part in module.modules()]
    homes = {id(home) for part in parts for home in (part._parameters, part._buffers)}
    return [v for v in variables if id(getattr(v, "_home", None)) not in homes]


def _telling(name: str) -> Callable[..., Any]:
    of_module = getattr(torch.nn.Module, name)

    def register(self: Any, *args: Any, **kwargs: Any) -> Any:
        bridge_of(self).changed()
        return of_module(self, *args, **kwargs)

    return register


for _name in (
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_full_backward_hook",
    "register_full_backward_pre_hook",
):
    setattr(TorchLayer, _name, _telling(_name))


def _refill(held: dict[str, Any], contents: dict[str, Any]) -> None:
    held.clear()
    held.update(contents)
