"""The backend interface: what a plugin registers (`Plugin`) and what it provides once loaded (`Backend`)."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from kcore_ops.dtypes import standardize_dtype
from kcore_ops.foundation.errors import GradientsUnavailable

__all__ = ["CAPABILITIES", "INTERFACE", "SCALAR_OPS", "Backend", "Plugin"]

# Version of the interface. While it is 0.x a plugin must be written for this minor version; later, for this major
# version and no newer minor one.
INTERFACE = "0.1"

CAPABILITIES = frozenset(
    {
        "complex",  # tensors of complex64
        "dynamic_shapes",  # tensors some of whose sizes are known only when a graph runs
        "float64",  # float64 and int64 tensors as they stand
        "gradient",  # vjp, and what follows from it
        "jit",  # compiles functions
        "jvp",  # forward-mode derivatives
        "mutable_state",  # a variable's storage is updated in place
        "vmap",  # vectorizes functions, rather than looping over them
    }
)

# Ops between tensors whose native functions commonly take a Python number for one of them.
SCALAR_OPS = frozenset(
    "add subtract multiply divide power floor_divide mod maximum minimum "
    "equal not_equal less less_equal greater greater_equal clip take".split()
)


@dataclasses.dataclass(frozen=True)
class Plugin:
    """What a backend's entry point names: enough to list it without loading its framework.

    Args:
        name: the name users select the backend by.
        framework: the module the backend is built on; a backend whose framework is missing is listed as unusable.
        implementation: `"module:attribute"` of the `Backend` subclass, imported when the backend is first used.
        interface: the version of the interface it was written for, written out: that of the kcore-ops installed, which
            is `INTERFACE`, may be another one day.
        priority: the highest of the installed backends is the default one.
        requires: the distribution to install where the framework is missing; defaults to `framework`.
    """

    name: str
    framework: str
    implementation: str
    _: dataclasses.KW_ONLY
    interface: str
    priority: int = 0
    requires: str | None = None


class Backend:
    """A table of functions and a few transforms over one framework's tensors. Subclass it to write a backend.

    Attributes:
        tensor_types: the classes whose instances belong to this backend; subclasses of them do too.
        ops: function of each op by the op's name. It is called with every parameter of the op, by position, with
            dtypes promoted, axes as integers or tuples, dtypes as names, and must not check or promote again.
        capabilities: some of `CAPABILITIES`.
        scalar_ops: the ops whose functions take a Python number in place of one tensor.
        widened: op name (or `"*"`) to a map of dtypes the framework can not compute that op in, each to the dtype to
            use instead; results are cast back.
        variable: the class that `kcore_ops.Variable` becomes here, or None for the plain one.
        storage_types: the framework's own classes of what can be trained, `torch.nn.Parameter` for one: an instance
            that is assigned to an attribute of a layer is one of its weights.
        layer_base: the framework's own class of modules, which every layer made here is an instance of, or None.
        layer_mixin: methods that come before a layer's own, to make it a citizen of the framework, or None.
        optimizer_mixin: a class that comes before an optimizer's own, or None. Its `note_part(name, part)` is told of
            each variable, and each optimizer inside, as soon as there is one.
    """

    name: str = ""
    tensor_types: ClassVar[tuple[type, ...]] = ()
    capabilities: ClassVar[frozenset[str]] = frozenset()
    scalar_ops: ClassVar[frozenset[str]] = frozenset()
    widened: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    variable: type | None = None
    storage_types: ClassVar[tuple[type, ...]] = ()
    layer_base: type | None = None
    layer_mixin: type | None = None
    optimizer_mixin: type | None = None

    def __init__(self) -> None:
        self.ops: dict[str, Callable[..., Any]] = dict(self.table())

    def __repr__(self) -> str:
        return f"<kcore backend {self.name}>"

    def __reduce__(self) -> Any:
        """Copy and pickle as the name it is found by: one backend is one object in a process."""
        from kcore_ops.backends.registry import load

        return load, (self.name,)

    # In and out.

    def table(self) -> Mapping[str, Callable[..., Any]]:
        """Give the function of each op by the op's name. Called once."""
        raise NotImplementedError

    def to_tensor(self, value: Any, dtype: str | None, like: Any = None) -> Any:
        """Make a tensor of a NumPy array, a Python number, or nested lists of numbers.

        It is to lie where the tensor `like` does, given only to a backend that has `elsewhere`; without one in the
        place of the innermost `place_scope`, or else where the framework makes tensors.
        """
        raise NotImplementedError

    def to_numpy(self, x: Any) -> np.ndarray[Any, Any]:
        """Give the numbers of a tensor as a NumPy array."""
        raise NotImplementedError

    def from_dlpack(self, x: Any) -> Any:
        """Make a tensor of another framework's, without a copy."""
        raise NotImplementedError(f"{self.name} does not exchange tensors by DLPack")

    def dtype(self, x: Any) -> str:
        """Give the name of a tensor's dtype."""
        return standardize_dtype(x.dtype)

    def shape(self, x: Any) -> tuple[Any, ...]:
        """Give a tensor's sizes: integers, and scalar tensors where only the running graph knows."""
        return tuple(x.shape)

    def canonical_dtype(self, dtype: str) -> str:
        """Give the dtype the framework, as configured, has in place of `dtype`."""
        return dtype

    def takes_number(self, op: str, dtype: str) -> bool:
        """Say whether an op's function takes a Python number beside a tensor of `dtype`, without changing the dtype."""
        return op in self.scalar_ops

    # Devices. A backend whose tensors can lie in more than one place has all of these.

    def devices(self) -> list[str]:
        """Names of the devices, for example `["cpu:0", "gpu:0"]`."""
        return ["cpu:0"]

    def device_scope(self, device: str) -> contextlib.AbstractContextManager[Any]:
        """Place the tensors made inside the `with` block on a device."""
        return contextlib.nullcontext()

    def to_device(self, x: Any, device: str) -> Any:
        """Give a tensor of the same numbers on a device, bound to it where the framework makes a difference."""
        with self.device_scope(device):
            return self.to_tensor(self.to_numpy(x), self.dtype(x))

    def place_of(self, x: Any) -> Any:
        """Give the place of a tensor: something that can be compared; None for one that is bound to none."""
        return None

    def elsewhere(self, x: Any) -> Any:
        """Give the place of a tensor if what is made now would land in another, else None.

        What a definition makes is to land where its tensors are, so each call that runs one asks this of a tensor,
        and enters the `place_scope` of the answer. Without this method a backend's calls go where its framework
        sends them: to the device of a `device_scope`, wherever the tensors were.
        """
        return None

    def place_scope(self, place: Any) -> contextlib.AbstractContextManager[Any]:
        """Make tensors in a place, one that `elsewhere` gave, inside the `with` block."""
        return contextlib.nullcontext()

    @property
    def follows_tensors(self) -> bool:
        """Whether a call's results lie where its tensors do: whether there is a method `elsewhere`."""
        return type(self).elsewhere is not Backend.elsewhere

    def beside(self, like: Any, value: Any, dtype: str | None) -> Any:
        """Make a tensor, as `to_tensor` does, in the place of another."""
        return self.to_tensor(value, dtype, like) if self.follows_tensors else self.to_tensor(value, dtype)

    def outside_graphs(self) -> contextlib.AbstractContextManager[Any]:
        """Compute at once inside the `with` block, even where a function is being traced: for what must outlive it."""
        return contextlib.nullcontext()

    def is_tracing(self) -> bool:
        """Say whether a function is being compiled, so that what is computed now are no numbers."""
        return False

    def is_traced(self, x: Any) -> bool:
        """Say whether a tensor stands for one that exists only when a compiled function runs."""
        return False

    # Storage of variables.

    def new_storage(self, value: Any, trainable: bool) -> Any:
        """Give what holds a variable's value: the tensor itself, unless the framework has variables of its own."""
        return value

    def assign_storage(self, storage: Any, value: Any) -> Any:
        """Give the storage after an assignment: the same object where it can be changed in place."""
        return value

    def set_trainable(self, storage: Any, trainable: bool) -> Any:
        """Give the storage after its variable became trainable, or stopped being so."""
        return storage

    def variables_of_module(self, module: Any) -> Mapping[str, Any]:
        """Give a variable over each tensor of a module of the framework's own, by name, sharing its storage."""
        raise NotImplementedError(f"{self.name} has no modules of its own")

    def call_module(
        self, module: Any, values: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """Call a module with values in place of its tensors, by their names in `variables_of_module`."""
        raise NotImplementedError(f"{self.name} has no modules of its own")

    def native_key(self, seed: Any) -> Any:
        """Give a seed, a tensor of two uint32, as what JAX's own random functions take for a key."""
        raise NotImplementedError(f"{self.name} has no random keys")

    # Training steps. Without these a step is a function of the state, made of `value_and_grad` and `jit`.

    def in_place_updater(self, function: Callable[..., Any]) -> Callable[..., bool] | None:
        """Give what updates many storages at once by an element-by-element function, or None.

        The function is called `(*shared, gradient, *state)`, the gradient left out where there are none, and gives the
        new state. The updater is called `(shared, gradients, states)`: scalar tensors, a list of tensors, and for each
        part of the state a list of storages; it says whether it did the update, and does nothing where it can not.
        """
        return None

    def dense_gradient(self, gradient: Any) -> Any:
        """Give a gradient as a tensor, where the framework gave it in some other form."""
        return gradient

    def gradients_to_apply(self, gradients: Sequence[Any]) -> list[Any]:
        """Give gradients as tensors; where copies of a step run on several devices, those of all of them together."""
        return [self.dense_gradient(gradient) for gradient in gradients]

    def variable_over(self, storage: Any, name: str) -> Any:
        """Give a `Variable` that shares the storage of one of the framework's own, or None if it is none of those."""
        return None

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        """Compute inside the `with` block what nobody will ask the gradient of."""
        return contextlib.nullcontext()

    def compile_step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a step compiled: a function of a tree of tensors, its state, and of a batch, to results and new state.

        The old state is not used afterwards: its memory may be.
        """
        return self.jit(function)

    def compile_in_place_step(self, function: Callable[..., Any], is_compiled: Any) -> Callable[..., Any]:
        """Give a step that changes variables in place; compiled, where the framework compiles such functions.

        `is_compiled` is what the user says of it: True, False or "auto".
        """
        return function

    def value_and_grad_in_place(
        self, function: Callable[[], tuple[Any, Any]], storages: Sequence[Any]
    ) -> tuple[Any, Any, Sequence[Any]]:
        """Give the value and the rest of what `function()` returns, and the gradients of the value, None for unused.

        Asked only of a backend with the capability `mutable_state`.
        """
        raise NotImplementedError(f"{self.name} does not change variables in place")

    # Transforms. With `vjp` alone a backend has gradients; the others have a meaning without help.

    def vjp(self, function: Callable[..., Any], primals: Sequence[Any]) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """Give `function(*primals)` and the function from a cotangent of it to the cotangents of the primals.

        Primals and the value are trees of tensors; an unused primal has a cotangent of zeros.
        """
        raise GradientsUnavailable(
            f"the {self.name} backend has no gradients",
            fix="choose a backend that has, for example with kcore.use_backend('jax')",
        )

    def value_and_grad(
        self, function: Callable[..., Any], argnums: tuple[int, ...], has_aux: bool
    ) -> Callable[..., Any]:
        """Give the function from arguments to (value, gradients), or ((value, aux), gradients)."""
        from kcore_ops.transforms.gradients import value_and_grad_by_vjp

        return value_and_grad_by_vjp(self, function, argnums, has_aux)

    def jvp(self, function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        """Give `function(*primals)` and its derivative along `tangents`."""
        from kcore_ops.transforms.gradients import jvp_by_vjp

        return jvp_by_vjp(self, function, primals, tangents)

    def vmap(self, function: Callable[..., Any], in_axes: Any, out_axes: Any) -> Callable[..., Any]:
        """Give the function mapped over an axis of its arguments."""
        from kcore_ops.transforms.gradients import vmap_by_loop

        return vmap_by_loop(function, in_axes, out_axes)

    def jit(self, function: Callable[..., Any], specs: Sequence[Any] | None = None) -> Callable[..., Any]:
        """Give the function compiled; itself where there is no compiler.

        Given specs of its arguments, a backend with `dynamic_shapes` compiles it once, for every size of the unknown
        ones among them.
        """
        return function

    def custom_gradient(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function whose value is `function(*args)[0]` and whose cotangents come from `function(*args)[1]`."""
        return lambda *args: function(*args)[0]

    def checkpoint(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function, computed again rather than remembered when gradients are taken."""
        return function

    def version(self) -> str:
        """Version of the framework in use."""
        return "unknown"
