"""`Quantizable`: layers whose weight can be kept as, or multiplied in, few bits."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import kcore_ops as ops
from kcore_ops import Variable, dtype_policies
from kcore_ops.backends.current import on
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.serialization.objects import resolve
from kcore_layers.serialization.registry import original_class
from kcore_layers.weights.awq import AWQWeight
from kcore_layers.weights.calibrated_config import AWQConfig, CalibratedConfig, GPTQConfig
from kcore_layers.weights.float8_weight import Float8Weight
from kcore_layers.weights.gptq import GPTQWeight
from kcore_layers.weights.int4 import Int4Weight
from kcore_layers.weights.low_rank import LowRank
from kcore_layers.weights.observed import Observed
from kcore_layers.weights.quantization_config import (
    Float8QuantizationConfig,
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)
from kcore_layers.weights.quantized import Int8Weight, Layout, QuantizedWeight
from kcore_layers.weights.replaceable import Adaptable
from kcore_layers.weights.weight_object import value_of

__all__ = ["Quantizable", "config_of_mode"]


class _Mode(NamedTuple):
    """What there is of a mode.

    Attributes:
        config: the class of its configs.
        weight: the class of weights.
    """

    config: type[QuantizationConfig]
    weight: type[QuantizedWeight] | type[Float8Weight]


_MODES = {
    "int8": _Mode(Int8QuantizationConfig, Int8Weight),
    "int4": _Mode(Int4QuantizationConfig, Int4Weight),
    "float8": _Mode(Float8QuantizationConfig, Float8Weight),
    "gptq": _Mode(GPTQConfig, GPTQWeight),
    "awq": _Mode(AWQConfig, AWQWeight),
}


class Quantizable(Adaptable):
    """Base of layers whose weight can be kept as integers of few bits, or multiplied as floats of 8.

    Attributes:
        other_weights: the names of what else the layer has, in the order of files.
        modes: what its weights can be kept as.
        quantization_config: how its weights are, or are to be, rounded; None, the mode's own way.
    """

    other_weights: ClassVar[tuple[str, ...]] = ("bias",)
    modes: ClassVar[tuple[str, ...]] = tuple(_MODES)
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
            self._check_mode(policy.quantization_mode)
            default = _MODES[policy.quantization_mode].config.for_policy(policy)
            config = self.quantization_config
            self._quantize(default if config is None or config.mode != default.mode else config)
        super()._kcore_after_build()

    def quantize(
        self, mode: str | None = None, type_check: bool = True, config: QuantizationConfig | None = None
    ) -> None:
        """Keep the weight as integers of few bits from now on; its numbers are rounded, and are trained no more.

        What is multiplied with int8 is rounded too, each time, so that the product is one of integers; gradients pass
        as if it were not (Bengio et al., 2013, arXiv:1308.3432). With "float8" the weight stays as it is and is trained
        on: rounded to floats of 8 bits are it, its inputs and their gradients in each product. The scales that fit them
        into so few bits are variables of the layer, which follow the largest numbers of the latest steps of training.

        Args:
            mode: str, "int8", "int4", "float8", "gptq" or "awq"; None, the default, is what `config` says.
            type_check: bool, of no effect: subclasses of a layer that can be quantized can be too; True by default.
            config: `quantizers.QuantizationConfig`, how the weight is rounded; None, the default, is the mode's own.
                Those of "gptq" and "awq" have data for models: a layer alone is rounded to the nearest.

        Raises:
            ArgumentError: if there is no such mode of the layer, or "gptq" or "awq" has no config; if the layer is not
                built, or is quantized already.
        """
        config = config_of_mode(mode, config if config is not None or mode is not None else self.quantization_config)
        self._check_mode(config.mode)
        self.check_quantizable()
        source = self.dtype_policy.for_path(self.path).name
        self._quantize(config)
        self.dtype_policy = dtype_policies.get(f"{config.dtype_policy_string()}_from_{source}")
        self.quantization_config = config.without_data()

    def _check_mode(self, mode: str) -> None:
        if mode not in self.modes:
            name = original_class(type(self)).__name__
            raise ArgumentError(f"{name} has no mode {mode!r}", fix=f"use one of {', '.join(self.modes)}").at(
                f'layer "{self.name}"'
            )

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
        held = getattr(self, name)
        inner = held.weight if isinstance(held, LowRank) else held
        variable = inner.weight if isinstance(inner, Observed) else inner
        weight = _MODES[config.mode].weight.as_configured(name, self.weight_layout(name), config)
        with on(self._kcore_backend), self._kcore_backend.outside_graphs():
            if isinstance(inner, Observed) and isinstance(weight, QuantizedWeight):
                values = weight.parts_for_observed(value_of(variable), inner)
            else:
                values = weight.parts_for(value_of(variable))
            shared = {part: self.__dict__[part] for part in values if part == "g_idx" and part in self.__dict__}
            if weight.is_trained:
                shared = {name: variable}
                of_state: dict[str, Any] = {"dtype": "float32", "autocast": False, "overwrite_with_gradient": True}
                options = dict.fromkeys(values, of_state)
            else:
                scale = f"{name}_scale"
                options = {part: {"dtype": self.part_dtype(part, value), "autocast": False, "trainable": False}
                           for part, value in values.items()}  # fmt: skip
                options[scale] = {"dtype": None, "autocast": variable.autocast, "trainable": False}
            variables = shared | {
                part: self.add_weight(tuple(value.shape), ops.convert_to_numpy(value), name=part, **options[part])
                for part, value in values.items()
                if part not in shared
            }
        weight.hold(variables)
        if not weight.is_trained:
            self._kcore_set_untracked("_kcore_frozen_variables", ())
        self.replace_weight(name, LowRank(weight, held.a, held.b, held.factor) if isinstance(held, LowRank) else weight)

    @property
    def variable_serialization_spec(self) -> dict[str | None, list[str]]:
        """The names of the variables that a file holds, in its order, by what weights are kept as."""
        name, others = self.weight_name, self.other_weights
        spec: dict[str | None, list[str]] = {None: [name, *others]}
        return spec | {mode: _MODES[mode].weight.names_in_files(name, others) for mode in self.modes}

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
    if mode is not None and mode not in _MODES:
        raise ArgumentError(f"there is no mode {mode!r}", fix=f"use one of {', '.join(_MODES)}").at("quantize")
    if config is None:
        made = _MODES[mode].config
        if issubclass(made, CalibratedConfig):
            raise ArgumentError(f"mode {mode!r} has no config", fix=f"pass config={made.__name__}(...)").at("quantize")
        return made()
    if mode is not None and mode != config.mode:
        raise ArgumentError(f"mode is {mode!r}, and that of config is {config.mode!r}", fix="leave out mode").at(
            "quantize"
        )
    if config.mode not in _MODES:
        raise ArgumentError(f"there is no mode {config.mode!r}", fix=f"use one of {', '.join(_MODES)}").at("quantize")
    return config
