"""`OptimizerMap`: which optimizer a variable has, told by its path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["OptimizerMap"]


@builtin("keras.optimizers")
class OptimizerMap(MutableMapping[str, Optimizer]):
    r"""Map paths of variables to optimizers, by patterns that match them from end to end; for `MultiOptimizer`.

    A pattern that is the path itself comes before all others.

    Args:
        default_optimizer: `Optimizer`, that of paths which no pattern matches.
        optimizer_map: dict or None, optimizers by regular expressions of paths, None for none at first; None.

    Raises:
        ArgumentError: if something else than an optimizer is given, or a pattern is no regular expression.

    >>> from kcore_train.optimizers.adam import Adam
    >>> from kcore_train.optimizers.sgd import SGD
    >>> optimizers = OptimizerMap(SGD(name="rest"), {"dense/.*": Adam(name="adam")})
    >>> optimizers["dense/kernel"].name, optimizers["embedding/embeddings"].name
    ('adam', 'rest')
    >>> list(optimizers)
    ['dense/.*']
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: Mapping[str, Optimizer] | None = None) -> None:
        _check_optimizer("default_optimizer", default_optimizer)
        if not isinstance(optimizer_map, Mapping | None):
            raise ArgumentError(f"optimizer_map can not be {optimizer_map!r}", fix="pass a dict from patterns").at(
                "OptimizerMap"
            )
        self._default_optimizer = default_optimizer
        self._optimizers: dict[str, Optimizer] = {}
        for pattern, optimizer in (optimizer_map or {}).items():
            self[pattern] = optimizer

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of paths that no pattern matches."""
        return self._default_optimizer

    def __getitem__(self, path: str) -> Optimizer:
        """Return the optimizer of a path.

        Args:
            path: str, the path of a variable.

        Raises:
            ArgumentError: if several patterns match.
        """
        if path in self._optimizers:
            return self._optimizers[path]
        found = [pattern for pattern in self._optimizers if re.fullmatch(pattern, path)]
        if len(found) > 1:
            raise ArgumentError(
                f"{path!r} matches {len(found)} patterns: {', '.join(map(repr, found))}",
                fix="write patterns of which one matches",
            ).at("OptimizerMap")
        return self._optimizers[found[0]] if found else self._default_optimizer

    def __setitem__(self, pattern: str, optimizer: Optimizer) -> None:
        """Add a pattern, which must be new.

        Args:
            pattern: str, a regular expression of paths.
            optimizer: `Optimizer`, that of the paths that it matches.
        """
        if not isinstance(pattern, str):
            raise ArgumentError(f"{pattern!r} is no pattern", fix="use a regular expression, a str").at("OptimizerMap")
        if pattern in self._optimizers:
            raise ArgumentError(
                f"{pattern!r} has an optimizer already", fix="delete it first, with `del optimizer_map[pattern]`"
            ).at("OptimizerMap")
        try:
            re.compile(pattern)
        except re.error as error:
            raise ArgumentError(f"{pattern!r} is no regular expression: {error}", fix="correct the pattern").at(
                "OptimizerMap"
            ) from error
        _check_optimizer(f"the optimizer of {pattern!r}", optimizer)
        self._optimizers[pattern] = optimizer

    def __delitem__(self, pattern: str) -> None:
        del self._optimizers[pattern]

    def __contains__(self, pattern: object) -> bool:
        return pattern in self._optimizers

    def __len__(self) -> int:
        return len(self._optimizers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizers)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": {pattern: serialize_keras_object(each) for pattern, each in self._optimizers.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Create a map from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
            custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
                others; None.
        """

        def revived(data: Any) -> Any:
            return deserialize_keras_object(data, custom_objects=custom_objects)

        others = (config.get("optimizer_map") or {}).items()
        return cls(revived(config["default_optimizer"]), {pattern: revived(data) for pattern, data in others})


def _check_optimizer(what: str, value: Any) -> None:
    if not isinstance(value, Optimizer):
        raise ArgumentError(f"{what} can not be {value!r}", fix="pass an optimizer").at("OptimizerMap")
