"""Where tensors are made: on torch's default device, or on that of the tensors that a definition runs on."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

import torch
from torch.utils import _device

__all__ = ["Place", "elsewhere", "here"]

_held: ContextVar[torch.device | None] = ContextVar("kcore_torch_place", default=None)

# The device that the table's functions make tensors on; None for torch's default one.
here = _held.get


class Place:
    """Make tensors on a device inside the `with` block. `torch.device` would intercept each call of torch inside it."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __enter__(self) -> None:
        self._token: Token[Any] = _held.set(self.device)

    def __exit__(self, *error: Any) -> None:
        _held.reset(self._token)


def elsewhere(x: torch.Tensor) -> torch.device | None:
    """Return the device of a tensor, unless what is made now lands there."""
    held = _held.get()
    # torch.get_default_device() takes longer than most ops; this is what `torch.set_default_device` sets (2.0 to 2.13).
    if held is None and x.is_cpu and _device.CURRENT_DEVICE is None:
        return None
    device = x.device
    return None if device == (held or torch.get_default_device()) else device
