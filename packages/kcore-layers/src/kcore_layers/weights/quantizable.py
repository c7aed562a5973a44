"""`Quantizable`: layers whose weight can be kept as integers of few bits."""

from __future__ import annotations

from typing import Any, ClassVar

import kcore_ops as ops
from kcore_ops import Variable, dtype_policies
from kcore_ops.backends.current import on
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.serialization.objects import resolve
from kcore_layers.weights.int4 import Int4Weight
from kcore_layers.weights.low_rank import LowRank
from kcore_layers.weights.quantization_config import (
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)
from kcore_layers.weights.quantized import Int8Weight, Layout
from kcore_layers.weights.quantizers import AbsMaxQuantizer
from kcore_layers.weights.replaceable import Adaptable
from kcore_layers.weights.weight_object import value_of

__all__ = ["Quantizable", "config_of_mode"]

_CONFIGS: dict[str, Any] = {"int8": Int8QuantizationConfig, "int4": Int4QuantizationConfig}
_PARTS = {"int8": ("scale",), "int4": ("scale", "zero")}


class Quantizable(Adaptable):
    """Base of layers whose weight can be kept as integers of few bits.

    Attributes:
        other_weights: the names of what else the layer has, in the order of files.
        quantization_config: how its weights are, or are to be, rounded; None, the mode's own way.
    """

    other_weights: ClassVar[tuple[str, ...]] = ("bias",)
    quantization_config: QuantizationConfig | None = None

    def weight_layout(self, name: str) -> Layout:
        """Return how a weight lies in the variables that it is kept in.

        Args:
            name: the name of the weight's attribute.
        """
        raise NotImplementedError

    def quantized_weights(self) -> tuple[str, ...]:
        """Return the names of the weights that are quantized."""
        return (self.weight_name,)

    def part_dtype(self, part: str, value: Tensor) -> str:
        """Return the dtype of a variable that a weight is kept in; that of a scale is the layer's.

        Args:
            part: the name of the variable.
            value: tensor, its value.
        """
        return str(ops.dtype(value))

    def set_quantization(self, config: Any) -> None:
        """Set how weights are rounded, if the dtype policy, or `quantize`, has them rounded.

        Args:
            config: `QuantizationConfig`, its config or name; None, the mode's own way.
        """
        self.quantization_config = resolve(config, "quantization config", "keras.quantizers", accepts=_is_config)

    def _kcore_after_build(self) -> None:
        policy = self.dtype_policy.for_path(self.path)
        # It is called once more after a symbolic call; and a subclass may build something else.
        if policy.quantization_mode is not None and isinstance(getattr(self, self.weight_name, None), Variable):
            default = _config_of_policy(policy)
            config = self.quantization_config
            self._quantize(default if config is None or config.mode != default.mode else config)
        super()._kcore_after_build()

    def quantize(
        self, mode: str | None = None, type_check: bool = True, config: QuantizationConfig | None = None
    ) -> None:
        """Keep the weight as integers of few bits from now on; its numbers are rounded, and are trained no more.

        What is multiplied with int8 is rounded too, each time, so that the product is one of integers; gradients pass
        as if it were not (Bengio et al., 2013, arXiv:1308.3432).

        Args:
            mode: str, "int8" or "int4"; None, the default, is what `config` says.
            type_check: bool, of no effect: subclasses of a layer that can be quantized can be too; True by default.
            config: `quantizers.QuantizationConfig`, how the weight is rounded; None, the default, is the mode's own.

        Raises:
            ArgumentError: if there is no such mode, the layer is not built, or is quantized already.
        """
        config = config_of_mode(mode, config if config is not None or mode is not None else self.quantization_config)
        self.check_quantizable()
        source = self.dtype_policy.for_path(self.path).name
        self._quantize(config)
        self.dtype_policy = _policy_of_config(config, source)
        self.quantization_config = config

    def check_quantizable(self) -> None:
        """Raise if the layer is not built, or quantized already.

        Raises:
            ArgumentError: if so.
        """
        place = f'layer "{self.name}"'
        if not self.built:
            fix = "call it once, or call build, before"
            raise ArgumentError("it is not built: there is no weight to quantize yet", fix=fix).at(place)
        if self.quantization_mode is not None:
            raise ArgumentError(
                f"it is quantized already: its policy is {self.dtype_policy.name!r}", fix="quantize once"
            ).at(place)

    def _quantize(self, config: QuantizationConfig) -> None:
        for name in self.quantized_weights():
            self._quantize_weight(name, config)

    def _quantize_weight(self, name: str, config: QuantizationConfig) -> None:
        held, layout = getattr(self, name), self.weight_layout(name)
        variable = held.weight if isinstance(held, LowRank) else held
        block_size = getattr(config, "block_size", None) if config.mode == "int4" else None
        block_size = None if block_size == -1 else block_size
        layout = layout if config.mode == "int8" else layout.by_columns
        value_range = (-127, 127) if config.mode == "int8" else (-8, 7)
        quantizer = config.weight_quantizer_or_default(config, AbsMaxQuantizer(value_range=value_range))
        with on(self._kcore_backend), self._kcore_backend.outside_graphs():
            if config.mode == "int8":
                values = Int8Weight.rounded(name, value_of(variable), layout, quantizer)
            else:
                values = Int4Weight.rounded(name, value_of(variable), layout, quantizer, block_size)
            shared = {part: self.__dict__[part] for part in values if part == "g_idx" and part in self.__dict__}
            variables = shared | {
                part: self.add_weight(
                    tuple(value.shape),
                    ops.convert_to_numpy(value),
                    None if part == f"{name}_scale" else self.part_dtype(part, value),
                    trainable=False,
                    autocast=variable.autocast and part == f"{name}_scale",
                    name=part,
                )
                for part, value in values.items()
                if part not in shared
            }
        activation_quantizer = config.activation_quantizer
        weight: Any
        if config.mode == "int8":
            weight = Int8Weight(name, variables, layout, quantizer, activation_quantizer)
        else:
            weight = Int4Weight(name, variables, layout, quantizer, activation_quantizer, block_size)
        self._kcore_set_untracked("_kcore_frozen_variables", ())
        self.replace_weight(name, LowRank(weight, held.a, held.b, held.factor) if isinstance(held, LowRank) else weight)

    @property
    def variable_serialization_spec(self) -> dict[str | None, list[str]]:
        """The names of the variables that a file holds, in its order, by what weights are kept as."""
        spec: dict[str | None, list[str]] = {None: [self.weight_name, *self.other_weights]}
        for mode, parts in _PARTS.items():
            spec[mode] = [*spec[None], *(f"{self.weight_name}_{part}" for part in parts)]
        spec["int4"].append("g_idx")
        return spec

    def _config_of_adapter(self) -> dict[str, Any]:
        config = super()._config_of_adapter()
        if self.quantization_config is not None:
            serialize = self.quantization_config.get_config
            name = type(self.quantization_config).__name__
            config["quantization_config"] = {
                "module": "keras.quantizers", "class_name": name, "config": serialize(), "registered_name": None,
            }  # fmt: skip
        return config


def _is_config(found: Any) -> bool:
    return isinstance(found, QuantizationConfig)


def config_of_mode(mode: Any, config: Any) -> QuantizationConfig:
    """Return how weights are to be rounded.

    Args:
        mode: str, what they become; None, what `config` says.
        config: `QuantizationConfig`; None, the mode's own way.

    Raises:
        ArgumentError: if both are None or say different things, or there is no such mode.
    """
    if config is not None and not isinstance(config, QuantizationConfig):
        raise ArgumentError(f"config can not be {config!r}", fix="pass a QuantizationConfig").at("quantize")
    if mode is None and config is None:
        raise ArgumentError("neither mode nor config was given", fix='pass mode="int8"').at("quantize")
    if mode is not None and mode not in _CONFIGS:
        raise ArgumentError(f"there is no mode {mode!r}", fix=f"use one of {', '.join(_CONFIGS)}").at("quantize")
    if config is None:
        made: QuantizationConfig = _CONFIGS[mode]()
        return made
    if mode is not None and mode != config.mode:
        raise ArgumentError(f"mode is {mode!r}, and that of config is {config.mode!r}", fix="leave out mode").at(
            "quantize"
        )
    if config.mode not in _CONFIGS:
        raise ArgumentError(f"there is no mode {config.mode!r}", fix=f"use one of {', '.join(_CONFIGS)}").at("quantize")
    return config


def _config_of_policy(policy: Any) -> QuantizationConfig:
    if policy.quantization_mode == "int4":
        return Int4QuantizationConfig(block_size=getattr(policy, "block_size", None))
    return Int8QuantizationConfig()


def _policy_of_config(config: QuantizationConfig, source: str) -> dtype_policies.QuantizedDTypePolicy:
    if isinstance(config, Int4QuantizationConfig):
        return dtype_policies.Int4DTypePolicy(f"int4/{config.block_size or -1}", source)
    return dtype_policies.QuantizedDTypePolicy(config.mode, source)
