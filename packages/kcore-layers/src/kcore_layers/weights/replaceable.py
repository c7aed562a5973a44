"""`Adaptable`: layers that have a weight in whose place an object can be put, and adapters of low rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import kcore_ops as ops
from kcore_ops import Variable
from kcore_ops.backends.current import on
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.call_plan import drop_plan
from kcore_layers.base.layer import Layer
from kcore_layers.base.tracking import state_changed
from kcore_layers.options.argument_types import InitializerLike
from kcore_layers.options.weight_options import checked_count, checked_number
from kcore_layers.weights.low_rank import LowRank
from kcore_layers.weights.weight_object import value_of

__all__ = ["Adaptable"]


class Adaptable(Layer):
    """Base of layers with a large weight, in an attribute whose variable an object can take the place of.

    What computes with the weight stays as it is: ops take the object for the tensor. The object's variables are the
    layer's own, under its path.

    Attributes:
        weight_name: the name of the attribute.
        lora_rank: int, the rank of the adapter; None, there is none.
        lora_alpha: float, by which the adapter is multiplied, times the rank.
        lora_enabled: bool, whether there is an adapter.
    """

    weight_name: ClassVar[str] = "kernel"
    lora_rank: int | None = None
    lora_alpha: float | None = None
    lora_enabled: bool = False

    def set_adapter(self, lora_rank: int | None, lora_alpha: float | None) -> None:
        """Set the rank of the adapter that the weight gets when it is built.

        Args:
            lora_rank: int; None, it gets none.
            lora_alpha: float; None, the rank.
        """
        self.lora_rank = None if lora_rank is None else checked_count(self, "lora_rank", lora_rank)
        alpha = self.lora_rank if lora_alpha is None else checked_number(self, "lora_alpha", lora_alpha)
        self.lora_alpha = None if lora_rank is None else alpha

    def _kcore_after_build(self) -> None:
        if self.lora_rank is not None and not self.lora_enabled and hasattr(self, self.weight_name):
            self._add_adapter(self.lora_rank, self.lora_alpha, "he_uniform", "zeros")
        super()._kcore_after_build()

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: InitializerLike = "he_uniform",
        b_initializer: InitializerLike = "zeros",
    ) -> None:
        """Freeze the weight, and add to it a product of two thin matrices that are trained (arXiv:2106.09685).

        A file of weights has the sum, in the weight's place, so that layers without an adapter read it; read into a
        layer with one, the adapter starts anew.

        Args:
            rank: int, the number of columns of the one matrix and of rows of the other.
            lora_alpha: float, by which the product is multiplied, after a division by the rank; None, the rank.
            a_initializer: initializer, its name or config, of the first matrix, `(..., rank)`; He uniform.
            b_initializer: initializer, its name or config, of the second, `(rank, n)`; zeros, so that nothing changes
                at first.

        Raises:
            ArgumentError: if `rank` is not a positive integer, the layer is not built, or has an adapter already.
        """
        if self.lora_enabled:
            raise ArgumentError("it has an adapter already", fix="call enable_lora once").at(f'layer "{self.name}"')
        if not self.built:
            raise ArgumentError(
                "it is not built: there is no weight to adapt yet", fix="call it once, or call build, before"
            ).at(f'layer "{self.name}"')
        self._add_adapter(rank, lora_alpha, a_initializer, b_initializer)

    def _add_adapter(self, rank: Any, alpha: Any, a_initializer: Any, b_initializer: Any) -> None:
        rank = checked_count(self, "rank", rank)
        alpha = rank if alpha is None else checked_number(self, "lora_alpha", alpha)
        weight, name = getattr(self, self.weight_name), self.weight_name
        *outer, last = weight.shape
        dtype = self.variable_dtype
        a = self.add_weight((*outer, rank), a_initializer, dtype, name=f"lora_{name}_a")
        b = self.add_weight((rank, last), b_initializer, dtype, name=f"lora_{name}_b")
        if isinstance(weight, Variable):
            weight.trainable = False
            self._kcore_set_untracked("_kcore_frozen_variables", (weight,))
        self.replace_weight(name, LowRank(weight, a, b, alpha / rank))
        self.lora_rank, self.lora_alpha, self.lora_enabled = rank, alpha, True

    def replace_weight(self, name: str, weight: Any) -> None:
        """Put an object in the place of a weight.

        Its parts are found as attributes under their own names. Variables of the old weight that it does not have are
        dropped.

        Args:
            name: str, the name of the attribute.
            weight: the object: of a class that has `__kcore_value__`, `shape` and `dtype`, and `parts`, the variables
                that it is made of by their names, which `add_weight` of this layer made.
        """
        old, new = _parts_of(name, getattr(self, name)), _parts_of(name, weight)
        kept = {id(v) for v in new.values()}
        setattr(self, name, weight)
        for part in old.values():
            if id(part) not in kept:
                self._kcore_untrack_variable(part)
        for part_name in [each for each in old if each not in new and each != name]:
            self.__dict__.pop(part_name, None)
        for part_name, part in new.items():
            if part_name != name:
                self._kcore_set_untracked(part_name, part)
        drop_plan(self)
        state_changed()

    # Files.

    def _kcore_saved_variables(self) -> list[Variable]:
        """Return the variables in the order of files: weights first, without what an adapter is made of."""
        adapter = {f"lora_{self.weight_name}_a", f"lora_{self.weight_name}_b"}
        own = [v for v in self._kcore_own_variables() if v.name not in adapter]
        weight = getattr(self, self.weight_name, None)
        if weight is None or isinstance(weight, Variable):
            return own
        parts = [v for name, v in _parts_of(self.weight_name, weight).items() if name not in adapter]
        rest = [v for v in own if not any(v is part for part in parts)]
        return [*parts[:1], *rest, *parts[1:]] if getattr(weight, "saved_first", True) else [*rest, *parts]

    def _kcore_values_to_save(self) -> Mapping[int, Any]:
        """Return the weight with its adapter, in place of that without."""
        weight = getattr(self, self.weight_name, None)
        if not isinstance(weight, LowRank):
            return {}
        with on(self._kcore_backend):
            found = weight.parts_for(value_of(weight))
            return {id(weight.parts[name]): ops.convert_to_numpy(value) for name, value in found.items()}

    def _kcore_after_load(self) -> None:
        """Let the adapter add nothing to what was read, which has one."""
        weight = getattr(self, self.weight_name, None)
        if isinstance(weight, LowRank):
            weight.b.assign(ops.zeros_like(weight.b))

    def _config_of_adapter(self) -> dict[str, Any]:
        """Return the arguments of the constructor that say which adapter there is."""
        return {} if self.lora_rank is None else {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}


def _parts_of(name: str, weight: Any) -> Mapping[str, Variable]:
    """Return the variables of a weight, whoever wrote its class."""
    return {name: weight} if isinstance(weight, Variable) else getattr(weight, "parts", {})
