"""Policies of layers whose weights are kept as, or multiplied in, few bits."""

from __future__ import annotations

import re
from typing import Any

from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.policies.policy import DTypePolicy, dtype_policy, own

__all__ = [
    "AWQDTypePolicy",
    "GPTQDTypePolicy",
    "Int4DTypePolicy",
    "QuantizedDTypePolicy",
    "QuantizedFloat8DTypePolicy",
]


@own
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
        source = _source(source_name)
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


@own
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


@own
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


@own
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


@own
class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """Weights that are trained in products of floats of 8 bits: "float8_from_float32".

    Args:
        mode: str, "float8".
        source_name: str or None, as for `QuantizedDTypePolicy`; None.
        amax_history_length: int, the number of steps whose largest numbers scales are made of; 1024.

    Raises:
        ArgumentError: if there is no such mode or policy, that policy quantizes too, or the length is not a positive
            integer.

    >>> QuantizedFloat8DTypePolicy("float8", "mixed_bfloat16", amax_history_length=16).compute_dtype
    'bfloat16'
    """

    _modes = ("float8",)
    default_amax_history_length = 1024

    def __init__(
        self, mode: str, source_name: str | None = None, amax_history_length: int = default_amax_history_length
    ) -> None:
        super().__init__(mode, source_name)
        is_count = hasattr(amax_history_length, "__index__") and not isinstance(amax_history_length, bool)
        if not is_count or amax_history_length < 1:
            raise ArgumentError(
                f"amax_history_length can not be {amax_history_length!r}", fix="pass a positive integer"
            ).at(type(self).__name__)
        self._amax_history_length = int(amax_history_length)

    @property
    def amax_history_length(self) -> int:
        """The number of steps whose largest numbers scales are made of."""
        return self._amax_history_length

    def __eq__(self, other: Any) -> bool:
        return super().__eq__(other) and other.amax_history_length == self.amax_history_length

    __hash__ = QuantizedDTypePolicy.__hash__

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {**super().get_config(), "amax_history_length": self.amax_history_length}


def named(name: str) -> DTypePolicy:
    """Return the policy of a name, which may say what weights are kept as.

    Args:
        name: str, "float32" or "int8_from_float32".
    """
    if not isinstance(name, str) or "_from_" not in name:
        return DTypePolicy(name)
    mode, _, source = name.partition("_from_")
    kind = mode.partition("/")[0]
    return (QuantizedDTypePolicy if mode == "int4" else _BY_KIND.get(kind, QuantizedDTypePolicy))(mode, source)


def _source(name: Any) -> DTypePolicy:
    if name is None:
        return dtype_policy()
    return name if isinstance(name, DTypePolicy) else named(name)


_BY_KIND: dict[str, type[QuantizedDTypePolicy]] = {
    "awq": AWQDTypePolicy,
    "float8": QuantizedFloat8DTypePolicy,
    "gptq": GPTQDTypePolicy,
    "int4": Int4DTypePolicy,
}
