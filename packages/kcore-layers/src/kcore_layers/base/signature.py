"""What is to be known of the parameters of a layer's `call` and `build`, studied once per class."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["CallSignature", "inspect_build", "inspect_call"]


@dataclasses.dataclass(frozen=True)
class CallSignature:
    """The parameters of `call`, without `self`.

    Attributes:
        signature: as `inspect` has it.
        names: the parameters that can be passed by name.
        first: name of the first one.
        takes_training: whether there is a `training`.
        training_default: its default.
        masks: name of the mask of a tensor parameter, by the tensor's name.
    """

    signature: inspect.Signature
    names: tuple[str, ...]
    first: str | None
    takes_training: bool
    training_default: Any
    masks: Mapping[str, str]

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
        """Return arguments matched to parameters.

        Args:
            args: those given by position.
            kwargs: those given by name.

        Raises:
            ArgumentError: if they do not fit.
        """
        try:
            return self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"call{self.signature}: {error}", fix="pass what call takes") from None


def inspect_call(call: Callable[..., Any]) -> CallSignature:
    """Return what is to be known of the parameters of a layer's `call`.

    Args:
        call: the method, unbound.
    """
    parameters = list(inspect.signature(call).parameters.values())[1:]
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY)]
    by_name = {p.name: p for p in parameters}
    training = by_name.get("training")
    tensors = [name for name in named if not name.endswith("mask") and name != "training"]
    masks = {name: f"{name}_mask" for name in tensors if f"{name}_mask" in named}
    if "mask" in named and tensors and tensors[0] not in masks:
        masks[tensors[0]] = "mask"
    return CallSignature(
        signature=inspect.Signature(parameters),
        names=tuple(named),
        first=parameters[0].name if parameters else None,
        takes_training=training is not None,
        training_default=None if training is None or training.default is training.empty else training.default,
        masks=masks,
    )


def inspect_build(build: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the shapes that a layer's `build` takes.

    Args:
        build: the method, unbound.
    """
    parameters = list(inspect.signature(build).parameters.values())[1:]
    return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
