"""`clone_model`: a model like another, with layers and weights of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from kcore_ops import KerasTensor, tree
from kcore_ops.engine.op import Op, Tree
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_layers.base.layer import Layer
from kcore_layers.layers.core.input_layer import Input
from kcore_layers.models.functional import Functional
from kcore_layers.models.graph import callee, is_variadic
from kcore_layers.models.model import Model
from kcore_layers.models.sequential import Sequential

__all__ = ["clone_model"]


def clone_model(
    model: Model,
    input_tensors: Tree = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """Return a model like another, of layers made anew from their configs; the weights are drawn anew too.

    The clone of a compiled model is compiled in the same way, with an optimizer and metrics of its own.

    Args:
        model: the model. One that is neither functional nor sequential is made of its config as a whole.
        input_tensors: symbolic tensors to build it on; None, the default, is inputs like the model's.
        clone_function: function from a layer to the one that takes its place; None, the default, makes another one of
            its config. It is asked once for each layer; not for inputs.
        call_function: function from a new layer of a functional model, and the arguments of its call, to the output;
            None, the default, calls it.
        recursive: bool, whether models inside are cloned in the same way, rather than by `clone_function`; False by
            default.

    Raises:
        ArgumentError: if an argument does not go with the kind of the model.

    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> other = clone_model(model)
    >>> other.set_weights(model.get_weights())
    """
    if not isinstance(model, Model):
        raise ArgumentError(f"{model!r} is not a model", fix="pass a model").at("clone_model")
    made = _clone(model, input_tensors, clone_function, call_function, recursive)
    if model.compiled:
        _compile_like(model, made)
    return made


def _clone(model: Any, input_tensors: Any, clone_function: Any, call_function: Any, recursive: bool) -> Any:
    if not isinstance(model, Functional | Sequential):
        _refuse(model, input_tensors=input_tensors, clone_function=clone_function, call_function=call_function)
        return type(model).from_config(model.get_config())
    if isinstance(model, Sequential):
        _refuse(model, call_function=call_function)
    clones: dict[int, Any] = {}

    def clone(layer: Any) -> Any:
        if id(layer) not in clones:
            if recursive and isinstance(layer, Functional | Sequential):
                inner = call_function if isinstance(layer, Functional) else None
                made = clone_model(layer, None, clone_function, inner, recursive=True)
            else:
                asked = clone_function if isinstance(layer, Layer) else None
                made = asked(layer) if asked else type(layer).from_config(layer.get_config())
            clones[id(layer)] = made
        return clones[id(layer)]

    if isinstance(model, Sequential):
        first = [_input_like(model._kcore_input)] if model._kcore_is_input_given else []
        first = first if input_tensors is None else tree.flatten(input_tensors)
        layers = [*first, *(clone(layer) for layer in model._kcore_stack)]
        made = Sequential(layers, trainable=model.trainable, name=model.name)
        if not first and model.built:
            made.build_from_config(model.get_build_config())
        return made
    inputs = tree.map_structure(_input_like, model._kcore_inputs_structure) if input_tensors is None else input_tensors
    outputs = _outputs(model, tree.flatten(inputs), clone, call_function)
    return Model(inputs, outputs, name=model.name, trainable=model.trainable)


def _compile_like(model: Any, made: Any) -> None:
    """Compile a clone as its model is; where that is not to be done, say so."""
    try:
        if type(model).get_compile_config is not Model.get_compile_config:  # the class says itself how it is done
            made.compile_from_config(model.get_compile_config())
        elif type(made).compile is Model.compile:
            made.compile(**model._kcore_trainer.compile_arguments())
        else:
            raise ArgumentError("its class has a compile of its own, and no get_compile_config")
    except KcoreError as error:
        warnings.warn(f'the clone of "{model.name}" is not compiled: {error.problem}; call its compile', stacklevel=3)


def _refuse(model: Any, **arguments: Any) -> None:
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        kind = type(model).__name__ + ("" if isinstance(model, Sequential) else ", which is a subclass of Model")
        raise ArgumentError(
            f"{', '.join(given)} can not be used with a {kind}", fix="leave it out, or make the model functional"
        ).at("clone_model")


def _input_like(x: KerasTensor) -> Any:
    return Input(batch_shape=x.shape, dtype=x.dtype, name=x.name)


def _outputs(
    model: Any, inputs: list[Any], clone: Callable[[Any], Any], call_function: Callable[..., Any] | None
) -> Any:
    """Make the calls of a model's graph anew, on other inputs and by other layers; return the outputs."""
    graph = model._kcore_graph
    if len(inputs) != len(graph.inputs):
        raise ArgumentError(
            f"{len(inputs)} input_tensors were given, and the model has {len(graph.inputs)} inputs",
            fix="pass one for each",
        ).at("clone_model")
    tensors = {id(x): new for x, new in zip(graph.inputs, inputs, strict=True)}

    def anew(value: Any) -> Any:
        return tree.map_structure(lambda leaf: tensors.get(id(leaf), leaf), value)

    for node in graph.nodes:
        args, kwargs = anew(node.args), anew(node.kwargs)
        if isinstance(node.op, Op):
            if is_variadic(node.op):
                args[-1:] = args[-1]
            result = callee(node.op)(*args, **kwargs)
        elif call_function is not None:
            result = call_function(clone(node.op), *args, **kwargs)
        else:
            result = clone(node.op)(*args, **kwargs)
        tensors |= {id(x): new for x, new in zip(tree.flatten(node.outputs), tree.flatten(result), strict=True)}
    return anew(model._kcore_outputs_structure)
