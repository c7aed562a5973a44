"""`JaxLayer`: a pure function of parameters and inputs as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import tree
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.engine.inference import is_inferring
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.random import SeedGenerator
from kcore_ops.specs.spec import is_unknown

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin, original_class

__all__ = ["JaxLayer"]

_CALL_ARGUMENTS = ("params", "state", "rng", "inputs", "training")


@builtin("keras.layers")
class JaxLayer(Layer):
    """Use a JAX function as a layer, with its parameters and its state as the layer's weights.

    The function's parameters say what it is given: `params`, a tree of arrays that train; `state`, one of arrays that
    do not; `rng`, a random key, another one at each call; `inputs`; and `training`. It returns the outputs; with
    `state`, a pair of them and the new state. Trees are nested lists, tuples and dicts.

    Shapes: those of the function.

    Args:
        call_fn: function of `inputs` and of what else it needs.
        init_fn: function of `rng`, `inputs` and perhaps `training` that returns the first parameters; a pair of
            parameters and state if `call_fn` takes `state`. None if `params` or `state` are given, or neither is taken.
        params: tree of arrays, the first parameters; None asks `init_fn`.
        state: tree of arrays, the first state; None asks `init_fn`.
        seed: int, the seed of the random keys; None draws one.
        native_serialization_platforms: list of strings, kept for configs, without effect; None.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `call_fn` takes other arguments, or there is nothing to begin with, or the backend has no
            random keys as JAX has them.
    """

    params: Any
    state: Any
    _takes: tuple[str, ...]

    def __init__(
        self,
        call_fn: Callable[..., Any],
        init_fn: Callable[..., Any] | None = None,
        params: Tree = None,
        state: Tree = None,
        seed: int | None = None,
        native_serialization_platforms: Sequence[str] | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        try:
            self._kcore_backend.native_key(np.zeros(2, "uint32"))
        except NotImplementedError:
            name = original_class(type(self)).__name__
            raise ArgumentError(
                f"{name} runs JAX functions, and the current backend is {self._kcore_backend.name}",
                fix="make the layer on the backend built on JAX, in `with use_backend(...):`",
            ).at(name) from None
        self.call_fn = call_fn
        self.init_fn = init_fn
        self.native_serialization_platforms = native_serialization_platforms
        self.seed_generator = SeedGenerator(seed)
        self._kcore_set_untracked("_takes", _kcore_arguments(call_fn, _CALL_ARGUMENTS, "call_fn", ("inputs",)))
        if init_fn is not None:
            _kcore_arguments(init_fn, ("rng", "inputs", "training"), "init_fn", ("rng", "inputs"))
        elif params is None and state is None and {"params", "state"} & set(self._takes):
            raise ArgumentError(
                "call_fn takes params or state, and there is no init_fn, params or state to begin with",
                fix="pass init_fn=, or params= and state=",
            ).at("JaxLayer")
        self._kcore_set_untracked("params", None)
        self._kcore_set_untracked("state", None)
        if params is not None or state is not None:
            self._hold(params, state)

    def _hold(self, params: Any, state: Any) -> None:
        """Make variables of the first parameters and state."""

        def variable(value: Any, trainable: bool) -> Any:
            dtype = self._kcore_backend.dtype(ops.convert_to_tensor(value))
            trains = trainable and is_float_dtype(dtype)
            return self.add_weight(
                tuple(np.shape(value)), lambda shape, dtype=None: value, dtype, trainable=trains, autocast=False
            )

        if params is not None:
            self._kcore_set_untracked("params", tree.map_structure(lambda value: variable(value, True), params))
        if state is not None:
            self._kcore_set_untracked("state", tree.map_structure(lambda value: variable(value, False), state))
        for name in ("params", "state"):
            for i, each in enumerate(tree.flatten(getattr(self, name))):
                if each is not None:
                    each.rename(f"{name}_{i}")

    def build(self, input_shape: Shape) -> None:
        """Ask `init_fn` for the first parameters, with inputs of zeros.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        if self.init_fn is None or self.params is not None or self.state is not None:
            return
        with self._kcore_backend.outside_graphs():
            inputs = _zeros(input_shape, self.compute_dtype)
            arguments = {"rng": self._key(), "inputs": inputs, "training": True}
            names = inspect.signature(self.init_fn).parameters
            made = self.init_fn(**{name: arguments[name] for name in names if name in arguments})
            params, state = made if "state" in self._takes else (made, None)
            self._hold(params, state)

    def _key(self) -> Any:
        return self._kcore_backend.native_key(self.seed_generator.next())

    def call(self, inputs: Tree, training: bool | None = False) -> Tree:
        """Return the outputs of the function, and keep the new state.

        Args:
            inputs: tensor, or a tree of them, as the function takes it.
            training: bool, passed on if the function takes it; False.
        """
        takes = self._takes
        arguments: dict[str, Any] = {"inputs": inputs}
        for name in ("params", "state"):
            if name in takes:
                arguments[name] = tree.map_structure(lambda v: None if v is None else v.value, getattr(self, name))
        if "rng" in takes:
            arguments["rng"] = self._key()
        if "training" in takes:
            arguments["training"] = bool(training)
        result = self.call_fn(**arguments)
        if "state" not in takes:
            return result
        outputs, state = result
        if is_inferring():
            return outputs
        for variable, value in zip(tree.flatten(self.state), tree.flatten(state), strict=True):
            if variable is not None:
                variable.assign(value)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it; the functions by their registered names."""
        return {
            **super().get_config(),
            "call_fn": serialize_keras_object(self.call_fn),
            "init_fn": serialize_keras_object(self.init_fn),
            "native_serialization_platforms": self.native_serialization_platforms,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        functions = {name: deserialize_keras_object(config[name]) for name in ("call_fn", "init_fn")}
        return super().from_config({**config, **functions})


def _kcore_arguments(
    function: Callable[..., Any], allowed: tuple[str, ...], what: str, needed: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the names of a function's parameters.

    Raises:
        ArgumentError: if one is not allowed, or one that is needed is missing.
    """
    names = tuple(inspect.signature(function).parameters)
    wrong = [name for name in names if name not in allowed]
    missing = [name for name in needed if name not in names]
    if wrong or missing:
        problem = f"{what} takes {', '.join(names) or 'nothing'}"
        fix = f"let it take {', '.join(needed)}, and of the rest what it needs: {', '.join(allowed)}"
        raise ArgumentError(problem, fix=fix).at("JaxLayer")
    return names


def _zeros(shape: Any, dtype: str) -> Any:
    """Return zeros of a shape, or a tree of them; sizes not known are one."""
    if isinstance(shape, dict):
        return {name: _zeros(each, dtype) for name, each in shape.items()}
    if any(isinstance(each, list | tuple | dict) for each in shape):
        return [_zeros(each, dtype) for each in shape]
    return ops.zeros(tuple(1 if is_unknown(size) else size for size in shape), dtype)
