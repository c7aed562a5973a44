"""Steps that change variables in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from kcore_ops.plugin import Training
from torch._C import _set_grad_enabled

from kcore_backend_torch.in_place import InPlaceUpdater

__all__ = ["TorchTraining"]


# The dtypes of arrays whose memory tensors can share.
_SHARED = frozenset(
    np.dtype(name) for name in ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
)


class TorchTraining(Training):
    """Eager steps, with the gradients of autograd."""

    compiles_functions = True

    def compile_step(self, function: Callable[..., Any], keeps_state: bool = False) -> Callable[..., Any]:
        from kcore_backend_torch.compiled_step import CompiledStep  # few steps are compiled

        return CompiledStep(function)

    def moves_batches(self, like: torch.Tensor | None) -> bool:
        return like is not None and like.device.type not in ("cpu", "meta")

    def place_array(self, array: np.ndarray[Any, Any], like: torch.Tensor | None, is_ours: bool) -> torch.Tensor:
        if like is None or array.dtype not in _SHARED:
            return self.backend.to_tensor(array, None, like)
        if not is_ours or not array.flags.carray:
            array = array.copy()
        tensor = torch.from_numpy(array)
        if like.is_cpu:
            return tensor
        device = like.device
        return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)

    def in_place_updater(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return InPlaceUpdater(function)

    def random_state(self) -> Any:
        return torch.get_rng_state().numpy()

    def set_random_state(self, state: Any) -> None:
        torch.set_rng_state(torch.from_numpy(state))

    def without_gradients(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(argument: Any) -> Any:
            # What `torch.no_grad` does, at a fifth of its time.
            was_enabled = torch.is_grad_enabled()
            _set_grad_enabled(False)
            try:
                return function(argument)
            finally:
                _set_grad_enabled(was_enabled)

        return run

    def joined(self, parts: Sequence[torch.Tensor]) -> np.ndarray[Any, Any]:
        return self.backend.to_numpy(torch.cat(tuple(parts)))

    def value_and_grad_in_place(
        self, function: Callable[..., Any], storages: Sequence[torch.Tensor]
    ) -> tuple[Any, Any, Any]:
        with torch.enable_grad():
            value, rest = function()
        if not value.requires_grad:  # it depends on none of them
            return value, rest, [None] * len(storages)
        return value, rest, torch.autograd.grad(value, storages, allow_unused=True)
