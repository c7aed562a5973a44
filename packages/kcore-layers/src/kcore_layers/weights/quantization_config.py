"""How weights are quantized, as objects: which quantizers round weights, and what they are multiplied with."""

from __future__ import annotations

from typing import Any, Literal, Self

from kcore_ops.dtype_policies import QuantizedFloat8DTypePolicy
from kcore_ops.foundation.errors import ArgumentError, MissingMethod

from kcore_layers.serialization.objects import builtin, serialize_keras_object
from kcore_layers.weights import quantizers
from kcore_layers.weights.quantizers import AbsMaxQuantizer, Quantizer

__all__ = ["Float8QuantizationConfig", "Int4QuantizationConfig", "Int8QuantizationConfig", "QuantizationConfig"]

_MODULE = "keras.quantizers"


@builtin(_MODULE)
class QuantizationConfig:
    """Base of what says how weights are quantized: pass one as `config` to `quantize`.

    Args:
        weight_quantizer: quantizer, its name or config, of weights; None, the one that suits each weight.
        activation_quantizer: quantizer, its name or config, of what they are multiplied with, which makes the product
            one of integers; None, that stays as it is.
    """

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: Any = None) -> None:
        self.weight_quantizer = quantizers.get(weight_quantizer)
        self.activation_quantizer = quantizers.get(activation_quantizer)

    @property
    def mode(self) -> str:
        """What weights become: "int8", "int4", "float8", "gptq" or "awq".

        Raises:
            MissingMethod: in this base, which has none.
        """
        raise MissingMethod("QuantizationConfig has no mode", fix="use one of its subclasses, Int8QuantizationConfig")

    def dtype_policy_string(self) -> str:
        """Return what a dtype policy has for it, "int8"."""
        return self.mode

    @classmethod
    def for_policy(cls, policy: Any) -> Self:
        """Return the config of a dtype policy.

        Args:
            policy: dtype policy.
        """
        return cls()

    def without_data(self) -> Self:
        """Return it as a layer keeps it, without data."""
        return self

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {
            "weight_quantizer": serialize_keras_object(self.weight_quantizer),
            "activation_quantizer": serialize_keras_object(self.activation_quantizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> QuantizationConfig:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**config)

    @staticmethod
    def weight_quantizer_or_default(config: QuantizationConfig | None, default: Any) -> Any:
        """Return the quantizer of weights that a config names, or the one to take otherwise.

        Args:
            config: `QuantizationConfig`; None has none.
            default: what is returned if there is no config, or it has none.
        """
        return default if config is None or config.weight_quantizer is None else config.weight_quantizer

    @staticmethod
    def activation_quantizer_or_default(config: QuantizationConfig | None, default: Any) -> Any:
        """Return the quantizer that a config has for what weights are multiplied with, None if it has none.

        Args:
            config: `QuantizationConfig`; None leaves it to `default`.
            default: what is returned if there is no config.
        """
        return default if config is None else config.activation_quantizer


@builtin(_MODULE)
class Int8QuantizationConfig(QuantizationConfig):
    """Weights as int8, one scale for each output.

    Args:
        weight_quantizer: quantizer to int8, its name or config; None is `AbsMaxQuantizer` along the summed axes.
        activation_quantizer: quantizer of what weights are multiplied with, its name or config; "default" is
            `AbsMaxQuantizer`, each time anew (Dettmers et al., 2022, arXiv:2208.07339, section 2.1); None leaves it
            floating.

    Raises:
        ArgumentError: if a quantizer's `output_dtype` is not int8.

    >>> Int8QuantizationConfig().mode
    'int8'
    """

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: Any = "default") -> None:
        super().__init__(
            weight_quantizer, AbsMaxQuantizer() if _is_default(activation_quantizer) else activation_quantizer
        )
        _check_dtype(self)

    @property
    def mode(self) -> Literal["int8"]:
        """What weights become: "int8"."""
        return "int8"


@builtin(_MODULE)
class Int4QuantizationConfig(QuantizationConfig):
    """Weights as integers of 4 bits, two in a byte; blocks of them along the summed axes have a scale of their own.

    Args:
        weight_quantizer: quantizer from -8 to 7, its name or config, of weights without blocks; None is
            `AbsMaxQuantizer`.
        activation_quantizer: quantizer of what weights are multiplied with, its name or config; "default" and None
            leave it floating.
        block_size: int, number of weights in a block; None and -1, one block along the summed axes; 128.

    Raises:
        ArgumentError: if `block_size` is something else, or a quantizer's `output_dtype` is not int8.

    >>> Int4QuantizationConfig(block_size=32).mode
    'int4'
    """

    def __init__(
        self, weight_quantizer: Any = None, activation_quantizer: Any = "default", block_size: int | None = 128
    ) -> None:
        super().__init__(weight_quantizer, None if _is_default(activation_quantizer) else activation_quantizer)
        is_size = hasattr(block_size, "__index__") and not isinstance(block_size, bool)
        if block_size is not None and not (is_size and (block_size == -1 or block_size > 0)):
            raise ArgumentError(f"block_size can not be {block_size!r}", fix="pass a positive integer, or -1").at(
                "Int4QuantizationConfig"
            )
        self.block_size = block_size
        _check_dtype(self)

    @property
    def mode(self) -> Literal["int4"]:
        """What weights become: "int4"."""
        return "int4"

    def dtype_policy_string(self) -> str:
        """Return what a dtype policy has for it, "int4/128": the mode, and the size of a block."""
        return f"int4/{self.block_size or -1}"

    @classmethod
    def for_policy(cls, policy: Any) -> Self:
        """Return the config of a dtype policy.

        Args:
            policy: dtype policy.
        """
        return cls(block_size=getattr(policy, "block_size", None))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "block_size": self.block_size}


@builtin(_MODULE)
class Float8QuantizationConfig(QuantizationConfig):
    """Weights that are trained in products of floats of 8 bits (Micikevicius et al., 2022, arXiv:2209.05433).

    >>> Float8QuantizationConfig().mode
    'float8'
    """

    amax_history_length = QuantizedFloat8DTypePolicy.default_amax_history_length

    def __init__(self) -> None:
        super().__init__()

    @property
    def mode(self) -> Literal["float8"]:
        """What products are computed from: "float8"."""
        return "float8"

    @classmethod
    def for_policy(cls, policy: Any) -> Self:
        """Return the config of a dtype policy.

        Args:
            policy: dtype policy.
        """
        config = cls()
        config.amax_history_length = getattr(policy, "amax_history_length", cls.amax_history_length)
        return config

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it: none."""
        return {}


def _is_default(quantizer: Any) -> bool:
    return isinstance(quantizer, str) and quantizer == "default"


def _check_dtype(config: QuantizationConfig) -> None:
    for name in ("weight_quantizer", "activation_quantizer"):
        quantizer = getattr(config, name)
        if isinstance(quantizer, Quantizer) and quantizer.output_dtype != "int8":
            raise ArgumentError(
                f"{name} gives {quantizer.output_dtype}, and int8 is needed", fix='pass one with output_dtype="int8"'
            ).at(type(config).__name__)
