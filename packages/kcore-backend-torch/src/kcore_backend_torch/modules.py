"""kcore's layers as `torch.nn.Module`s: parameters, buffers, submodules, hooks and modes as PyTorch's users expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from kcore_ops import Variable
from torch._C import _get_tracing_state
from torch.nn.modules import module as hooks  # where torch (2.6 to 2.13) keeps those of all modules

__all__ = ["TorchLayer", "TorchVariable", "variables_of"]


def _torch_takes_part() -> bool:
    """Say whether torch has something to do around the call of every module: hooks of all, or notes of a tracer."""
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
    """Give a variable over each parameter and buffer of a module, by name, sharing its tensor."""
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


class TorchLayer:
    """Mixin that comes before a layer's own class, as `torch.nn.Module` comes after it."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _kcore_mode: bool | None
    _kcore_instance_names = frozenset(torch.nn.Module().__dict__)
    # torch itself never calls these on a module inside another.
    _kcore_yielding_names = frozenset(
        "T_destination bfloat16 call_super_init compile cpu cuda double dump_patches float half ipu mtia share_memory "
        "type xpu".split()
    )

    def _kcore_join_framework(self) -> None:
        torch.nn.Module.__init__(self)  # type: ignore[arg-type]
        self.__dict__["_kcore_mode"] = None

    def __getstate__(self: Any) -> dict[str, Any]:
        """Leave the variables' tensors out of the module's dicts, which are filled again from the variables."""
        state: Any = super().__getstate__()  # type: ignore[misc]
        own = {id(v._storage) for v in (*self._kcore_trainable_variables, *self._kcore_non_trainable_variables)}
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

    def _kcore_to_trackable(self: Any, value: Any) -> Any:
        if isinstance(value, torch.nn.Module) and not isinstance(value, TorchLayer):
            return self._kcore_wrap_module(value)
        return value

    def _kcore_keep_storage(self: Any, name: str, storage: torch.Tensor) -> None:
        # torch's modules find their parameters and buffers in the dicts that `_kcore_tracking_changed` fills.
        self.__dict__.pop(name, None)

    def register_parameter(self: Any, name: str, param: torch.nn.Parameter | None) -> None:
        setattr(self, name, param)

    def register_buffer(self: Any, name: str, tensor: torch.Tensor | None, persistent: bool = True) -> None:
        if not persistent:
            self._non_persistent_buffers_set.add(name)
        if tensor is None:
            setattr(self, name, None)
        else:
            self._kcore_track_storage(name, tensor, False)

    # An attribute may be a variable of ours over the tensor, which torch's own look-up would meet.

    def get_parameter(self: Any, target: str) -> torch.nn.Parameter:
        prefix, _, name = target.rpartition(".")
        found = self.get_submodule(prefix)._parameters.get(name)
        return super().get_parameter(target) if found is None else found  # type: ignore[misc, no-any-return]

    def get_buffer(self: Any, target: str) -> torch.Tensor:
        prefix, _, name = target.rpartition(".")
        found = self.get_submodule(prefix)._buffers.get(name)
        return super().get_buffer(target) if found is None else found  # type: ignore[misc, no-any-return]

    def _kcore_track_variable(self: Any, variable: Any) -> None:
        if isinstance(variable, TorchVariable) and isinstance(variable._storage, torch.nn.Parameter):
            # A parameter that is not to be trained is one all the same.
            if not any(variable is each for each in self._kcore_trainable_variables):
                self._kcore_trainable_variables.append(variable)
        else:
            super()._kcore_track_variable(variable)  # type: ignore[misc]

    def _kcore_tracking_changed(self: Any) -> None:
        """Let the module's dicts hold what the layer tracks: names are those of attributes and variables."""
        super()._kcore_tracking_changed()  # type: ignore[misc]
        layers = [(key, layer) for key, layer in self._kcore_named_sublayers() if isinstance(layer, torch.nn.Module)]
        # Without dots, so that torch's look-ups by path find them as attributes.
        natives = self.__dict__.get("_kcore_native_modules", {})
        _refill(self._modules, {**{key.replace(".", "_"): layer for key, layer in layers}, **natives})
        self._keep(self._parameters, _outside(natives, self._kcore_trainable_variables))
        self._keep(self._buffers, _outside(natives, self._kcore_non_trainable_variables))

    def _keep(self, home: dict[str, Any], variables: list[TorchVariable]) -> None:
        held = {}
        for variable in variables:
            if isinstance(variable, TorchVariable):
                key = variable.name.replace(".", "_")
                while key in held:
                    key += "_"
                held[key] = variable
        tensors = {key: variable._storage for key, variable in held.items()}
        _refill(home, tensors)
        for key, variable in held.items():
            if variable._home is home or variable._key == "":  # one that two layers share stays with the first
                variable.move_to(home, key)

    def _apply(self: Any, fn: Any, recurse: bool = True) -> Any:
        result = super()._apply(fn, recurse)  # type: ignore[misc]
        for variable in (*self._kcore_trainable_variables, *self._kcore_non_trainable_variables):
            variable.refresh()
        # States of seeds and of metrics are no buffers.
        seeds = [generator.state for generator in self._kcore_seed_generators]
        for variable in (*seeds, *(one for metric in self._kcore_metrics for one in metric.variables)):
            if isinstance(variable, TorchVariable):
                variable.follow(fn)
        self.__dict__["_kcore_plan"] = None
        return result

    # Modes: what train() and eval() said is the flag of calls that are not given one.

    def train(self: Any, mode: bool = True) -> Any:
        self.__dict__.update(_kcore_mode=mode, _kcore_plan=None)
        return super().train(mode)  # type: ignore[misc]

    def _kcore_default_training(self) -> bool | None:
        return self._kcore_mode

    # Hooks: a module that has some is called the way that runs them.

    def _has_hooks(self: Any) -> bool:
        return bool(
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _torch_takes_part()
        )

    def _kcore_call_with_hooks(self, args: Any, kwargs: Any) -> Any:
        if self._has_hooks():
            return torch.nn.Module.__call__(self, *args, **kwargs)
        return self._kcore_general_call(args, kwargs)  # type: ignore[attr-defined]

    def _kcore_is_hooked(self) -> Callable[[], bool]:
        # Those of this module drop the plan as they are registered.
        return _torch_takes_part

    def _kcore_make_plan(self: Any, x: Any) -> None:
        if not self._has_hooks():
            super()._kcore_make_plan(x)  # type: ignore[misc]

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._kcore_general_call(args, kwargs)


def _outside(natives: dict[str, torch.nn.Module], variables: list[TorchVariable]) -> list[TorchVariable]:
    """Leave out the variables over tensors of wrapped modules, which keep them."""
    if not natives:
        return variables
    parts = [part for module in natives.values() for part in module.modules()]
    homes = {id(home) for part in parts for home in (part._parameters, part._buffers)}
    return [v for v in variables if id(getattr(v, "_home", None)) not in homes]


def _dropping_plan(name: str) -> Callable[..., Any]:
    of_module = getattr(torch.nn.Module, name)

    def register(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.__dict__["_kcore_plan"] = None
        return of_module(self, *args, **kwargs)

    return register


for _name in (
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_full_backward_hook",
    "register_full_backward_pre_hook",
):
    setattr(TorchLayer, _name, _dropping_plan(_name))


def _refill(held: dict[str, Any], contents: dict[str, Any]) -> None:
    held.clear()
    held.update(contents)
