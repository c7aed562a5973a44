"""The JAX backend: how tensors come in and go out, the transforms, and the table."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax._src.core import trace_state_clean  # not public in 0.10; nothing that is says whether JAX is tracing
from kcore_ops import ArgumentError, Variable
from kcore_ops.plugin import SCALAR_OPS, Backend, Training

from kcore_backend_jax import (
    control_flow,
    convolution,
    elementwise,
    fourier,
    linalg,
    nn,
    random,
    recurrent,
    reductions,
    shaping,
)
from kcore_backend_jax.donation import compile_donating
from kcore_backend_jax.dtypes import NARROWER, native_dtype
from kcore_backend_jax.export import JaxExport


class JaxVariable(Variable):
    """A variable that JAX functions take as they take arrays."""

    def __jax_array__(self) -> jax.Array:
        value: jax.Array = self.value
        return value

    def assign(self, value: Any) -> Any:
        before = self._storage
        result = super().assign(value)
        if isinstance(self._storage, jax.core.Tracer) and not isinstance(before, jax.core.Tracer):
            self._storage = before
            raise ArgumentError(
                "a variable would be left with a value that exists only inside a function being transformed by JAX",
                fix="call layer.stateless_call(trainable_variables, non_trainable_variables, x) there, which returns "
                "the new values, or call the layer with training=False",
            ).at(f'variable "{self.path}"')
        return result


# In a tree, or as an argument of a compiled function, a variable stands for its value.
jax.tree_util.register_pytree_node(
    JaxVariable, lambda variable: ((variable.value,), None), lambda _, children: children[0]
)


class JaxTraining(Training):
    """Steps that take over the memory of the old state."""

    takes_arrays = True

    def moves_batches(self, like: jax.Array | None) -> bool:
        return like is not None and isinstance(like, jax.Array) and any(d.platform != "cpu" for d in like.devices())

    def place_array(self, array: Any, like: jax.Array | None, is_ours: bool) -> Any:
        # On the host a compiled step takes arrays itself, sooner than JAX makes them its own.
        if not self.moves_batches(like) or len(like.devices()) > 1:  # type: ignore[union-attr]
            return array
        return jax.device_put(array, like.sharding)  # type: ignore[union-attr]

    def compile_step(self, function: Callable[..., Any], keeps_state: bool = False) -> Callable[..., Any]:
        return jax.jit(function) if keeps_state else compile_donating(function)


class JaxBackend(Backend):
    """Tensors are `jax.Array`, tracers included."""

    tensor_types: ClassVar[tuple[type, ...]] = (jax.Array, jax.core.Tracer)
    families = (elementwise, reductions, shaping, linalg, fourier, nn, convolution, recurrent, random, control_flow)
    scalar_ops = SCALAR_OPS
    of_int8 = linalg.OF_INT8
    variable = JaxVariable
    training_type = JaxTraining
    export_type = JaxExport

    @property
    def capabilities(self) -> frozenset[str]:  # type: ignore[override]
        has_x64 = {"float64"} if jax.config.jax_enable_x64 else set()
        return frozenset({"complex", "gradient", "jit", "jvp", "vmap"} | has_x64)

    def takes_number(self, op: str, dtype: str) -> bool:
        # JAX reads one as int32, or int64 in its 64-bit mode, which may be too small for it.
        return op in self.scalar_ops and dtype not in ("uint32", "uint64")

    def to_tensor(self, value: Any, dtype: str | None, like: jax.Array | None = None) -> jax.Array:
        place = None if like is None else self.elsewhere(like)
        return jnp.asarray(value, None if dtype is None else native_dtype(dtype), device=place)

    def to_numpy(self, x: jax.Array) -> np.ndarray[Any, Any]:
        return np.asarray(x)

    def call_on_host(
        self, function: Callable[..., Sequence[Any]], specs: Sequence[Any], tensors: Sequence[Any]
    ) -> list[Any]:
        if not any(isinstance(x, jax.core.Tracer) for x in tensors):
            return super().call_on_host(function, specs, tensors)
        results = [jax.ShapeDtypeStruct(spec.shape, native_dtype(spec.dtype)) for spec in specs]
        return jax.pure_callback(
            lambda *arrays: [np.asarray(y) for y in function(*map(np.asarray, arrays))],
            results,
            *tensors,
            vmap_method="sequential",
        )

    def from_dlpack(self, x: Any) -> jax.Array:
        return jnp.from_dlpack(x)

    def canonical_dtype(self, dtype: str) -> str:
        return dtype if jax.config.jax_enable_x64 else NARROWER.get(dtype, dtype)

    def devices(self) -> list[str]:
        return [f"{'cpu' if d.platform == 'cpu' else d.platform}:{d.id}" for d in _all_devices()]

    def device_scope(self, device: str) -> contextlib.AbstractContextManager[Any]:
        return jax.default_device(_device(device))

    def to_device(self, x: jax.Array, device: str) -> jax.Array:
        return jax.device_put(x, _device(device))

    # An array that JAX made of numbers alone is bound to no device: it goes where it is used.
    def place_of(self, x: jax.Array) -> Any:
        return None if isinstance(x, jax.core.Tracer) or not x.committed else frozenset(x.sharding.device_set)

    def elsewhere(self, x: jax.Array) -> Any:
        if isinstance(x, jax.core.Tracer) or not x.committed or len(devices := x.sharding.device_set) > 1:
            return None
        (device,) = devices
        return None if device == _default_device() else device

    def place_scope(self, place: Any) -> contextlib.AbstractContextManager[Any]:
        return jax.default_device(place)

    def is_tracing(self) -> bool:
        # Under `jit` everything that is computed is traced; under `grad` and `vmap` what depends on their arguments.
        return not trace_state_clean()

    def is_traced(self, x: Any) -> bool:
        return isinstance(x, jax.core.Tracer)

    def outside_graphs(self) -> contextlib.AbstractContextManager[Any]:
        return jax.ensure_compile_time_eval()

    def assign_storages(self, storages: Sequence[jax.Array], values: Sequence[jax.Array]) -> list[jax.Array]:
        return list(values)

    def native_key(self, seed: Any) -> jax.Array:
        return jnp.asarray(seed, jnp.uint32)

    def vjp(self, function: Callable[..., Any], primals: Sequence[Any]) -> tuple[Any, Callable[..., Any]]:
        return jax.vjp(function, *primals)

    def value_and_grad(
        self, function: Callable[..., Any], argnums: tuple[int, ...], has_aux: bool
    ) -> Callable[..., Any]:
        return jax.value_and_grad(function, argnums=argnums, has_aux=has_aux)

    def jvp(self, function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        return jax.jvp(function, tuple(primals), tuple(tangents))

    def vmap(self, function: Callable[..., Any], in_axes: Any, out_axes: Any) -> Callable[..., Any]:
        return jax.vmap(function, in_axes=in_axes, out_axes=out_axes)

    def jit(self, function: Callable[..., Any], specs: Sequence[Any] | None = None) -> Callable[..., Any]:
        return jax.jit(function)

    def custom_gradient(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return jax.custom_gradient(function)

    def checkpoint(self, function: Callable[..., Any]) -> Callable[..., Any]:
        recomputed = jax.checkpoint(function)

        def computed(*tensors: Any) -> Any:
            # Outside of transforms nothing is differentiated, and `jax.checkpoint` would trace it in each call.
            is_plain = trace_state_clean() and not any(isinstance(x, jax.core.Tracer) for x in tensors)
            return function(*tensors) if is_plain else recomputed(*tensors)

        return computed


def _default_device() -> Any:
    device = jax.config.jax_default_device
    return jax.local_devices(backend=device)[0] if device is None or isinstance(device, str) else device


def _device(name: str) -> Any:
    return next(device for device in _all_devices() if f"{device.platform}:{device.id}" == name)


def _all_devices() -> list[Any]:
    platforms = dict.fromkeys(["cpu", jax.default_backend()])
    return [device for platform in platforms for device in jax.devices(platform)]
