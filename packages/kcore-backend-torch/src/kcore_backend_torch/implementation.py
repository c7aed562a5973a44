"""The PyTorch backend: how tensors come in and go out, what a variable is, and the table."""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

import numpy as np
import torch
from kcore_ops.dtypes import numpy_dtype, standardize_dtype
from kcore_ops.plugin import SCALAR_OPS, Backend

from kcore_backend_torch import (
    control_flow,
    convolution,
    elementwise,
    fourier,
    image,
    int8,
    linalg,
    modules,
    nn,
    places,
    random,
    recurrent,
    reductions,
    shaping,
    training,
    transforms,
)
from kcore_backend_torch.datasets import TorchDatasets
from kcore_backend_torch.dtypes import DTYPE_NAMES, native_dtype
from kcore_backend_torch.export import TorchExport

# Types that NumPy has by way of ml_dtypes and torch under a name of its own: carried over as integers of their width.
_CARRIERS = {"bfloat16": "int16", "float8_e4m3fn": "int8", "float8_e5m2": "int8"}


def _new(value: Any, dtype: torch.dtype | None, device: torch.device | None) -> torch.Tensor:
    if device is not None and device.type == "meta":
        # Made there, it would be none that torch's transforms know (2.13).
        return torch.tensor(value, dtype=dtype, device="cpu").to(device)
    return torch.tensor(value, dtype=dtype, device=device)


class TorchBackend(transforms.TorchTransforms, Backend):
    """Tensors are `torch.Tensor`; variables are `torch.nn.Parameter`."""

    tensor_types: ClassVar[tuple[type, ...]] = (torch.Tensor,)
    families = (
        elementwise, reductions, shaping, linalg, fourier, nn, image, convolution, recurrent, random, control_flow,
    )  # fmt: skip
    capabilities = frozenset({"complex", "float64", "gradient", "jit", "jvp", "mutable_state", "vmap"})
    scalar_ops = SCALAR_OPS - {"maximum", "minimum"}
    of_int8 = int8.OF_INT8
    size_types = (torch.SymInt,)
    variable = modules.TorchVariable
    training_type = training.TorchTraining
    datasets_type = TorchDatasets
    modules_type = modules.TorchModules
    export_type = TorchExport

    def to_tensor(self, value: Any, dtype: str | None, like: torch.Tensor | None = None) -> torch.Tensor:
        # None, torch's default device, is the fastest to name.
        device = places.here() if like is None else places.elsewhere(like) or places.here()
        if isinstance(value, np.ndarray | np.generic):
            return self._of_array(np.asarray(value), dtype, device)
        return _new(value, None if dtype is None else native_dtype(dtype), device or torch.get_default_device())

    def _of_array(self, array: np.ndarray[Any, Any], dtype: str | None, device: torch.device | None) -> torch.Tensor:
        name = standardize_dtype(array.dtype)
        carrier = _CARRIERS.get(name)
        # Torch takes neither steps backwards nor the other order of bytes (torch 2.13).
        is_plain = array.dtype.isnative and min(array.strides, default=0) >= 0
        if carrier is None and is_plain and dtype in (None, name):
            return _new(array, None, device)  # a copy
        array = np.ascontiguousarray(array, numpy_dtype(name)).reshape(array.shape)
        if not array.flags.writeable:
            array = array.copy()
        tensor = torch.from_numpy(array.view(carrier) if carrier else array)
        if carrier:
            tensor = tensor.view(native_dtype(name))
        # A copy: what is done to the tensor later is not done to the caller's array.
        return tensor.to(device=device or torch.get_default_device(), dtype=native_dtype(dtype or name), copy=True)

    def to_numpy(self, x: torch.Tensor) -> np.ndarray[Any, Any]:
        if transforms.is_captured(x):
            raise transforms.ReadsValues("a graph of tracing tensors has no values to read yet")
        name = DTYPE_NAMES[x.dtype]
        carrier = _CARRIERS.get(name)
        if carrier is None:
            return x.numpy(force=True)
        return x.detach().cpu().view(native_dtype(carrier)).numpy(force=True).view(numpy_dtype(name))

    def from_dlpack(self, x: Any) -> torch.Tensor:
        return torch.from_dlpack(x)

    def dtype(self, x: torch.Tensor) -> str:
        return DTYPE_NAMES[x.dtype]

    def devices(self) -> list[str]:
        accelerators = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return ["cpu:0", *(f"gpu:{i}" for i in range(accelerators)), "meta:0"]

    def device_scope(self, device: str) -> contextlib.AbstractContextManager[Any]:
        return torch.device(device.replace("gpu", "cuda"))

    def place_of(self, x: torch.Tensor) -> torch.device:
        return x.device

    def elsewhere(self, x: torch.Tensor) -> torch.device | None:
        return places.elsewhere(x)

    def place_scope(self, place: torch.device) -> contextlib.AbstractContextManager[Any]:
        return places.Place(place)

    def new_storage(self, value: torch.Tensor, trainable: bool) -> torch.Tensor:
        if not trainable:
            return value.detach()
        return torch.nn.Parameter(value.detach(), requires_grad=value.is_floating_point() or value.is_complex())

    def assign_storage(self, storage: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        if not storage.requires_grad:
            # What a graph holds for a gradient is to stay the value that it was read with.
            held = storage._use_count() > 1
            return (torch.empty_like(storage) if held else storage).copy_(
                value.detach() if value.requires_grad else value
            )
        with torch.no_grad():
            storage.copy_(value)
        return storage

    def set_trainable(self, storage: torch.Tensor, trainable: bool) -> torch.Tensor:
        if trainable and not isinstance(storage, torch.nn.Parameter):
            return self.new_storage(storage, trainable)
        return storage.requires_grad_(trainable and (storage.is_floating_point() or storage.is_complex()))
