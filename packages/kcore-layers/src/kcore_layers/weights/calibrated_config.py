"""How weights are quantized by what they are multiplied with, as objects: which data shows that, and how many bits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, Self

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.serialization.objects import builtin
from kcore_layers.weights.quantization_config import QuantizationConfig

__all__ = ["AWQConfig", "GPTQConfig"]

_MODULE = "keras.quantizers"


class CalibratedConfig(QuantizationConfig):
    """Base of those that need data.

    Args:
        dataset: iterable of texts or of sequences of token ids.
        tokenizer: what makes token ids of a text.
        numbers: dict of the other arguments, as `get_config` has them.
        structure: dict of lists of layers.
    """

    _bits: ClassVar[tuple[int, ...]] = (4,)
    weight_bits: int
    num_samples: int
    sequence_length: int
    group_size: int

    def __init__(self, dataset: Any, tokenizer: Any, numbers: Mapping[str, Any], structure: Any) -> None:
        super().__init__()
        self.dataset, self.tokenizer = dataset, tokenizer
        self.quantization_layer_structure = structure
        self._numbers = dict(numbers)
        place = type(self).__name__
        if numbers["weight_bits"] not in self._bits:
            allowed = " or ".join(map(str, self._bits))
            raise ArgumentError(f"weight_bits can not be {numbers['weight_bits']!r}", fix=f"pass {allowed}").at(place)
        for name in ("num_samples", "sequence_length", "group_size", "num_grid_points"):
            value, or_all = numbers.get(name, 1), name == "group_size"
            is_size = hasattr(value, "__index__") and not isinstance(value, bool)
            if not is_size or not (value > 0 or (or_all and value == -1)):
                fix = f"pass a positive integer{', or -1' if or_all else ''}"
                raise ArgumentError(f"{name} can not be {value!r}", fix=fix).at(place)
        for name, value in numbers.items():
            setattr(self, name, value)

    def dtype_policy_string(self) -> str:
        """Return what a dtype policy has for it, "gptq/4/128": the mode, the bits of a weight, the size of a group."""
        return f"{self.mode}/{self._numbers['weight_bits']}/{self._numbers['group_size']}"

    @classmethod
    def for_policy(cls, policy: Any) -> Self:
        """Return the config, without data, of a dtype policy.

        Args:
            policy: dtype policy.
        """
        arguments: dict[str, Any] = {"weight_bits": policy.weight_bits, "group_size": policy.group_size}
        return cls(None, None, **arguments)

    def without_data(self) -> Self:
        """Return one like it that has no data, tokenizer and layers, which a layer keeps."""
        return type(self).from_config(self.get_config())  # type: ignore[return-value]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it, without data, tokenizer and layers, which are None."""
        return {"dataset": None, "tokenizer": None, **self._numbers, "quantization_layer_structure": None}


@builtin(_MODULE)
class GPTQConfig(CalibratedConfig):
    """Weights of few bits, rounded one row after another, where later rows make up for the errors of earlier ones.

    Pass it to `Model.quantize`. A layer on its own has no data, and is rounded to the nearest (Frantar et al., 2023,
    arXiv:2210.17323).

    Args:
        dataset: iterable of texts, or of sequences of token ids: what the model is calibrated with, one long text of
            which `num_samples` pieces are taken at even distances; None for a layer.
        tokenizer: object whose method `tokenize`, or function that, takes a text and returns token ids; None if
            `dataset` has token ids.
        weight_bits: int, the number of bits of a weight: 2, 3, 4 or 8; two of 4 bits share a byte, others have one
            each; 4.
        num_samples: int, the number of pieces; 128.
        per_channel: bool, whether each output has a scale of its own; True.
        sequence_length: int, the number of tokens in a piece; 512.
        hessian_damping: float from 0 to 1, what is added to the diagonal of the Hessian, as a fraction of its mean;
            0.01.
        group_size: int, the number of weights of an output that share a scale; -1 for all; 128.
        symmetric: bool, whether the zero point is in the middle; False.
        activation_order: bool, whether rows are rounded in the order of how much the inputs vary, most first; False.
        quantization_layer_structure: dict, "pre_block_layers": list of layers, which follow one another from token ids
            on, and "sequential_blocks": list of layers that follow, inside which layers are quantized; None, what the
            model's `get_quantization_layer_structure` returns.

    Raises:
        ArgumentError: if an argument is none of these.

    >>> GPTQConfig(["some text"], str.encode, weight_bits=3, group_size=64).dtype_policy_string()
    'gptq/3/64'
    """

    _bits = (2, 3, 4, 8)
    per_channel: bool
    hessian_damping: float
    symmetric: bool
    activation_order: bool

    def __init__(
        self,
        dataset: Iterable[Any] | None,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        per_channel: bool = True,
        sequence_length: int = 512,
        hessian_damping: float = 0.01,
        group_size: int = 128,
        symmetric: bool = False,
        activation_order: bool = False,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        numbers = {
            "weight_bits": weight_bits,
            "num_samples": num_samples,
            "per_channel": per_channel,
            "sequence_length": sequence_length,
            "hessian_damping": hessian_damping,
            "group_size": group_size,
            "symmetric": symmetric,
            "activation_order": activation_order,
        }
        super().__init__(dataset, tokenizer, numbers, quantization_layer_structure)
        if not 0 <= hessian_damping <= 1:
            raise ArgumentError(f"hessian_damping can not be {hessian_damping!r}", fix="pass one from 0 to 1").at(
                "GPTQConfig"
            )

    @property
    def mode(self) -> Literal["gptq"]:
        """What weights become: "gptq"."""
        return "gptq"


@builtin(_MODULE)
class AWQConfig(CalibratedConfig):
    """Weights of 4 bits, made larger before they are rounded where what they are multiplied with is large.

    Pass it to `Model.quantize`. A layer on its own has no data, and is rounded to the nearest (Lin et al., 2023,
    arXiv:2306.00978).

    Args:
        dataset: iterable of texts, or of sequences of token ids: what the model is calibrated with, one long text of
            which `num_samples` pieces are taken at even distances; None for a layer.
        tokenizer: object whose method `tokenize`, or function that, takes a text and returns token ids; None if
            `dataset` has token ids.
        weight_bits: int, the number of bits of a weight; 4, and no other.
        num_samples: int, the number of pieces; 128.
        sequence_length: int, the number of tokens in a piece; 512.
        group_size: int, the number of weights of an output that share a scale; -1 for all; 128.
        num_grid_points: int, the number of exponents that are tried; 20.
        quantization_layer_structure: dict, "pre_block_layers": list of layers, which follow one another from token ids
            on, and "sequential_blocks": list of layers that follow, inside which layers are quantized; None, what the
            model's `get_quantization_layer_structure` returns.

    Raises:
        ArgumentError: if an argument is none of these.

    >>> AWQConfig(["some text"], str.encode, group_size=64).dtype_policy_string()
    'awq/4/64'
    """

    num_grid_points: int

    def __init__(
        self,
        dataset: Iterable[Any] | None,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        sequence_length: int = 512,
        group_size: int = 128,
        num_grid_points: int = 20,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        numbers = {
            "weight_bits": weight_bits,
            "num_samples": num_samples,
            "sequence_length": sequence_length,
            "group_size": group_size,
            "num_grid_points": num_grid_points,
        }
        super().__init__(dataset, tokenizer, numbers, quantization_layer_structure)

    @property
    def mode(self) -> Literal["awq"]:
        """What weights become: "awq"."""
        return "awq"
