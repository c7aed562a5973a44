"""Objects as plain data that JSON can hold, in Keras 3's format, and back. Data names classes; it never brings code."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import BuiltinFunctionType, FunctionType
from typing import Any, TypeVar

import kcore_ops as ops
import numpy as np
from kcore_ops import dtypes
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_layers.serialization import registry as known
from kcore_layers.serialization.lambda_code import from_code, to_code
from kcore_layers.serialization.registry import CustomObjectScope as CustomObjectScope
from kcore_layers.serialization.registry import SerializationError as SerializationError
from kcore_layers.serialization.registry import builtin as builtin
from kcore_layers.serialization.registry import custom_object_scope as custom_object_scope
from kcore_layers.serialization.registry import get_custom_objects as get_custom_objects
from kcore_layers.serialization.registry import get_registered_name as get_registered_name
from kcore_layers.serialization.registry import get_registered_object as get_registered_object
from kcore_layers.serialization.registry import names_in as names_in
from kcore_layers.serialization.registry import register_keras_serializable as register_keras_serializable

__all__ = [
    "deserialize_keras_object",
    "enable_unsafe_deserialization",
    "resolve",
    "serialize_keras_object",
    "sharing_objects",
]

T = TypeVar("T")

_FIX = "compare it with what serializing such an object gives"

_always_unsafe: list[bool] = []
_safe_mode: ContextVar[bool] = ContextVar("kcore_safe_mode", default=True)

# Whether arguments are being recorded as an object is made, long before anybody may want to save it.
_is_recording: ContextVar[bool] = ContextVar("kcore_recording", default=False)

# Within `sharing_objects`: the objects saved, with their numbers, by id(); and those loaded, by number.
_shared: ContextVar[tuple[dict[int, tuple[Any, int]], dict[Any, Any]] | None] = ContextVar("kcore_shared", default=None)


def serialize_keras_object(obj: object) -> Any:
    """Return an object as plain data: a dict with its class, where that is, and its `get_config()`.

    Numbers, strings and None stay as they are, and what lists, tuples and dicts hold is serialized in turn. Arrays and
    tensors become nested lists with their dtype; functions become their names. What was built says for which shapes.

    Args:
        obj: the object.

    Raises:
        SerializationError: if the object has no `get_config`, or is a function that could not be found again.

    >>> serialize_keras_object(ops.random.SeedGenerator(3, name="seeds"))["config"]
    {'seed': 3, 'name': 'seeds'}
    """
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and obj.ndim == 0):
        return obj.item()
    if isinstance(obj, list):
        return [serialize_keras_object(each) for each in obj]
    if isinstance(obj, tuple):
        return tuple(serialize_keras_object(each) for each in obj)
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, np.ndarray):
        return _tagged("__numpy__", value=obj.tolist(), dtype=obj.dtype.name)
    if isinstance(obj, bytes):
        return _tagged("__bytes__", value=_decoded(obj))
    if isinstance(obj, slice):
        bounds = {name: serialize_keras_object(getattr(obj, name)) for name in ("start", "stop", "step")}
        return _tagged("__slice__", **bounds)
    if obj is Ellipsis:
        return _tagged("__ellipsis__")
    if isinstance(obj, FunctionType | BuiltinFunctionType) or (
        not isinstance(obj, type) and known.has_serialized_name(obj)
    ):
        return _serialize_function(obj)
    if not isinstance(obj, type) and hasattr(obj, "get_config"):
        return _serialize_instance(obj)
    if not isinstance(obj, ops.Variable) and ops.is_tensor(obj):
        return tensor_data(ops.convert_to_numpy(obj), ops.dtype(obj))
    if isinstance(obj, type):
        raise SerializationError(
            f"the class {obj.__name__} can not be saved", fix="save an instance of it, or its name"
        )
    raise SerializationError(
        f"{obj!r}, of type {type(obj).__name__}, can not be saved: it has no get_config()",
        fix="define get_config, which gives the arguments of __init__, on its class"
        + (", or decorate the function with @register_keras_serializable()" if callable(obj) else ""),
    )


def deserialize_keras_object(
    config: object,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
    *,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Return the object that data stands for, which `serialize_keras_object` returned, or Keras 3 wrote.

    Args:
        config: the data. What is not the data of an object comes back as it is.
        custom_objects: classes and functions by name, beside those registered; None, the default, is none.
        safe_mode: bool, whether to refuse lambdas and pickled modules, whose code would run; True by default.
        module_objects: where to look up bare names and classes whose data says no module; None, the default, is
            nowhere.

    Raises:
        SerializationError: if it names a class or function that is not known here, or holds code in safe mode.

    >>> data = serialize_keras_object(ops.random.SeedGenerator(3, name="seeds"))
    >>> deserialize_keras_object(data).seed
    3
    """
    token = _safe_mode.set(safe_mode and _safe_mode.get() and not _always_unsafe)
    try:
        if not custom_objects:
            return _deserialize(config, module_objects)
        with CustomObjectScope(custom_objects):
            return _deserialize(config, module_objects)
    finally:
        _safe_mode.reset(token)


@contextmanager
def sharing_objects() -> Iterator[None]:
    """Number each object while it is saved, and make one object for each number while data is loaded.

    A layer that two models share is one layer again after loading. For whoever saves or loads a whole model.

    >>> seeds = ops.random.SeedGenerator(3)
    >>> with sharing_objects():
    ...     data = serialize_keras_object([seeds, seeds])
    >>> with sharing_objects():
    ...     first, second = deserialize_keras_object(data)
    >>> first is second
    True
    """
    token = _shared.set(({}, {}))
    try:
        yield
    finally:
        _shared.reset(token)


@contextmanager
def recording() -> Iterator[None]:
    """Serialize objects by themselves, without numbers for sharing or warnings about what is saved."""
    shared, is_recording = _shared.set(None), _is_recording.set(True)
    try:
        yield
    finally:
        _is_recording.reset(is_recording)
        _shared.reset(shared)


@contextmanager
def trusting() -> Iterator[None]:
    """Let data bring code inside the `with` block: data that this process has just made."""
    token = _safe_mode.set(False)
    try:
        yield
    finally:
        _safe_mode.reset(token)


def enable_unsafe_deserialization() -> None:
    """Let files of this process bring code: lambdas, pickled modules. Load only files you trust as you do a program."""
    _always_unsafe[:] = [True]


def refuse_code(what: str, fix: str) -> None:
    """Raise if data that holds code is read in safe mode.

    Args:
        what: what it holds, for the message: "a lambda".
        fix: what to do about it, for whoever made the data.

    Raises:
        SerializationError: in safe mode.
    """
    if _safe_mode.get() and not _always_unsafe:
        raise SerializationError(
            f"the data holds {what}: code, which is not run in safe mode",
            fix=f"{fix}, or, if you trust whoever wrote the file, pass safe_mode=False",
        )


def resolve(
    identifier: object,
    kind: str,
    module: str,
    custom_objects: Mapping[str, Any] | None = None,
    *,
    instantiate: bool = True,
    accepts: Callable[[Any], bool] = callable,
) -> Any:
    """Return the object a user means by a name, saved data, a class, or the object itself; None for None.

    Args:
        identifier: a name, in camel or snake case; a dict that `serialize_keras_object` returned; a class; an object.
        kind: what is asked for, for messages: "initializer".
        module: the module of Keras whose names are meant: "keras.initializers".
        custom_objects: classes and functions by name, beside those registered; None, the default, is none.
        instantiate: bool, whether a class becomes an instance of it, made without arguments; True by default.
        accepts: function that says whether an object is of the kind; `callable` by default.

    Raises:
        ArgumentError: if there is no such name, or it is not an object of the kind.

    >>> resolve("seed_generator", "generator", "keras.random", accepts=lambda found: True).name
    'seed_generator'
    """
    if identifier is None:
        return None
    if custom_objects:
        with CustomObjectScope(custom_objects):
            return resolve(identifier, kind, module, instantiate=instantiate, accepts=accepts)
    found = identifier
    if isinstance(identifier, str):
        found = known.find_named(identifier, module)
        if found is None:
            raise ArgumentError(f"no {kind} named {identifier!r}", fix=known.suggestion_for(identifier, module))
    elif isinstance(identifier, dict):
        if "class_name" not in identifier or "config" not in identifier:
            raise ArgumentError(f"this is not the data of {_a(kind)}: {identifier!r}", fix="pass what serialize() gave")
        found = deserialize_keras_object(identifier, module_objects=names_in(module))
    if isinstance(found, type) and instantiate:
        found = _made(found, kind)
    if not accepts(found):
        raise ArgumentError(
            f"{identifier!r} is not {_a(kind)}", fix=f"pass {_a(kind)}, its name, its class or what serialize() gave"
        )
    return found


# To data.


def _tagged(tag: str, **config: Any) -> dict[str, Any]:
    return {"class_name": tag, "config": config}


def tensor_data(array: np.ndarray[Any, Any], dtype: str) -> dict[str, Any]:
    """Return the data of a tensor, from its numbers.

    Args:
        array: the numbers.
        dtype: the name of the tensor's dtype.
    """
    return _tagged("__tensor__", value=array.tolist(), dtype=dtype)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SerializationError(
            f"bytes that are not UTF-8 can not be saved: {error}", fix="save them as a NumPy array of dtype uint8"
        ) from error


def _serialize_function(function: Any) -> dict[str, Any]:
    own = getattr(function, "__name__", None)
    if own == "<lambda>" and not known.is_registered(function):
        if not _is_recording.get():
            warnings.warn(
                "a lambda is saved as code, which loads only with safe_mode=False and this version of Python; "
                "define a function and decorate it with @register_keras_serializable()",
                stacklevel=3,
            )
        return to_code(function)
    builtin_name = known.builtin_name(function)
    name = builtin_name[1] if builtin_name else get_registered_name(function)
    if not builtin_name and not known.is_registered(function) and known.find_function(name) is not None:
        raise SerializationError(
            f"the function {name} of {function.__module__} has the name of one of kcore's own, and would load as that",
            fix="decorate it with @register_keras_serializable(), or rename it",
        )
    kind = type(function).__name__ if isinstance(function, BuiltinFunctionType) else "function"
    return {"module": "builtins", "class_name": kind, "config": name, "registered_name": kind}


def _serialize_instance(obj: Any) -> dict[str, Any]:
    module, class_name, registered_name = known.serialized_name(type(obj))
    config = serialize_keras_object(dict(obj.get_config()))
    data = {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}
    if hasattr(obj, "get_build_config") and getattr(obj, "built", True):
        build_config = obj.get_build_config()
        if build_config is not None:
            data["build_config"] = serialize_keras_object(build_config)
    if hasattr(obj, "get_compile_config"):
        compile_config = obj.get_compile_config()
        if compile_config:
            data["compile_config"] = serialize_keras_object(compile_config)
    shared = _shared.get()
    if shared is not None:
        saved = shared[0]
        # The object is kept beside its number: while it lives, no other has its id().
        data["shared_object_id"] = saved.setdefault(id(obj), (obj, len(saved)))[1]
    return data


# From data.


def _deserialize(config: Any, module_objects: Mapping[str, Any] | None) -> Any:
    if isinstance(config, str) and module_objects is not None:
        found = get_registered_object(config, module_objects=module_objects)
        return config if found is None else found
    if isinstance(config, list):
        return [_deserialize(each, None) for each in config]
    if isinstance(config, tuple):
        return tuple(_deserialize(each, None) for each in config)
    if not isinstance(config, dict):
        return config
    if not isinstance(config.get("class_name"), str) or "config" not in config:
        return {key: _deserialize(value, None) for key, value in config.items()}
    _check_names(config)
    read = _TAGS.get(config["class_name"])
    if read is not None:
        return _made_of(config, lambda: read(config))
    if config["class_name"] in ("function", "builtin_function_or_method"):
        return _function(config, module_objects)
    return _instance(config, module_objects)


def _check_names(config: dict[str, Any]) -> None:
    for key in ("module", "registered_name"):
        if not isinstance(config.get(key), str | None):
            raise SerializationError(
                f"the data of a {config['class_name']} has {config[key]!r} for its {key}, which is no name", fix=_FIX
            )


def _made_of(config: dict[str, Any], make: Callable[[], T]) -> T:
    """Return what `make` makes of data; whatever it raises of data that is not what it should be is one error."""
    try:
        return make()
    except (KcoreError, Warning):
        raise
    except Exception as error:
        name = config["config"].get("name") if isinstance(config["config"], dict) else None
        what = config["class_name"] if name is None else f"{config['class_name']} {name!r}"
        raise SerializationError(
            f"the data of {what} can not be made into one: {type(error).__name__}: {error}", fix=_FIX
        ) from error


def _function(config: dict[str, Any], module_objects: Mapping[str, Any] | None) -> Any:
    name = config["config"]
    known_as = config.get("registered_name")
    found = known.find_function(name, module_objects, known_as) if isinstance(name, str) else None
    if found is None:
        raise _unknown("function", name)
    return found


def _instance(config: dict[str, Any], module_objects: Mapping[str, Any] | None) -> Any:
    class_name, inner = config["class_name"], config["config"]
    cls = known.find_class(config.get("module"), class_name, config.get("registered_name"), module_objects)
    if cls is None:
        module = config.get("module")
        raise _unknown("class", f"{module}.{class_name}" if module else class_name)
    if not isinstance(cls, type) and isinstance(inner, dict) and not inner:
        return cls  # old files have functions as {"class_name": name, "config": {}}
    if not hasattr(cls, "from_config") or not isinstance(inner, dict):
        problem = "has no from_config()" if isinstance(inner, dict) else f"has a config that is no dict: {inner!r}"
        raise SerializationError(f"{class_name} {problem}", fix="check the data, and the class that is registered")
    shared, number = _shared.get(), config.get("shared_object_id")
    if shared is not None and isinstance(number, int) and type(shared[1].get(number)).__name__ == cls.__name__:
        return shared[1][number]
    instance = _made_of(config, lambda: cls.from_config(inner))
    if shared is not None and isinstance(number, int):
        shared[1][number] = instance
    build_config = config.get("build_config")
    if build_config and hasattr(instance, "build_from_config") and not getattr(instance, "built", False):
        _made_of(config, lambda: instance.build_from_config(_deserialize(build_config, None)))
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        _made_of(config, lambda: instance.compile_from_config(compile_config))
    return instance


def _lambda(config: dict[str, Any]) -> Any:
    refuse_code("a lambda", "replace it by a registered function")
    return from_code(config)


def _array(config: dict[str, Any]) -> np.ndarray[Any, Any]:
    inner = config["config"]
    if inner["dtype"] not in dtypes.ALLOWED_DTYPES:
        raise SerializationError(
            f"the data of an array has the dtype {inner['dtype']!r}, which kcore has not", fix=_FIX
        )
    return np.array(inner["value"], dtypes.numpy_dtype(inner["dtype"]))


_TAGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "__numpy__": _array,
    "__tensor__": lambda config: ops.convert_to_tensor(_array(config), dtype=config["config"]["dtype"]),
    "__bytes__": lambda config: config["config"]["value"].encode("utf-8"),
    "__slice__": lambda config: slice(
        *(_deserialize(config["config"][key], None) for key in ("start", "stop", "step"))
    ),
    "__ellipsis__": lambda config: Ellipsis,
    "__lambda__": _lambda,
}


def _unknown(what: str, name: Any) -> SerializationError:
    return SerializationError(
        f"the data names a {what} that is not known here: {name}",
        fix=f"decorate the {what} with @register_keras_serializable() and import it before loading, or pass "
        f"custom_objects={{{str(name).rpartition('.')[2]!r}: ...}}",
    )


# For get().


def _made(cls: type, kind: str) -> Any:
    try:
        return cls()
    except TypeError as error:
        raise ArgumentError(
            f"the {kind} {cls.__name__} needs arguments: {error}", fix=f"pass {cls.__name__}(...) instead"
        ) from error


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
