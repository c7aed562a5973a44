"""How a model was compiled, as `.h5` files say it, and the state of its optimizer: those of Keras 3 and of Keras 2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.stored import Entry
from kcore_layers.serialization.registry import builtin_name, find_named, get_registered_object

__all__ = ["compile_config_of", "match_optimizer", "training_config_of"]

_MODULES = {
    "optimizer": "keras.optimizers",
    "loss": "keras.losses",
    "metrics": "keras.metrics",
    "weighted_metrics": "keras.metrics",
}
# What Keras 3 looks for in each file, and what else it writes.
_EXPECTED = ("loss", "loss_weights", "metrics", "weighted_metrics")
_KNOWN = ("optimizer", *_EXPECTED, "run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss")

# Arguments that optimizers of Keras 2 have and those of Keras 3 have not.
_GONE_OF_OPTIMIZERS = ("jit_compile", "is_legacy_optimizer", "dynamic")
# What Keras 2 calls the numbers that an optimizer keeps for each variable: the names of today, the likelier one first.
_SLOTS = {
    "accum_grad": ("accumulated_grad",),
    "accum_var": ("accumulated_delta_var",),
    "accumulated_delta_var": ("accumulated_delta_var",),
    "accumulated_grad": ("accumulated_grad",),
    "accumulator": ("accumulator",),
    "c": ("column",),
    "r": ("row",),
    "average": ("average",),
    "average_gradient": ("average_gradient",),
    "linear": ("linear",),
    "m": ("momentum",),
    "mg": ("average_gradient",),
    "momentum": ("momentum",),
    "rms": ("velocity",),
    "u": ("norm",),
    "v": ("velocity", "norm"),
    "velocity": ("velocity",),
    "vhat": ("velocity_hat",),
}  # fmt: skip


def training_config_of(config: Mapping[str, Any], optimizer: Any) -> dict[str, Any]:
    """Return the data of `compile` in the form of `.h5` files.

    Args:
        config: dict that a model's `get_compile_config` returned.
        optimizer: the data of the optimizer.
    """
    own = {name: value for name, value in config.items() if name != "optimizer"}
    found = {**dict.fromkeys(_EXPECTED), **own, "optimizer_config": optimizer}
    return {**found, "loss": _with_full_names(found["loss"])}


def _with_full_names(loss: Any) -> Any:
    """Return losses by the full names of their functions; Keras 3 does not find "mse" when it reads such a file."""
    if isinstance(loss, str):
        found = builtin_name(find_named(loss, "keras.losses"))
        return loss if found is None else found[1]
    if isinstance(loss, list | tuple):
        return [_with_full_names(each) for each in loss]
    if isinstance(loss, dict) and "class_name" not in loss:
        return {name: _with_full_names(each) for name, each in loss.items()}
    return loss


def compile_config_of(
    data: Any, is_of_keras_2: bool, keeps_all: bool, output_names: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what `compile_from_config` takes, from what a `.h5` file says of it.

    Args:
        data: what the file says.
        is_of_keras_2: whether Keras 2, or an earlier one, wrote it.
        keeps_all: whether to keep what only the `compile` of another class can make use of.
        output_names: the names of several outputs, with which Keras 2 begins those of their metrics; () by default.

    Raises:
        ArgumentError: if it is not such data.
    """
    if not isinstance(data, dict):
        raise ArgumentError("training_config is not the data of a compiled model", fix="pass compile=False")
    given = {"optimizer" if name == "optimizer_config" else name: value for name, value in data.items()}
    config = {name: value for name, value in given.items() if keeps_all or name in _KNOWN}
    for name, module in _MODULES.items():
        if name in config:
            config[name] = _with_module(config[name], module, is_of_keras_2)
    if is_of_keras_2 and output_names:
        for name in ("metrics", "weighted_metrics"):
            config[name] = _without_prefixes(config.get(name), [f"{each}_" for each in output_names])
    return config


def _with_module(value: Any, module: str, is_of_keras_2: bool) -> Any:
    """Return the data of objects with the modules of their classes."""
    if isinstance(value, str):  # a function's name, which is looked up while it is known where
        return get_registered_object(value) or value
    if isinstance(value, list):
        return [_with_module(each, module, is_of_keras_2) for each in value if each is not None]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {name: _with_module(each, module, is_of_keras_2) for name, each in value.items()}
    found = value if "module" in value else {"module": module, **value}
    if is_of_keras_2 and isinstance(value.get("config"), dict):
        class_name = str(value["class_name"]).removeprefix("Custom>")
        found = {**found, "class_name": class_name, **_TODAY[module](class_name, value["config"])}
    return found


# The forms of Keras 2.


def _optimizer(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in config.items() if name not in _GONE_OF_OPTIMIZERS}
    if "inner_optimizer" in kept:
        inner = _with_module(kept["inner_optimizer"], "keras.optimizers", is_of_keras_2=True)
        return {"class_name": "LossScaleOptimizer", "config": {**kept, "inner_optimizer": inner}}
    if "lr" in kept:
        kept["learning_rate"] = kept.pop("lr")
    rate, decay = kept.get("learning_rate"), kept.pop("decay", 0.0)
    if isinstance(rate, dict) and isinstance(rate.get("config"), dict):
        own = {name: value for name, value in rate["config"].items() if (name, value) != ("name", None)}
        kept["learning_rate"] = {"module": "keras.optimizers.schedules", **rate, "config": own}
    elif decay and class_name == "Nadam":
        raise ArgumentError(
            f"this Nadam of Keras 2 changes its momentum by decay={decay}, which that of Keras 3 does not",
            fix="pass compile=False, and compile the model anew",
        )
    elif decay:
        kept["learning_rate"] = {
            "module": "keras.optimizers.schedules",
            "class_name": "InverseTimeDecay",
            "config": {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay},
        }
    return {"config": kept}


def _loss(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in config.items() if name != "fn"}
    if kept.get("reduction") == "auto":
        kept["reduction"] = "sum_over_batch_size"
    return {"config": kept}


def _metric(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    function = config.get("fn")
    if class_name == "MeanMetricWrapper" and isinstance(function, str):
        return {"config": {**config, "fn": {"class_name": "function", "config": function}}}
    return {"config": {name: value for name, value in config.items() if name != "fn"}}


def _without_prefixes(value: Any, prefixes: list[str]) -> Any:
    """Return the data of metrics with their own names, without those of the outputs."""
    if isinstance(value, list):
        return [_without_prefixes(each, prefixes) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _without_prefixes(each, prefixes) for key, each in value.items()}
    config = value.get("config")
    for prefix in prefixes:
        if isinstance(config, dict) and str(config.get("name")).startswith(prefix):
            found["config"] = {**config, "name": config["name"].removeprefix(prefix)}
    return found


_TODAY = {"keras.optimizers": _optimizer, "keras.losses": _loss, "keras.metrics": _metric}


# The optimizer's state.


def match_optimizer(
    variables: list[Variable], entries: Mapping[str, Entry], is_of_keras_2: bool
) -> list[tuple[Variable, Entry]]:
    """Return the variables of an optimizer, each with its entry in a file.

    Args:
        variables: the optimizer's variables, in order.
        entries: the file's by name, in order.
        is_of_keras_2: whether Keras 2, or an earlier one, wrote it.

    Raises:
        ArgumentError: if they do not fit.
    """
    if is_of_keras_2:
        return _match_by_slots(variables, entries)
    was_built = any(entry.shape for entry in entries.values())
    if len(variables) < len(entries) or (was_built and len(variables) != len(entries)):
        raise ArgumentError(f"{len(entries)} variables in the file, {len(variables)} of the optimizer")
    return list(zip(variables, entries.values(), strict=False))


def _match_by_slots(variables: list[Variable], entries: Mapping[str, Entry]) -> list[tuple[Variable, Entry]]:
    """Match the state of an optimizer of Keras 2, which names what it keeps in other words, and in another order."""
    found: list[tuple[Variable, Entry]] = []
    by_word: dict[str, list[Entry]] = {}
    split_names = {name: re.sub(r":\d+$", "", name).split("/") for name in entries}
    ends_with_slot = any(parts[-1] == "iter" for parts in split_names.values())  # the optimizers before release 2.11
    for name, entry in entries.items():
        first, *rest = split_names[name]
        if (rest or [first])[-1] in ("iteration", "iter"):
            found += [(v, entry) for v in variables if v.path.endswith("/iteration")]
        elif rest:
            word = rest[-1] if ends_with_slot else first if first in _SLOTS else rest[0]
            by_word.setdefault(word, []).append(entry)
    wanted = {id(v) for v in variables if v.shape or v.path.endswith("/product")}  # which Keras 2 did not write
    for word, own in by_word.items():
        slots = [_of_slot(variables, slot, own) for slot in _SLOTS.get(word, ())]
        fitting = next((each for each in slots if each), [])
        if len(fitting) == len(own):
            found += zip(fitting, own, strict=True)
        elif fitting or word != "m":  # which SGD keeps without a momentum, too
            raise ArgumentError(f"{len(own)} variables {word!r} in the file, {len(fitting)} of the optimizer")
    missing = wanted - {id(v) for v, _ in found}
    if missing:
        raise ArgumentError(f"{len(missing)} of {len(variables)} variables of the optimizer are missing in the file")
    return found


def _of_slot(variables: list[Variable], slot: str, own: list[Entry]) -> list[Variable]:
    """Return the variables of a slot, without those that only keep a place, if the file has none of them."""
    every = [v for v in variables if v.path.endswith(f"_{slot}")]
    return every if len(every) == len(own) else [v for v in every if v.shape]
