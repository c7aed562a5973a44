"""Dtype policies: the dtype a layer computes in, and the one its variables are kept in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Protocol, TypeAlias

from kcore_ops.dtypes import is_float_dtype, standardize_dtype
from kcore_ops.engine.op import DType, Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.core.conversion import cast, convert_to_tensor
from kcore_ops.ops.core.conversion import dtype as dtype_of

__all__ = [
    "AWQDTypePolicy",
    "DTypePolicy",
    "DTypePolicyMap",
    "FloatDTypePolicy",
    "GPTQDTypePolicy",
    "Int4DTypePolicy",
    "QuantizedDTypePolicy",
    "deserialize",
    "dtype_policy",
    "get",
    "look_up_classes_in",
    "serialize",
    "set_dtype_policy",
]

# What `get` takes for a policy.
PolicyLike: TypeAlias = "DTypePolicy | Mapping[str, Any] | DType | None"

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


class DTypePolicy:
    """A compute dtype and a variable dtype, by name.

    Args:
        name: str or None, a dtype, for both; or "mixed_float16" or "mixed_bfloat16": computing in half precision on
            variables kept in float32 (Micikevicius et al., 2018, arXiv:1710.03740); None for the policy in force; None.

    Raises:
        ArgumentError: if there is no such policy.

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        name = dtype_policy().name if name is None else name
        if not isinstance(name, str):
            raise ArgumentError(f"a policy's name is a string, not {name!r}", fix='for example "mixed_bfloat16"')
        if name in _MIXED:
            self._compute_dtype, self._variable_dtype = _MIXED[name], "float32"
        else:
            try:
                self._compute_dtype = self._variable_dtype = standardize_dtype(name)
            except TypeError as error:
                fix = f"use a dtype, or one of {', '.join(_MIXED)}"
                raise ArgumentError(f"there is no dtype policy {name!r}", fix=fix) from error
        self._name = name

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype layers compute in."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype variables are kept in."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """What weights are kept as, "int8", "int4", "gptq" or "awq"; None, as numbers of the variable dtype."""
        return None

    def for_path(self, path: str) -> DTypePolicy:
        """Return the policy of the layer at a path: this one, for every path.

        Args:
            path: str, the path of the layer.
        """
        return self

    def convert_input(self, x: Tensor, autocast: bool, dtype: DType) -> Tensor:
        """Return an input of a layer as a tensor, a floating one in `dtype` if `autocast`.

        Args:
            x: tensor, the input.
            autocast: bool, whether a floating input is cast.
            dtype: dtype, the dtype to cast to.
        """
        x = convert_to_tensor(x)
        return cast(x, dtype) if autocast and is_float_dtype(dtype_of(x)) and dtype_of(x) != dtype else x

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Create an instance from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
        """
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: Any) -> bool:
        return type(other) is type(self) and other.name == self.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class FloatDTypePolicy(DTypePolicy):
    """A policy that quantizes nothing; the name that Keras has for that.

    Args:
        name: str or None, as for `DTypePolicy`, None for the policy in force; None.

    >>> FloatDTypePolicy("mixed_bfloat16").compute_dtype
    'bfloat16'
    """


class QuantizedDTypePolicy(DTypePolicy):
    """Weights kept as small integers, in layers that can, by name: "int8_from_float32".

    Args:
        mode: str, "int8" or "int4".
        source_name: str or None, the policy of all else: of what is computed, and of other variables; None for the one
            in force; None.

    Raises:
        ArgumentError: if there is no such mode or policy, or that policy quantizes too.

    >>> policy = QuantizedDTypePolicy("int8", "mixed_bfloat16")
    >>> policy.name, policy.quantization_mode, policy.compute_dtype
    ('int8_from_mixed_bfloat16', 'int8', 'bfloat16')
    """

    _modes: tuple[str, ...] = ("int8", "int4")

    def __init__(self, mode: str, source_name: str | None = None) -> None:
        source = dtype_policy() if source_name is None else get(source_name)
        if source.quantization_mode is not None:
            raise ArgumentError(
                f"{source.name!r} quantizes already", fix='let source_name be a policy such as "float32"'
            ).at(type(self).__name__)
        super().__init__(source.name)
        self._source_name = source.name
        self._mode = mode
        self._quantization_mode = self._checked_mode(mode)
        self._name = f"{mode}_from_{source.name}"

    def _checked_mode(self, mode: Any) -> str:
        if mode not in self._modes:
            raise ArgumentError(f"there is no mode {mode!r}", fix=f"use one of {', '.join(self._modes)}").at(
                type(self).__name__
            )
        return str(mode)

    @property
    def quantization_mode(self) -> str:
        """What weights are kept as."""
        return self._quantization_mode

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {"mode": self._mode, "source_name": self._source_name}

    def __repr__(self) -> str:
        return f'<{type(self).__name__} "{self.name}">'


class Int4DTypePolicy(QuantizedDTypePolicy):
    """Weights kept as integers of 4 bits, blocks of them with a scale of their own: "int4/128_from_float32".

    Args:
        mode: str, "int4/" and the number of weights in a block, along the axis that is summed over; "int4/-1" for one
            scale for all.
        source_name: str or None, as for `QuantizedDTypePolicy`; None.

    Raises:
        ArgumentError: if there is no such mode or policy, or that policy quantizes too.

    >>> Int4DTypePolicy("int4/64", "float32").block_size
    64
    """

    def _checked_mode(self, mode: Any) -> str:
        match = re.fullmatch(r"int4/(-1|[1-9][0-9]*)", mode) if isinstance(mode, str) else None
        if match is None:
            fix = 'use "int4/128", with any number of weights in a block, or "int4/-1"'
            raise ArgumentError(f"there is no mode {mode!r}", fix=fix).at("Int4DTypePolicy")
        self.block_size = int(match[1])
        return "int4"


class _CalibratedDTypePolicy(QuantizedDTypePolicy):
    """Base of those whose mode says how many bits a weight has, and how many weights share a scale: "gptq/4/128"."""

    _kind: str
    _bits: tuple[int, ...]

    def _checked_mode(self, mode: Any) -> str:
        match = re.fullmatch(rf"{self._kind}/([0-9]+)/(-1|[1-9][0-9]*)", mode) if isinstance(mode, str) else None
        if match is None or int(match[1]) not in self._bits:
            bits = " or ".join(map(str, self._bits))
            fix = f'use "{self._kind}/4/128", with {bits} bits and any number of weights in a group, or -1 for all'
            raise ArgumentError(f"there is no mode {mode!r}", fix=fix).at(type(self).__name__)
        self.weight_bits, self.group_size = int(match[1]), int(match[2])
        return self._kind


class GPTQDTypePolicy(_CalibratedDTypePolicy):
    """Weights kept as integers of few bits, rounded as GPTQ does: "gptq/4/128_from_float32".

    Args:
        mode: str, "gptq/", the number of bits, 2, 3, 4 or 8, "/", and the number of weights of an output that share a
            scale, or -1 for all.
        source_name: str or None, as for `QuantizedDTypePolicy`; None.

    Raises:
        ArgumentError: if there is no such mode or policy, or that policy quantizes too.

    >>> policy = GPTQDTypePolicy("gptq/3/64", "float32")
    >>> policy.quantization_mode, policy.weight_bits, policy.group_size
    ('gptq', 3, 64)
    """

    _kind = "gptq"
    _bits = (2, 3, 4, 8)


class AWQDTypePolicy(_CalibratedDTypePolicy):
    """Weights kept as integers of 4 bits, rounded as AWQ does: "awq/4/128_from_float32".

    Args:
        mode: str, "awq/4/", and the number of weights of an output that share a scale, or -1 for all.
        source_name: str or None, as for `QuantizedDTypePolicy`; None.

    Raises:
        ArgumentError: if there is no such mode or policy, or that policy quantizes too.

    >>> AWQDTypePolicy("awq/4/64", "float32").group_size
    64
    """

    _kind = "awq"
    _bits = (4,)


def _quantized(name: str) -> DTypePolicy:
    """Return the policy of a name that says what weights are kept as."""
    mode, _, source = name.partition("_from_")
    kind, slash, _ = mode.partition("/")
    return (_BY_KIND.get(kind, QuantizedDTypePolicy) if slash else QuantizedDTypePolicy)(mode, source)


_BY_KIND: dict[str, type[QuantizedDTypePolicy]] = {
    "awq": AWQDTypePolicy,
    "gptq": GPTQDTypePolicy,
    "int4": Int4DTypePolicy,
}


class DTypePolicyMap(DTypePolicy, MutableMapping[str, DTypePolicy]):
    """Policies for the layers of a model by their paths: pass it as the `dtype` of each.

    A key is a path, "encoder/dense", or a regular expression that matches the whole of one.

    Args:
        default_policy: policy, its name, dtype, dict or None, the policy of layers that no key matches, None for the
            one in force; None.
        policy_map: dict or None, from paths to policies, or to what `get` takes, None for no keys; None.

    Raises:
        ArgumentError: if a key is set twice, or two regular expressions match a path that is asked for.

    >>> policies = DTypePolicyMap("float32", {"(en|de)coder/.*": "mixed_bfloat16"})
    >>> policies["encoder/dense"], policies["head"]
    (<DTypePolicy "mixed_bfloat16">, <DTypePolicy "float32">)
    """

    def __init__(self, default_policy: PolicyLike = None, policy_map: Mapping[str, Any] | None = None) -> None:
        self._policies: dict[str, DTypePolicy] = {}
        self._default = get(default_policy)
        for key, policy in (policy_map or {}).items():
            self[key] = policy

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that no key matches."""
        return self._default

    @property
    def name(self) -> str:
        """The default policy's name, after `map_`."""
        return f"map_{self._default.name}"

    @property
    def compute_dtype(self) -> str:
        """The dtype that layers compute in which no key matches."""
        return self._default.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype that variables are kept in of layers which no key matches."""
        return self._default.variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """What weights are kept as in layers which no key matches; None, as numbers of the variable dtype."""
        return self._default.quantization_mode

    def for_path(self, path: str) -> DTypePolicy:
        """Return the policy of the layer at a path.

        Args:
            path: str, the path of the layer.
        """
        return self[path]

    def __getitem__(self, path: str) -> DTypePolicy:
        if path in self._policies:
            return self._policies[path]
        matching = [key for key in self._policies if re.fullmatch(key, path)]
        if len(matching) > 1:
            problem = f"path {path!r} is matched by {', '.join(map(repr, matching))}"
            raise ArgumentError(problem, fix="make the keys exclude one another, or add the path itself").at(
                "DTypePolicyMap"
            )
        return self._policies[matching[0]] if matching else self._default

    def __setitem__(self, path: str, policy: Any) -> None:
        if path in self._policies:
            problem = f"{path!r} already has {self._policies[path]!r}"
            raise ArgumentError(problem, fix="delete it first").at("DTypePolicyMap")
        try:
            re.compile(path)
        except re.error as error:
            problem = f"{path!r} is no path and no regular expression: {error}"
            raise ArgumentError(problem, fix="mend or escape it").at("DTypePolicyMap") from error
        self._policies[path] = get(policy)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __contains__(self, path: object) -> bool:
        return path in self._policies

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        policies = {path: serialize(policy) for path, policy in self._policies.items()}
        return {"default_policy": serialize(self._default), "policy_map": policies}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> DTypePolicyMap:
        """Create a policy from what `get_config` returned; policies in it may be names, as Keras writes them.

        Args:
            config: dict, what `get_config` returned.
            custom_objects: dict or None, classes of policies by name, beside those that are registered, None for no
                others; None.
        """

        def policy(value: Any) -> DTypePolicy:
            return deserialize(value, custom_objects) if isinstance(value, dict) else get(value)

        policies = {path: policy(value) for path, value in (config.get("policy_map") or {}).items()}
        return cls(**{**config, "default_policy": policy(config.get("default_policy")), "policy_map": policies})

    def __repr__(self) -> str:
        return f"<DTypePolicyMap {self._default.name!r} { ({k: p.name for k, p in self._policies.items()}) }>"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, DTypePolicyMap) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self), self.name))


_default: list[DTypePolicy] = []


def dtype_policy() -> DTypePolicy:
    """Return the policy that layers get unless told otherwise; that of `config.floatx()` at first.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    return _default[-1] if _default else DTypePolicy(settings.floatx())


def set_dtype_policy(policy: PolicyLike) -> None:
    """Set the policy that layers get unless told otherwise: a policy, its name, or a dtype.

    Args:
        policy: policy, its name, dtype, dict or None, the policy, None for the one in force.
    """
    _default[:] = [get(policy)]


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
        return _quantized(identifier) if "_from_" in identifier else DTypePolicy(identifier)
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
        return next((cls for cls in _OWN if cls.__name__ == class_name), None)


_OWN = (
    AWQDTypePolicy, DTypePolicy, DTypePolicyMap, FloatDTypePolicy, GPTQDTypePolicy, Int4DTypePolicy,
    QuantizedDTypePolicy,
)  # fmt: skip

_classes: Classes = _OwnClasses()


def look_up_classes_in(classes: Classes) -> None:
    """Register what keeps the names of all classes that files may hold, to name and find policies in data.

    Args:
        classes: `Classes`, what finds and names classes.
    """
    global _classes
    _classes = classes
