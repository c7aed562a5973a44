"""Policies of one dtype to compute in, and one for variables; and the one in force."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import is_float_dtype, standardize_dtype
from kcore_ops.engine.op import DType, Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.core.conversion import cast, convert_to_tensor
from kcore_ops.ops.core.conversion import dtype as dtype_of

__all__ = ["DTypePolicy", "FloatDTypePolicy", "dtype_policy"]

own_classes: dict[str, type] = {}  # by name: those that data may name without a registry


def own(cls: type) -> Any:
    """Decorate a class of policies that is the library's own.

    Args:
        cls: class.
    """
    own_classes[cls.__name__] = cls
    return cls


def put_in_force(policy: DTypePolicy) -> None:
    """Set the policy that layers get unless told otherwise.

    Args:
        policy: `DTypePolicy`, the policy.
    """
    _default[:] = [policy]


_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


@own
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
        """What weights are kept as, "int8", "int4", "gptq" or "awq", or multiplied as, "float8"; None, neither."""
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


@own
class FloatDTypePolicy(DTypePolicy):
    """A policy that quantizes nothing; the name that Keras has for that.

    Args:
        name: str or None, as for `DTypePolicy`, None for the policy in force; None.

    >>> FloatDTypePolicy("mixed_bfloat16").compute_dtype
    'bfloat16'
    """


_default: list[DTypePolicy] = []


def dtype_policy() -> DTypePolicy:
    """Return the policy that layers get unless told otherwise; that of `config.floatx()` at first.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    return _default[-1] if _default else DTypePolicy(settings.floatx())
