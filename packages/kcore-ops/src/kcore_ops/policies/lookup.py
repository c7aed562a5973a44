"""Policies by name and by config, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from kcore_ops.dtypes import standardize_dtype
from kcore_ops.engine.op import DType
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.policies.policy import DTypePolicy, dtype_policy, own_classes, put_in_force
from kcore_ops.policies.quantized import named

__all__ = ["deserialize", "get", "look_up_classes_in", "serialize", "set_dtype_policy"]

# What `get` takes for a policy.
PolicyLike: TypeAlias = "DTypePolicy | Mapping[str, Any] | DType | None"


def set_dtype_policy(policy: PolicyLike) -> None:
    """Set the policy that layers get unless told otherwise: a policy, its name, or a dtype.

    Args:
        policy: policy, its name, dtype, dict or None, the policy, None for the one in force.
    """
    put_in_force(get(policy))


def get(identifier: PolicyLike) -> DTypePolicy:
    """Return the policy meant by a policy, its name, a dtype, a config, or None for the one in force.

    Args:
        identifier: policy, its name, dtype, dict or None, the policy, its name, a dtype, what `serialize` returned, or
            None for the one in force.

    Raises:
        ArgumentError: if there is none.

    >>> get("mixed_float16")
    <DTypePolicy "mixed_float16">
    """
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, str):
        return named(identifier)
    try:
        return DTypePolicy(standardize_dtype(identifier))
    except TypeError as error:
        fix = "pass a policy, its name, a dtype, or what serialize() gave"
        raise ArgumentError(f"{identifier!r} is not a dtype policy", fix=fix) from error


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Return a policy as plain data.

    Args:
        dtype_policy: `DTypePolicy`, the policy.

    >>> serialize(DTypePolicy("float16"))["config"]
    {'name': 'float16'}
    """
    module, class_name, registered_name = _classes.name_of(type(dtype_policy))
    return {
        "module": module,
        "class_name": class_name,
        "config": dtype_policy.get_config(),
        "registered_name": registered_name,
    }


def deserialize(config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> DTypePolicy:
    """Create a policy from plain data.

    Args:
        config: dict, what `serialize` returned.
        custom_objects: dict or None, classes by name, beside our own and those that are registered for files, None for
            no others; None.

    Raises:
        ArgumentError: if the data is not a policy's, or names a class that is not known here.
    """
    class_name, inner = config.get("class_name"), config.get("config")
    if not isinstance(class_name, str) or not isinstance(inner, Mapping):
        raise ArgumentError(f"this is not the data of a dtype policy: {config!r}", fix="pass what serialize() gave")
    registered_name = config.get("registered_name")
    given = custom_objects or {}
    cls = given.get(registered_name or class_name, given.get(class_name))
    if cls is None:
        cls = _classes.find(config.get("module"), class_name, registered_name)
    if not isinstance(cls, type) or not issubclass(cls, DTypePolicy):
        raise ArgumentError(
            f"there is no class {class_name} of dtype policies here",
            fix=f"decorate it with @register_keras_serializable(), or pass custom_objects={{{class_name!r}: ...}}",
        )
    return cls.from_config(dict(inner))


class Classes(Protocol):
    """How data names the classes of policies."""

    def name_of(self, cls: type) -> tuple[str | None, str, str | None]:
        """Return the module that a class is public in, its name there, and the name it is registered by, if it is.

        Args:
            cls: class, the class of a policy.
        """

    def find(self, module: str | None, class_name: str, registered_name: str | None) -> Any:
        """Return the class of these names, or None.

        Args:
            module: str or None, the module it is public in, None if it is not known.
            class_name: str, the name of the class.
            registered_name: str or None, the name it is registered by, None if it is not registered.
        """


class _OwnClasses:
    """Those of this module, which there are without a registry."""

    def name_of(self, cls: type) -> tuple[str | None, str, str | None]:
        is_own = self.find(None, cls.__name__, None) is cls
        return ("keras" if cls is DTypePolicy else "keras.dtype_policies") if is_own else None, cls.__name__, None

    def find(self, module: str | None, class_name: str, registered_name: str | None) -> Any:
        return own_classes.get(class_name)


_classes: Classes = _OwnClasses()


def look_up_classes_in(classes: Classes) -> None:
    """Register what keeps the names of all classes that files may hold, to name and find policies in data.

    Args:
        classes: `Classes`, what finds and names classes.
    """
    global _classes
    _classes = classes
