"""Configs of classes whose `get_config` does not know their arguments: those that an instance was made with.

They are kept as config from the moment the instance is made, and go with its copies and pickles. Nothing is kept alive:
a layer among them that the instance holds is written as it is now, and any other as it was.
"""

from __future__ import annotations

import copy
import difflib
import inspect
import json
import weakref
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType
from typing import Any, Protocol

import kcore_ops as ops
import numpy as np
from kcore_ops import dtype_policies
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.serialization.objects import deserialize_keras_object, recording, serialize_keras_object, tensor_data
from kcore_layers.serialization.registry import builtin_name, original_class

__all__ = [
    "Arguments",
    "extra_arguments",
    "extra_arguments_from",
    "make_from_config",
    "records_arguments",
    "unknown_arguments",
]

# What `Layer.get_config` gives itself.
_LAYER_ARGUMENTS = ("name", "trainable", "dtype")
_POSITIONAL_KINDS = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)


class _Owner(Protocol):
    """An instance of a class whose arguments are kept: a layer."""

    _kcore_arguments: Arguments | None

    def _kcore_sublayers(self, recursive: bool = True, include_self: bool = True) -> Iterator[Any]:
        """Return the layers inside."""
        ...


class Arguments:
    """The arguments of one call of a class, as config.

    Args:
        args: by position.
        kwargs: by name.

    >>> sizes = [1, 2]
    >>> arguments = Arguments((sizes,), {})
    >>> sizes.append(3)
    >>> arguments.args
    ([1, 2],)
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args: tuple[Any, ...] = _recorded(args)
        self.kwargs: dict[str, Any] = _recorded(kwargs)

    def config(self, owner: _Owner, without: Iterable[str] = ()) -> dict[str, Any]:
        """Return them by name, as plain data.

        Args:
            owner: the instance that was made with them.
            without: names of those that its config has in another form; () by default.

        Raises:
            ArgumentError: if one of them is not plain data, nor an object that can be written as such, or has no name.
        """
        cls = original_class(type(owner))
        held = _ids_held_by(owner)
        return {
            name: _data_of(value, held, cls, name)
            for name, value in self._by_name(cls).items()
            if name not in (*_LAYER_ARGUMENTS, *without)
        }

    def _by_name(self, cls: type) -> dict[str, Any]:
        itself, *parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
        if itself.kind is inspect.Parameter.VAR_POSITIONAL:
            parameters.insert(0, itself)
        bound = inspect.Signature(parameters).bind(*self.args, **self.kwargs).arguments
        by_name: dict[str, Any] = {}
        for parameter in parameters:
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                by_name.update(bound.get(parameter.name, {}))
            elif parameter.kind in _POSITIONAL_KINDS and parameter.name in bound:
                raise ArgumentError(
                    f"{cls.__name__} has no get_config, and takes {parameter.name} by position only",
                    fix=f"define {cls.__name__}.get_config and from_config, or let __init__ take it by name",
                )
            elif parameter.name in bound:
                by_name[parameter.name] = bound[parameter.name]
        return by_name

    def for_copy_of(self, owner: _Owner) -> Arguments:
        """Return them for a copy or pickle of the instance: with the layers that it holds, which are copied with it.

        Args:
            owner: the instance that was made with them.
        """
        held = _ids_held_by(owner)
        again = object.__new__(Arguments)
        again.args, again.kwargs = _map(lambda each: each.for_copy(held), (self.args, self.kwargs))
        return again


class _Recorded:
    """One argument that is no plain data: its data when it was given, or why it has none."""

    def __init__(self, data: Any, problem: str | None = None, live: Any = None) -> None:
        self.data = data
        self.problem = problem
        self._live: Any = live  # a weak reference; what travels holds the object itself

    def live(self, held: set[int]) -> Any:
        """Return the object itself, if it is there and among those that are held."""
        value = None if self._live is None else self._live()
        return value if id(value) in held else None

    def for_copy(self, held: set[int]) -> _Recorded:
        return _Recorded(self.data, self.problem, _StrongReference.to(self.live(held)))

    def __reduce__(self) -> Any:
        value = self._live.value if isinstance(self._live, _StrongReference) else None
        return _recorded_of, (self.data, self.problem, value)


class _StrongReference:
    """A reference like a weak one, which keeps its object."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @classmethod
    def to(cls, value: Any) -> _StrongReference | None:
        return None if value is None else cls(value)

    def __call__(self) -> Any:
        return self.value


def _recorded_of(data: Any, problem: str | None, value: Any) -> _Recorded:
    return _Recorded(data, problem, None if value is None else weakref.ref(value))


class _HostTensor:
    """A tensor's numbers, which become nested lists only where its data is asked for."""

    def __init__(self, array: Any, dtype: str) -> None:
        self.array = array
        self.dtype = dtype


def _recorded(value: Any, outer: tuple[int, ...] = ()) -> Any:
    """Return an argument with containers copied, and what is no plain data recorded."""
    if value is None or isinstance(value, bool | int | float | str | bytes | np.generic | slice):
        return value
    if isinstance(value, list | tuple | dict):
        if id(value) in outer:
            return _Recorded(None, f"a {type(value).__name__} that contains itself")
        outer = (*outer, id(value))
        if isinstance(value, dict):
            return {name: _recorded(each, outer) for name, each in value.items()}
        inside = [_recorded(each, outer) for each in value]
        return tuple(inside) if isinstance(value, tuple) else inside
    if isinstance(value, np.ndarray):
        return value.copy()
    try:
        if not hasattr(value, "get_config") and ops.is_tensor(value) and not isinstance(value, ops.Variable):
            return _Recorded(_HostTensor(np.array(ops.convert_to_numpy(value)), ops.dtype(value)))
        with recording():
            data = serialize_keras_object(value)
        if isinstance(value, FunctionType | BuiltinFunctionType):
            json.dumps(data)  # a lambda may close over anything
        return _Recorded(data, None, _weak_reference(value))
    except Exception as error:  # of a get_config of the user's, too: it counts when the config is asked for
        return _Recorded(None, f"a {type(value).__name__}: {' '.join(str(error).split())}", _weak_reference(value))


def _weak_reference(value: Any) -> Any:
    try:
        return weakref.ref(value)
    except TypeError:
        return None


def _data_of(value: Any, held: set[int], cls: type, name: str) -> Any:
    """Return an argument that was recorded as plain data."""

    def data_of(recorded: _Recorded) -> Any:
        live = recorded.live(held)
        if live is not None and (recorded.problem is None or hasattr(live, "get_config")):
            return serialize_keras_object(live)
        if recorded.problem is not None:
            raise ArgumentError(
                f"{cls.__name__} has no get_config, and its argument {name} is no plain data: {recorded.problem}",
                fix=f"define {cls.__name__}.get_config, giving all arguments of __init__",
            )
        if isinstance(recorded.data, _HostTensor):
            return tensor_data(recorded.data.array, recorded.data.dtype)
        return copy.deepcopy(recorded.data)

    return serialize_keras_object(_map(data_of, value))


def _map(function: Any, value: Any) -> Any:
    """Apply a function to what was recorded in an argument."""
    if isinstance(value, _Recorded):
        return function(value)
    if isinstance(value, list | tuple):
        return type(value)([_map(function, each) for each in value])
    return {name: _map(function, each) for name, each in value.items()} if type(value) is dict else value


def _ids_held_by(owner: Any) -> set[int]:
    """Return the id() of each object that an instance holds: its layers, and what its attributes and lists are."""
    values = list(vars(owner).values())
    inside = [each for value in values if isinstance(value, list | tuple) for each in value]
    inside += [each for value in values if isinstance(value, dict) for each in value.values()]
    layers = owner._kcore_sublayers(include_self=False)
    return {id(each) for each in (*values, *inside, *layers)}


def _definer(cls: type, name: str) -> type:
    """Return the class that defines an attribute of a class."""
    return next(base for base in cls.__mro__ if name in base.__dict__)


def records_arguments(cls: type) -> bool:
    """Return whether a class's `__init__` is newer than its `get_config`, which can not know what it takes then.

    Args:
        cls: a class with a `get_config`.
    """
    made, described = _definer(cls, "__init__"), _definer(cls, "get_config")
    return cls.__mro__.index(made) < cls.__mro__.index(described) and builtin_name(cls) is None


def extra_arguments(model: _Owner, *parts: str) -> dict[str, Any]:
    """Return the arguments of a subclass of a kind of model, beside the parts that all models of the kind are made of.

    {} for a class that is not made of these parts, but makes them itself.

    Args:
        model: the model.
        *parts: names of the arguments that are those parts.
    """
    arguments = model._kcore_arguments
    if arguments is None or not set(parts) <= _parameters_of(original_class(type(model))):
        return {}
    return arguments.config(model, without=parts)


def extra_arguments_from(config: dict[str, Any], cls: type, *others: str) -> dict[str, Any]:
    """Return what a config has for arguments that a class takes beside others, made anew of their data.

    Args:
        config: dict that `get_config` returned.
        cls: the class.
        *others: names of the arguments that are left out.
    """
    own = _parameters_of(cls) - {*others, *_LAYER_ARGUMENTS}
    return {name: deserialize_keras_object(config[name]) for name in sorted(own & set(config))}


def _parameters_of(cls: type) -> set[str]:
    return set(inspect.signature(cls.__init__).parameters)  # type: ignore[misc]


def unknown_arguments(cls: type, names: Iterable[str]) -> ArgumentError:
    """Return the error for arguments that a class does not take, with the name that was meant or those there are.

    Args:
        cls: the class, whose `__init__` passes on to its bases what it does not know.
        names: names of the arguments, at least one.
    """
    unknown = list(names)
    known = [
        parameter.name
        for base in cls.__mro__
        if "__init__" in vars(base)
        for parameter in list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    ]
    meant = [close for name in unknown for close in difflib.get_close_matches(name, known, n=1)]
    fix = (
        f"did you mean {', '.join(map(repr, meant))}?"
        if len(meant) == len(unknown)
        else f"use one of {', '.join(dict.fromkeys(known))}"
    )
    return ArgumentError(f"{cls.__name__} has no argument {', '.join(map(repr, unknown))}", fix=fix)


# What Keras 3.15 writes in the configs of some layers, and null where it does not apply.
_KERAS_ONLY = ("quantization_config",)


def make_from_config(cls: type, config: dict[str, Any]) -> Any:
    """Return an instance of a class, called with the arguments of a config.

    Args:
        cls: the class.
        config: dict of the arguments by name; what Keras writes for every layer is left out where it is null.

    Raises:
        ArgumentError: if it does not take them.
    """
    known = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    arguments = {
        name: value for name, value in config.items() if value is not None or name not in _KERAS_ONLY or name in known
    }
    if isinstance(arguments.get("dtype"), dict):
        arguments["dtype"] = dtype_policies.deserialize(arguments["dtype"])
    if records_arguments(cls):
        # The class it derives from makes its own arguments of data.
        of_base = inspect.signature(_definer(cls, "get_config").__init__).parameters  # type: ignore[misc]
        own = [name for name in arguments if name not in of_base]
        arguments |= {name: deserialize_keras_object(arguments[name]) for name in own}
    try:
        return cls(**arguments)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise ArgumentError(
            f"{cls.__name__} can not be made of the config {config!r}: {error}",
            fix=f"let {cls.__name__}.get_config give what its __init__ takes, or define from_config",
        ) from error
