"""Everything there is that has a config, made with arguments, and inputs for it: for tests of what must hold for all.

Layers that take tensors alone are in layer_cases.py.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import kcore
from layer_cases import CASES, SEQUENCE, SLOW_CASES, drawn, inputs_of

# Those with more options, and those whose call takes something else: a function that makes the layer, and one that
# gives what it is called with.
MORE_LAYERS: dict[str, tuple[Any, Any]] = {
    "Dense": (lambda **k: kcore.layers.Dense(3, "relu", kernel_regularizer="l2", **k), lambda: [drawn(SEQUENCE)]),
    "GRU with dropout": (lambda **k: kcore.layers.GRU(2, dropout=0.5, seed=1, **k), lambda: [drawn(SEQUENCE)]),
    "GRUCell": (lambda **k: kcore.layers.GRUCell(2, **k), lambda: [drawn((3, 4)), drawn((3, 2))]),
    "GroupQueryAttention": (lambda **k: kcore.layers.GroupQueryAttention(2, 4, 2, **k), lambda: [drawn(SEQUENCE)] * 2),
    "LSTMCell": (lambda **k: kcore.layers.LSTMCell(2, **k), lambda: [drawn((3, 4)), [drawn((3, 2))] * 2]),
    "MultiHeadAttention": (
        lambda **k: kcore.layers.MultiHeadAttention(2, 2, dropout=0.5, seed=1, **k), lambda: [drawn(SEQUENCE)] * 2,
    ),
    "RNN of several cells": (
        lambda **k: kcore.layers.RNN([kcore.layers.SimpleRNNCell(2), kcore.layers.GRUCell(3)], **k),
        lambda: [drawn(SEQUENCE)],
    ),
    "SimpleRNNCell": (lambda **k: kcore.layers.SimpleRNNCell(2, **k), lambda: [drawn((3, 4)), drawn((3, 2))]),
    "StackedRNNCells": (
        lambda **k: kcore.layers.StackedRNNCells([kcore.layers.GRUCell(2), kcore.layers.GRUCell(3)], **k),
        lambda: [drawn((3, 4)), [drawn((3, 2)), drawn((3, 3))]],
    ),
}  # fmt: skip
# Bases, a class of specs, and those that hold what no file can: code of a framework.
NOT_LAYERS = ("FlaxLayer", "InputLayer", "InputSpec", "JaxLayer", "Layer", "TFSMLayer", "TorchModuleWrapper", "Wrapper")

_OPTIMIZER = {"learning_rate": 0.5, "weight_decay": 0.25, "name": "mine"}
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "OneHotMeanIoU": {"num_classes": 2},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "CosineDecay": {"initial_learning_rate": 0.5, "decay_steps": 10, "warmup_target": 1.0, "warmup_steps": 2},
    "CosineDecayRestarts": {"initial_learning_rate": 0.5, "first_decay_steps": 3},
    "ExponentialDecay": {"initial_learning_rate": 0.5, "decay_steps": 3, "decay_rate": 0.5, "staircase": True},
    "InverseTimeDecay": {"initial_learning_rate": 0.5, "decay_steps": 3, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [1, 2], "values": [3.0, 2.0, 1.0]},
    "PolynomialDecay": {"initial_learning_rate": 0.5, "decay_steps": 3, "power": 2.0},
    "Huber": {"delta": 2.0},
    "BinaryCrossentropy": {"label_smoothing": 0.125},
    "MaxNorm": {"max_value": 0.5},
    "MinMaxNorm": {"min_value": 0.25, "rate": 0.5},
    "L1L2": {"l1": 0.5, "l2": 0.25},
    "Constant": {"value": 3.0},
    "RandomNormal": {"stddev": 0.5},
    "Identity": {"gain": 2.0},
}
_BASES = (
    "Constraint",
    "Initializer",
    "LearningRateSchedule",
    "Loss",
    "Metric",
    "Optimizer",
    "RandomInitializer",
    "Regularizer",
)


def layers_and_arguments() -> dict[str, tuple[Any, Any]]:
    """Give for each layer a function that makes it and one that gives what it is called with."""
    cases = CASES | SLOW_CASES
    plain = {name: (make, lambda shape=shape: [inputs_of(shape)]) for name, (make, shape, _) in cases.items()}
    return {**plain, **MORE_LAYERS}


def classes_in(module: Any) -> dict[str, type]:
    """Return the classes of a module of `kcore`, each once, without bases and wrappers of functions."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    found = [value for name in names if isinstance(value := getattr(module, name), type)]
    return {cls.__name__: cls for cls in found if cls.__name__ not in (*_BASES, "FunctionLoss", "MeanMetricWrapper")}


def _map() -> Any:
    optimizers = kcore.optimizers
    return optimizers.OptimizerMap(optimizers.SGD(0.1), {"variable.*": optimizers.Adam(**_OPTIMIZER)})


# Optimizers that hold others, and what holds them.
_OF_OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "LossScaleOptimizer": lambda: kcore.optimizers.LossScaleOptimizer(kcore.optimizers.Adam(**_OPTIMIZER), 8.0),
    "MultiOptimizer": lambda: kcore.optimizers.MultiOptimizer(_map()),
    "OptimizerMap": _map,
}


def others() -> dict[str, Any]:
    """Give for each class beside layers a function that makes an instance."""
    kinds = ("losses", "metrics", "optimizers", "initializers", "regularizers", "constraints")
    modules = {kind: getattr(kcore, kind) for kind in kinds} | {"schedules": kcore.optimizers.schedules}
    found: dict[str, Any] = {}
    for kind, module in modules.items():
        for name, cls in classes_in(module).items():
            if name in _OF_OPTIMIZERS:
                found[f"{kind}.{name}"] = _OF_OPTIMIZERS[name]
                continue
            given = _ARGUMENTS.get(cls.__name__, _OPTIMIZER if kind == "optimizers" else {})
            if "seed" in inspect.signature(cls).parameters:
                given = {**given, "seed": 3}
            found[f"{kind}.{name}"] = functools.partial(cls, **given)
    return found
