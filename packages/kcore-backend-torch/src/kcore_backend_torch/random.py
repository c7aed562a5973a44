"""Random numbers, on torch tensors, by a `torch.Generator` seeded for each draw.

Where the seed's value can not be read, inside transforms and while a graph is traced, the draw is a custom operator,
so that it gives the same numbers there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from kcore_ops.plugin import with_slope
from torch._C._functorch import is_functorch_wrapped_tensor
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from kcore_backend_torch.dtypes import native_dtype
from kcore_backend_torch.places import here


def generator(seed: torch.Tensor, device: torch.device) -> torch.Generator:
    """Return a generator for a seed; torch's on the CPU takes 32 bits, which both numbers are mixed into."""
    low, high = seed.tolist()
    mixed = (low * 0x9E3779B97F4A7C15 + high * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D) % 2**64
    mixed = (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9 % 2**64
    return torch.Generator(device).manual_seed(mixed >> 32 if device.type == "cpu" else mixed)


def draw(seed: torch.Tensor, shape: Sequence[int], dtype: torch.dtype, kind: str) -> torch.Tensor:
    """Draw "uniform" or "normal" floats, or "bits": in the place held, else where the seed is."""
    device = here() or seed.device
    if device.type == "meta" or seed.is_meta:
        return seed.new_empty(tuple(shape), dtype=torch.uint32 if kind == "bits" else dtype, device=device)
    options = {"generator": generator(seed, device), "device": device}
    if kind == "bits":
        return torch.randint(2**32, tuple(shape), **options).to(torch.uint32)
    return (torch.rand if kind == "uniform" else torch.randn)(tuple(shape), dtype=dtype, **options)


@torch.library.custom_op("kcore::draw", mutates_args=())
def traced_draw(seed: torch.Tensor, shape: Sequence[int], dtype: torch.dtype, kind: str) -> torch.Tensor:
    return draw(seed, shape, dtype, kind)


@traced_draw.register_fake
def _(seed: torch.Tensor, shape: Sequence[int], dtype: torch.dtype, kind: str) -> torch.Tensor:
    return seed.new_empty(tuple(shape), dtype=torch.uint32 if kind == "bits" else dtype, device=here() or seed.device)


@traced_draw.register_vmap
def _(info: Any, in_dims: Any, seed: torch.Tensor, shape: Sequence[int], dtype: torch.dtype, kind: str) -> Any:
    return torch.stack([traced_draw(one, shape, dtype, kind) for one in seed.unbind(in_dims[0])]), 0


def drawn(seed, shape, dtype, kind):
    if is_functorch_wrapped_tensor(seed) or get_proxy_mode() is not None:
        return traced_draw(seed, shape, native_dtype(dtype), kind)
    # Outside of all transforms: `vmap` would draw anew for each of what it maps over.
    with temporarily_clear_interpreter_stack():
        return draw(seed, shape, native_dtype(dtype), kind)


TABLE: dict[str, Callable[..., Any]] = {
    "random_bits": lambda seed, shape: drawn(seed, shape, "uint32", "bits"),
    "random_gamma": with_slope(torch._standard_gamma_grad),
    "random_normal": lambda seed, shape, dtype: drawn(seed, shape, dtype, "normal"),
    "random_uniform": lambda seed, shape, dtype: drawn(seed, shape, dtype, "uniform"),
}

# Seeds are read as they are.
WIDENED: dict[str, dict[str, str]] = {name: {"uint32": "uint32"} for name in TABLE}
