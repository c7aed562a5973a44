"""Steps that change variables in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from kcore_ops.plugin import Training

from kcore_backend_torch.in_place import InPlaceUpdater

__all__ = ["TorchTraining"]


class TorchTraining(Training):
    """Eager steps, with the gradients of autograd."""

    def in_place_updater(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return InPlaceUpdater(function)

    def random_state(self) -> Any:
        return torch.get_rng_state().numpy()

    def set_random_state(self, state: Any) -> None:
        torch.set_rng_state(torch.from_numpy(state))

    def without_gradients(self) -> Any:
        return torch.no_grad()

    def value_and_grad_in_place(
        self, function: Callable[..., Any], storages: Sequence[torch.Tensor]
    ) -> tuple[Any, Any, Any]:
        with torch.enable_grad():
            value, rest = function()
        if not value.requires_grad:  # it depends on none of them
            return value, rest, [None] * len(storages)
        return value, rest, torch.autograd.grad(value, storages, allow_unused=True)
