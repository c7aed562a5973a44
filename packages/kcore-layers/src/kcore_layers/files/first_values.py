"""Models made without drawing the first values of weights, which those in a file take the place of at once.

Drawing them takes longer than reading them. It is left out only where nobody can tell: all that the model is made of
is kcore's own, so that no code of a user's sees the zeros that are there meanwhile, and every weight is in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kcore_layers.base.layer import Layer
from kcore_layers.options.initializers.drawing import without_draws
from kcore_layers.serialization.registry import original_class

__all__ = ["filled_model"]


def filled_model(config: Any, make: Callable[[], Any], fill: Callable[[Any], Iterable[Any]]) -> Any:
    """Return a model whose weights have been set.

    Args:
        config: what it is made from.
        make: function that makes it.
        fill: function that sets its weights, and returns the layers whose variables were set.
    """
    if _is_of_ours(config):
        with without_draws():
            model = make()
        filled = {id(v) for layer in fill(model) if isinstance(layer, Layer) for v in layer._kcore_own_variables()}
        layers = list(model._flatten_layers())
        if all(original_class(type(layer)).__module__.startswith("kcore_") for layer in layers) and all(
            id(v) in filled for v in model.weights
        ):
            return model
    model = make()
    fill(model)
    return model


def _is_of_ours(config: Any) -> bool:
    """Return whether a config names classes of Keras alone, and no functions."""
    rest = [config]  # gone through without a function that calls itself, as it may be deep
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest += value
        elif isinstance(value, dict):
            rest += value.values()
            if "class_name" in value and value["class_name"] != "__keras_tensor__":  # which graphs have for a tensor
                module, registered = str(value.get("module")), str(value.get("registered_name"))
                if not f"{module}.".startswith(("keras.", "kcore.")) or ">" in registered:
                    return False
    return True
