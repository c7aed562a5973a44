"""Which classes and functions saved data may name: those registered here, those of kcore, and those of components.

A name in a file is looked up in these tables and nowhere else: no module is imported because a file names it, but for
those of kcore and of components that the user trusts.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any, TypeVar

from kcore_ops import dtype_policies
from kcore_ops.backends import registry
from kcore_ops.foundation.errors import ArgumentError, KcoreError
from kcore_ops.policies.policy import own_classes
from kcore_ops.random import SeedGenerator

__all__ = [
    "CustomObjectScope",
    "SerializationError",
    "builtin",
    "builtin_name",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "names_in",
    "original_class",
    "register_keras_serializable",
    "trust_components",
]

T = TypeVar("T")

# What users registered: object by "package>name", and the other way round.
_registered: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}

# Our own: object by name by the module Keras has it in, and the other way round.
_builtins: dict[str, dict[str, Any]] = {}
_builtin_names: dict[Any, tuple[str, str]] = {}

# Components of other packages that are imported where a file names what they may own.
_trusted: set[str] = set()

_scope: ContextVar[Mapping[str, Any]] = ContextVar("kcore_custom_objects", default=MappingProxyType({}))

# What stands for a registered name in the data of functions, which hold the name itself as their config.
_FUNCTION_KINDS = ("function", "builtin_function_or_method")

# Functions are saved by their bare name; these components have some.
_FUNCTION_COMPONENTS = ("activations", "losses", "metrics")


class SerializationError(KcoreError, TypeError, ValueError):
    """An object that can not become data, or data that can not become an object."""


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Return a decorator that lets files name a class or function, as `"package>name"`.

    Args:
        package: str, whose it is; the name of the component, if an installed package offers one, which files then load
            without an import by hand where the user says `trust_components`. "Custom" by default.
        name: str, its name; None, the default, is that of the class or function.

    Raises:
        ArgumentError: if it is a class without `get_config`.

    >>> @register_keras_serializable("my_package")
    ... def squared(x):
    ...     return x * x
    >>> get_registered_name(squared)
    'my_package>squared'
    """

    def register(obj: T) -> T:
        if isinstance(obj, type) and not hasattr(obj, "get_config"):
            raise ArgumentError(
                f"{obj.__name__} has no get_config()", fix="define get_config, which gives the arguments of __init__"
            ).at("register_keras_serializable")
        registered_name = f"{package}>{name or obj.__name__}"  # type: ignore[attr-defined]
        _registered[registered_name] = obj
        _registered_names[obj] = registered_name
        return obj

    return register


def get_registered_name(obj: type | Callable[..., Any]) -> str:
    """Return the name a class or function is registered by, or else its own.

    Args:
        obj: the class or function.

    >>> get_registered_name(len)
    'len'
    """
    found = _declared(obj, _registered_names)
    return str(found if found is not None else obj.__name__)


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the class or function of a name, or None.

    Looked up in `custom_objects`, the `CustomObjectScope`s in force, what was registered, and `module_objects`.

    Args:
        name: the name, "package>name" for what was registered.
        custom_objects: classes and functions by name; None, the default, is none.
        module_objects: the same, looked up last; None, the default, is none.

    >>> get_registered_object("squash", custom_objects={"squash": abs})
    <built-in function abs>
    """
    for table in (custom_objects, _scope.get(), _registered, module_objects):
        if table and name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """Return the table of what was registered, by name; adding to it registers.

    >>> get_custom_objects()["swoosh"] = abs
    >>> get_registered_object("swoosh")
    <built-in function abs>
    """
    return _registered


def trust_components(*names: str) -> None:
    """Let files of this process load components of packages that kcore does not ship: the packages' code then runs.

    An installed package may offer a component, in the entry point group `kcore.components`, whose import registers its
    layers. What was imported needs no trust, and kcore's own components have it. A file never loads another.

    Args:
        *names: str, the components' names, which begin the registered names of what they own: "acme" for "acme>Scaler".

    Raises:
        ArgumentError: if a name is no string.

    >>> trust_components("acme")
    """
    for name in names:
        if not isinstance(name, str):
            raise ArgumentError(f"{name!r} is not the name of a component", fix="pass strings").at("trust_components")
    _trusted.update(names)


class CustomObjectScope:
    """Let saved data name the given classes and functions inside the `with` block.

    Args:
        custom_objects: classes and functions by name; None is none.

    >>> with CustomObjectScope({"squash": abs}):
    ...     get_registered_object("squash")
    <built-in function abs>
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._tokens: list[Token[Mapping[str, Any]]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scope.set({**_scope.get(), **self.custom_objects}))
        return self

    def __exit__(self, *exception: Any) -> None:
        _scope.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def builtin(module: str, name: str | None = None, aliases: tuple[str, ...] = ()) -> Callable[[T], T]:
    """Return a decorator that makes a class or function one of kcore's own, which any file may name.

    Args:
        module: str, the module Keras has it in, for example "keras.layers". Where there are several, decorate several
            times: files are written with the first, the one nearest to the definition.
        name: str, its name there; None, the default, is its own.
        aliases: tuple of other names it can be asked for by; () by default. A class is also found by its name in snake
            case.

    Raises:
        ArgumentError: if another object has the name.

    >>> @builtin("keras.examples", aliases=("half_of",))
    ... def halved(x):
    ...     return x / 2
    >>> names_in("keras.examples")["half_of"] is halved
    True
    """

    def register(obj: T) -> T:
        table = _builtins.setdefault(module, {})
        own = name or obj.__name__  # type: ignore[attr-defined]
        for each in (own, *aliases):
            rival = table.setdefault(each, obj)
            if rival is not obj and _place(rival) != _place(obj):
                raise ArgumentError(f"{module}.{each} is both {_place(rival)} and {_place(obj)}", fix="rename one")
            table[each] = obj
        _builtin_names.setdefault(obj, (module, own))
        return obj

    return register


def builtin_name(obj: object) -> tuple[str, str] | None:
    """Return the module and the name that files have a class or function of ours by, or None.

    Args:
        obj: the class or function.

    >>> builtin_name(SeedGenerator)
    ('keras.random', 'SeedGenerator')
    """
    found: tuple[str, str] | None = _declared(obj, _builtin_names)
    return found


def serialized_name(cls: type) -> tuple[str | None, str, str | None]:
    """Return the module that data names a class by, its name there, and the name it is registered by: None for ours.

    Args:
        cls: the class.

    >>> serialized_name(SeedGenerator)
    ('keras.random', 'SeedGenerator', None)
    """
    found = builtin_name(cls)
    if found is not None:
        return (*found, None)
    # A module that only this process has says nothing to the reader.
    place = None if cls.__module__ in ("__main__", "builtins") else cls.__module__
    return place, cls.__name__, get_registered_name(cls)


def save_under_name_of(function: Callable[..., Any], other: Callable[..., Any]) -> None:
    """Have a function saved under the name of one of ours that, called with only a tensor, does the same.

    Args:
        function: the function.
        other: the one of ours.
    """
    _builtin_names.setdefault(function, _builtin_names[other])


def names_in(module: str) -> Mapping[str, Any]:
    """Return our own classes and functions in one of Keras's modules, by name.

    Args:
        module: the module's name: "keras.layers".

    >>> sorted(names_in("keras.random"))
    ['SeedGenerator']
    """
    return MappingProxyType(_builtins.setdefault(module, {}))


def is_registered(obj: object) -> bool:
    """Return whether a class or function was registered, or is named by a `CustomObjectScope` in force.

    Args:
        obj: the class or function.
    """
    return _declared(obj, _registered_names) is not None or any(obj is each for each in _scope.get().values())


def has_serialized_name(obj: object) -> bool:
    """Return whether files have a name for a class or function: it is ours, registered, or in a scope.

    Args:
        obj: the class or function.
    """
    return builtin_name(obj) is not None or is_registered(obj)


def find_class(
    module: str | None, class_name: str, registered_name: str | None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the class that saved data names, or None; loads the component that owns it, if it is trusted.

    Args:
        module: the module that the data names; None if it names none.
        class_name: the name of the class there.
        registered_name: the name it was registered by; None if it was not.
        module_objects: classes by name, looked up after what was registered; None, the default, is none.

    Raises:
        ArgumentError: if one of our own is named by a name that somebody else's class is registered by.
        SerializationError: if a component that is installed and not trusted may own it.
    """
    # Data of a built-in says which one it means, so that a custom class of the same name does not take its place.
    if registered_name is None and module in _builtins and class_name in _builtins[module]:
        return _builtins[module][class_name]
    components = list(_components_of(module, registered_name))
    for _ in _load_in_turn(components):
        for name in (registered_name, class_name):
            found = get_registered_object(name) if name else None
            if found is not None:
                return found
        if module_objects and class_name in module_objects:
            return module_objects[class_name]
        found = _builtin_class(module, class_name)
        if found is not None and (registered_name or class_name) == class_name and (module or not registered_name):
            return found
    _refuse_untrusted(components, registered_name or class_name)
    if found is not None:
        raise _not_registered("class", class_name, registered_name)
    return None


def _not_registered(what: str, name: str, registered_name: Any) -> ArgumentError:
    return ArgumentError(
        f"the data means a {what} {name} that is registered as {registered_name!r}, which is not known here",
        fix=f"import what registers it before loading; kcore's own {name} has no registered name",
    )


def find_function(
    name: str, module_objects: Mapping[str, Any] | None = None, registered_name: str | None = None
) -> Any:
    """Return the function that saved data names, or None; loads the component that owns it, if it is trusted.

    Args:
        name: the name.
        module_objects: functions by name, looked up after what was registered; None, the default, is none.
        registered_name: the name it was registered by; None, the default, if it was not.

    Raises:
        ArgumentError: if one of our own is named by a name that somebody else's function is registered by.
        SerializationError: if a component that is installed and not trusted may own it.
    """
    if registered_name and registered_name not in (name, *_FUNCTION_KINDS):
        found = find_function(registered_name)
        if found is None:
            raise _not_registered("function", name, registered_name)
        return found
    package = name.partition(">")[0]
    for _ in _load_in_turn((package,) if ">" in name else _FUNCTION_COMPONENTS):
        found = get_registered_object(name, module_objects=module_objects)
        if found is not None:
            return found
        for table in _builtins.values():
            if name in table and not isinstance(table[name], type):
                return table[name]
    if ">" in name:
        _refuse_untrusted([package], name)
    return None


def find_named(name: str, module: str) -> Any:
    """Return the class or function a user asks for by name, in camel or snake case, or None.

    Args:
        name: the name.
        module: the module of Keras whose names are meant.
    """
    table = _builtins.get(module, {})
    found = get_registered_object(name, module_objects=table)
    if found is not None:
        return found
    return next((obj for each, obj in table.items() if snake_case(each) == name and isinstance(obj, type)), None)


def suggestion_for(name: str, module: str) -> str:
    """Return a sentence on which names there are, for someone who asked for one there is not.

    Args:
        name: the name that is not there.
        module: the module of Keras whose names are meant.
    """
    table = _builtins.get(module, {})
    names = sorted({form for each in table for form in (each, snake_case(each))})
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"use one of {', '.join(sorted({snake_case(each) for each in table}))}"


def snake_case(name: str) -> str:
    """Return a name in snake case.

    Args:
        name: the name of a class.

    >>> snake_case("GlorotUniform"), snake_case("L1L2")
    ('glorot_uniform', 'l1_l2')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def original_class(cls: type) -> type:
    """Return the class as it was written, for one that a backend's base classes were mixed into.

    Args:
        cls: any class.

    >>> original_class(dict)
    <class 'dict'>
    """
    found: type = cls.__dict__.get("_kcore_original", cls)
    return found


def _declared(obj: Any, names: Mapping[Any, Any]) -> Any:
    """Return what a table has for an object, or for the class that a backend's mixed-in class stands for."""
    try:
        if obj in names:
            return names[obj]
    except TypeError:  # unhashable
        return None
    if isinstance(obj, type):
        for base in obj.__mro__[1:]:
            if base in names and _place(base) == _place(obj):
                return names[base]
    return None


def _place(obj: Any) -> str:
    return f"{getattr(obj, '__module__', None)}.{getattr(obj, '__qualname__', obj)}"


def _builtin_class(module: str | None, class_name: str) -> Any:
    """Return our own class of a name: that of the module, or, for Keras's private modules, the one that fits best."""
    parts = (module or "keras").split(".")
    if parts[0] not in ("keras", "tf_keras", "kcore", "kcore_layers", "kcore_train", "kcore_ops"):
        return None
    exact = _builtins.get(module or "", {}).get(class_name)
    if exact is not None:
        return exact
    named = {key: table[class_name] for key, table in _builtins.items() if class_name in table}
    fitting = [obj for key, obj in named.items() if key.rpartition(".")[2] in parts[1:]] or list(named.values())
    return fitting[0] if fitting and all(obj is fitting[0] for obj in fitting) else None


def _components_of(module: str | None, registered_name: str | None) -> Iterator[str]:
    """Names of the components that may own a class."""
    package, arrow, _ = (registered_name or "").partition(">")
    if arrow:
        yield package
    if module:
        parts = module.split(".")
        yield parts[0]
        yield from reversed(parts[1:])


def _load_in_turn(names: Iterable[str]) -> Iterator[None]:
    """Pause once, and again after each installed component of these names that may be loaded was."""
    yield
    for name, entries in _installed(names):
        if name in _trusted or all(map(registry.is_ours, entries)):
            registry.component(name)
            yield


def _installed(names: Iterable[str]) -> list[tuple[str, Any]]:
    """Return those of these components that are installed, each once, with their entry points."""
    found = registry.components()
    return [(name, found[name]) for name in dict.fromkeys(names) if name in found]


def _refuse_untrusted(names: Iterable[str], wanted: str) -> None:
    """Raise if what was not found may be in a component that was not loaded."""
    for name, entries in _installed(names):
        for entry in entries:
            # What is imported has registered what it has, and nothing new runs.
            if name in _trusted or registry.is_ours(entry) or entry.module in sys.modules:
                continue
            package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
            raise SerializationError(
                f"the data names {wanted}, which the component {name!r} of the installed package {package} may have; "
                "it is not imported because a file names it",
                fix=f"if you trust that package, import it before loading, or call trust_components({name!r})",
            )


class _PolicyClasses:
    """Names of the classes of dtype policies, which kcore-ops has and its users derive from."""

    name_of = staticmethod(serialized_name)
    find = staticmethod(find_class)


for _cls in (dtype_policies.DTypePolicy, dtype_policies.FloatDTypePolicy):
    builtin("keras")(_cls)
for _own in own_classes.values():
    builtin("keras.dtype_policies")(_own)
dtype_policies.look_up_classes_in(_PolicyClasses())
builtin("keras.random")(SeedGenerator)
