"""`FlaxLayer`: a module of Flax as a layer."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.layers.native.jax_layer import JaxLayer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["FlaxLayer"]

_TRAINED = "params"


class _FlaxOptions(LayerOptions, total=False):
    """What `JaxLayer` takes beside functions and first values."""

    seed: int | None
    native_serialization_platforms: Sequence[str] | None


@builtin("keras.layers")
class FlaxLayer(JaxLayer):
    """Use a module of `flax.linen` as a layer, with its variables as the layer's weights.

    The collection `params` trains; all others, `batch_stats` for one, are state, which each call may change. Those that
    the module does not make when it is initialized, such as `intermediates`, are not kept. In training it is given
    random keys for `dropout`; and always `training`, if it has a parameter of that name.

    Shapes: those of the module.

    Args:
        module: module of `flax.linen`, with an inputs argument and perhaps `training`.
        method: method of the module that calls run, or its name; None, the default, is `__call__`.
        variables: dict of collections of arrays, the first values, as `module.init` returns them; None, the default,
            initializes the module for the inputs seen first.
        **kwargs: `seed`, an int, of the random keys, None drawing one; and `activity_regularizer`, `autocast`, `dtype`,
            `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if it is no such module, its method takes other arguments, or the backend has no random keys as
            JAX has them.
    """

    module: Any
    method: Callable[..., Any] | None

    def __init__(
        self,
        module: Any,
        method: Callable[..., Any] | str | None = None,
        variables: Mapping[str, Tree] | None = None,
        **kwargs: Unpack[_FlaxOptions],
    ) -> None:
        if isinstance(module, type) or not all(callable(getattr(module, name, None)) for name in ("init", "apply")):
            raise ArgumentError(
                f"module is {module!r:.200}, which is no module of flax.linen",
                fix="pass an instance of a subclass of flax.linen.Module",
            ).at("FlaxLayer")
        if isinstance(method, str):
            method = _method_of(module, method)
        takes_training = _takes_training(method or module.__call__)
        params = state = None
        if variables is not None:
            params, state = _divided(variables)
        super().__init__(
            functools.partial(_applied, module, method, takes_training),
            functools.partial(_initialized, module, method, takes_training),
            params=params,
            state=state,
            **kwargs,
        )
        self._kcore_set_untracked("module", module)
        self._kcore_set_untracked("method", method)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it; the module by its own config, without variables.

        Raises:
            SerializationError: if the module's class has no `get_config`; to be loaded it needs `from_config` too.
        """
        return {
            **Layer.get_config(self),
            "native_serialization_platforms": self.native_serialization_platforms,
            "module": serialize_keras_object(self.module),
            "method": serialize_keras_object(self.method),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned; its module's class is to be registered.

        Args:
            config: dict, as `get_config` returns it.
        """
        module, method = deserialize_keras_object(config["module"]), config["method"]
        own = getattr(type(module), method["config"], None) if _is_name(method) else None
        method = deserialize_keras_object(method) if own is None else own
        return super(JaxLayer, cls).from_config({**config, "module": module, "method": method})


_Method = Callable[..., Any] | None


def _initialized(
    module: Any, method: _Method, takes_training: bool, rng: Any, inputs: Tree, training: bool
) -> tuple[Any, Any]:
    """Return the first variables of a module: the first three arguments given, a function that `JaxLayer` takes."""
    # One key for both: Flax makes others of it by the places where they are drawn from.
    rngs = {"params": rng, "dropout": rng}
    options = {"training": training} if takes_training else {}
    return _divided(module.init(rngs, inputs, method=method, **options))


def _applied(
    module: Any,
    method: _Method,
    takes_training: bool,
    params: Any,
    state: Any,
    rng: Any,
    inputs: Tree,
    training: bool,
) -> tuple[Any, Any]:
    """Return what a module returns, and its state after: in the same way a function that `JaxLayer` takes."""
    options = {"training": training} if takes_training else {}
    outputs, after = module.apply(
        {**params, **state},
        inputs,
        rngs={"dropout": rng} if training else {},
        method=method,
        mutable=list(state),
        **options,
    )
    return outputs, {name: _plain(after.get(name, state[name])) for name in state}


def _divided(variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the collection that trains, and the others."""
    plain = _plain(variables)
    trained = {name: plain.pop(name) for name in (_TRAINED,) if name in plain}
    return trained, plain


def _plain(tree: Any) -> Any:
    """Return a tree with dicts in place of other mappings, which Flax may give."""
    return {name: _plain(each) for name, each in tree.items()} if isinstance(tree, Mapping) else tree


def _method_of(module: Any, name: str) -> Callable[..., Any]:
    """Return a method by its name.

    Raises:
        ArgumentError: if there is none.
    """
    method = getattr(type(module), name, None)
    if not callable(method):
        raise ArgumentError(
            f"{type(module).__name__} has no method {name!r}", fix="pass a method of the module's class"
        ).at("FlaxLayer")
    found: Callable[..., Any] = method
    return found


def _takes_training(method: Callable[..., Any]) -> bool:
    """Return whether a method has a parameter `training`.

    Raises:
        ArgumentError: if it needs more than inputs beside that.
    """
    parameters = [each for name, each in inspect.signature(method).parameters.items() if name != "self"]
    needed = [
        each.name
        for each in parameters[1:]
        if each.default is each.empty
        and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        and each.name != "training"
    ]
    if needed:
        raise ArgumentError(
            f"{method.__name__} of the module takes {', '.join(needed)}, which the layer has nothing to pass for",
            fix="let it take inputs, one tensor or a tree of them, and training; or give the others defaults",
        ).at("FlaxLayer")
    return any(each.name == "training" for each in parameters)


def _is_name(method: Any) -> bool:
    """Return whether data stands for a function by its name."""
    return isinstance(method, dict) and method.get("class_name") == "function" and isinstance(method["config"], str)
