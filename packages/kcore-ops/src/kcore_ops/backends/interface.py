"""The backend interface: what a plugin registers (`Plugin`) and what it provides once loaded (`Backend`)."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from kcore_ops.backends.abilities import Modules, Training
from kcore_ops.backends.datasets import Datasets
from kcore_ops.backends.exports import Export
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.foundation.errors import GradientsUnavailable, PluginError

__all__ = ["CAPABILITIES", "INTERFACE", "SCALAR_OPS", "Backend", "Plugin", "merged_tables"]

# Version of the interface. While it is 0.x a plugin must be written for this minor version; later, for this major
# version and no newer minor one.
INTERFACE = "0.2"

CAPABILITIES = frozenset(
    {
        "complex",  # tensors of complex64
        "dynamic_shapes",  # tensors some of whose sizes are known only when a graph runs
        "float64",  # float64 and int64 tensors as they stand
        "gradient",  # vjp, and what follows from it
        "jit",  # compiles functions
        "jvp",  # forward-mode derivatives
        "mutable_state",  # a variable's storage is updated in place
        "strings",  # tensors of strings: layers may give some, and no op takes them
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
        of_int8: op name to a function of the same arguments that takes tensors of int8 alone as they are, where its
            result is int32; others get them as int32.
        widened: op name (or `"*"`) to a map of dtypes the framework can not compute that op in, each to the dtype to
            use instead; results are cast back.
        families: modules that each have a dict `TABLE`, and may have one `WIDENED`, of which the table is made.
        dtypes: from each of the framework's dtypes, where its name is not kcore's, to kcore's name for it.
        size_types: the framework's own classes of sizes that only the running function knows, where those would turn
            into the integers of one call if they were asked for one.
        variable: the class that `kcore_ops.Variable` becomes here, or None for the plain one.
        raises_late: whether a call with arguments that do not fit may succeed, and fail when its value is asked for:
            then each call is checked against the op's specs before.
        training_type: the class of `training`, which says how steps are made.
        modules_type: the class of `modules`, the framework's own modules, which layers and optimizers join; or None.
        export_type: the class of `export`, which writes files that other programs run; by default it writes none.
        datasets_type: the class of `datasets`, the framework's own; or None.
    """

    name: str = ""
    tensor_types: ClassVar[tuple[type, ...]] = ()
    capabilities: ClassVar[frozenset[str]] = frozenset()
    scalar_ops: ClassVar[frozenset[str]] = frozenset()
    of_int8: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    widened: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    families: ClassVar[Sequence[Any]] = ()
    dtypes: ClassVar[Mapping[Any, str]] = {}
    size_types: ClassVar[tuple[type, ...]] = ()
    variable: type | None = None
    raises_late: ClassVar[bool] = False
    training_type: ClassVar[type[Training]] = Training
    modules_type: ClassVar[type[Modules] | None] = None
    export_type: ClassVar[type[Export]] = Export
    datasets_type: ClassVar[type[Datasets] | None] = None

    def __init__(self) -> None:
        self.training = self.training_type(self)
        self.export = self.export_type(self)
        self.datasets = None if self.datasets_type is None else self.datasets_type(self)
        self.modules = None if self.modules_type is None else self.modules_type(self)
        self.ops: dict[str, Callable[..., Any]] = dict(self.table())
        if self.families:
            self.widened = merged_tables(self.families, "WIDENED")  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<kcore backend {self.name}>"

    def __reduce__(self) -> Any:
        """Copy and pickle as the name it is found by: one backend is one object in a process."""
        from kcore_ops.backends.registry import load

        return load, (self.name,)

    # In and out.

    def table(self) -> Mapping[str, Callable[..., Any]]:
        """Return the function of each op by the op's name, by default those of all `families`. Called once."""
        return merged_tables(self.families, "TABLE")

    def to_tensor(self, value: Any, dtype: str | None, like: Any = None) -> Any:
        """Make a tensor of a NumPy array, a Python number, or nested lists of numbers.

        It is to lie where the tensor `like` does, given only to a backend that has `elsewhere`; without one in the
        place of the innermost `place_scope`, or else where the framework makes tensors.
        """
        raise NotImplementedError

    def to_numpy(self, x: Any) -> np.ndarray[Any, Any]:
        """Return the numbers of a tensor as a NumPy array."""
        raise NotImplementedError

    def item(self, x: Any) -> Any:
        """Return the number that a tensor of one element holds, as Python's."""
        return self.to_numpy(x).item()

    def from_dlpack(self, x: Any) -> Any:
        """Make a tensor of another framework's, without a copy."""
        raise NotImplementedError(f"{self.name} does not exchange tensors by DLPack")

    def dtype(self, x: Any) -> str:
        """Return the name of a tensor's dtype."""
        return self.dtypes[x.dtype] if self.dtypes else standardize_dtype(x.dtype)

    def shape(self, x: Any) -> tuple[Any, ...]:
        """Return a tensor's sizes: integers, and scalar tensors where only the running graph knows."""
        return tuple(x.shape)

    def canonical_dtype(self, dtype: str) -> str:
        """Return the dtype the framework, as configured, has in place of `dtype`."""
        return dtype

    def takes_number(self, op: str, dtype: str) -> bool:
        """Return whether an op's function takes a Python number beside a tensor of `dtype` and keeps the dtype."""
        return op in self.scalar_ops

    # Devices. A backend whose tensors can lie in more than one place has all of these.

    def devices(self) -> list[str]:
        """Names of the devices, for example `["cpu:0", "gpu:0"]`."""
        return ["cpu:0"]

    def device_scope(self, device: str) -> contextlib.AbstractContextManager[Any]:
        """Place the tensors made inside the `with` block on a device."""
        return contextlib.nullcontext()

    def to_device(self, x: Any, device: str) -> Any:
        """Return a tensor of the same numbers on a device, bound to it where the framework makes a difference."""
        with self.device_scope(device):
            return self.to_tensor(self.to_numpy(x), self.dtype(x))

    def place_of(self, x: Any) -> Any:
        """Return the place of a tensor: something that can be compared; None for one that is bound to none."""
        return None

    def elsewhere(self, x: Any) -> Any:
        """Return the place of a tensor if what is made now would land in another, else None.

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
        """Return whether a function is being compiled, so that what is computed now are no numbers."""
        return False

    def is_traced(self, x: Any) -> bool:
        """Return whether a tensor stands for one that exists only when a compiled function runs."""
        return False

    def call_on_host(
        self, function: Callable[..., Sequence[Any]], specs: Sequence[Any], tensors: Sequence[Any]
    ) -> list[Any]:
        """Return tensors made of what a function of NumPy arrays returns: strings, tables, and what no tensor computes.

        In a function that the framework compiles, it is called whenever that runs, once for each element of a data set
        that is mapped by it. It has no gradient.

        Args:
            function: takes an array for each tensor, and returns a sequence of arrays. Strings are arrays of objects,
                and there may be `bytes`.
            specs: the `TensorSpec` of each array returned, which has that dtype.
            tensors: tensors of this backend, or arrays.
        """
        values = function(*(x if isinstance(x, np.ndarray) else self.to_numpy(x) for x in tensors))
        return [self.to_tensor(value, spec.dtype) for value, spec in zip(values, specs, strict=True)]

    # Storage of variables.

    def new_storage(self, value: Any, trainable: bool) -> Any:
        """Return what holds a variable's value: the tensor itself, unless the framework has variables of its own."""
        return value

    def assign_storage(self, storage: Any, value: Any) -> Any:
        """Return the storage after an assignment: the same object where it can be changed in place."""
        return value

    def assign_storages(self, storages: Sequence[Any], values: Sequence[Any]) -> list[Any]:
        """Return the storages after the assignments of a whole step, which a lazy framework may want to see at once."""
        return [self.assign_storage(*pair) for pair in zip(storages, values, strict=True)]

    def set_trainable(self, storage: Any, trainable: bool) -> Any:
        """Return the storage after its variable became trainable, or stopped being so."""
        return storage

    def native_key(self, seed: Any) -> Any:
        """Return a seed, a tensor of two uint32, as what JAX's own random functions take for a key."""
        raise NotImplementedError(f"{self.name} has no random keys")

    # Transforms. With `vjp` alone a backend has gradients: kcore derives `value_and_grad` and `jvp` from it, and `vmap`
    # from a loop, where a backend has none of its own.

    def vjp(self, function: Callable[..., Any], primals: Sequence[Any]) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """Return `function(*primals)` and the function from a cotangent of it to the cotangents of the primals.

        Primals and the value are trees of tensors; an unused primal has a cotangent of zeros.
        """
        raise GradientsUnavailable(
            f"the {self.name} backend has no gradients",
            fix="choose a backend that has, for example with kcore.use_backend('jax')",
        )

    def value_and_grad(
        self, function: Callable[..., Any], argnums: tuple[int, ...], has_aux: bool
    ) -> Callable[..., Any]:
        """Return the function from arguments to (value, gradients), or ((value, aux), gradients)."""
        raise self._derived("value_and_grad")

    def jvp(self, function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        """Return `function(*primals)` and its derivative along `tangents`."""
        raise self._derived("jvp")

    def vmap(self, function: Callable[..., Any], in_axes: Any, out_axes: Any) -> Callable[..., Any]:
        """Return the function mapped over an axis of its arguments."""
        raise self._derived("vmap")

    def _derived(self, transform: str) -> NotImplementedError:
        return NotImplementedError(f"{self.name} has no {transform} of its own; kcore_ops.{transform} derives one")

    def jit(self, function: Callable[..., Any], specs: Sequence[Any] | None = None) -> Callable[..., Any]:
        """Return the function compiled; itself where there is no compiler.

        Given specs of its arguments, a backend with `dynamic_shapes` compiles it once, for every size of the unknown
        ones among them.
        """
        return function

    def custom_gradient(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function whose value is `function(*args)[0]`, and cotangents those of `function(*args)[1]`."""
        return lambda *args: function(*args)[0]

    def checkpoint(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, computed again rather than remembered when gradients are taken.

        It takes tensors and returns a list of them, not all floating; gradients reach its arguments, and storages of
        variables where the framework differentiates with respect to those.
        """
        return function

    def has(self, method: str) -> bool:
        """Return whether the backend has a method of its own in place of the interface's."""
        return getattr(type(self), method) is not getattr(Backend, method)

    def version(self) -> str:
        """Return the version of the framework in use, by default that of the module its tensors come from."""
        framework = sys.modules.get(self.tensor_types[0].__module__.partition(".")[0]) if self.tensor_types else None
        return str(getattr(framework, "__version__", "unknown"))


def merged_tables(families: Sequence[Any], name: str) -> dict[str, Any]:
    """Return the dicts that modules have under a name as one.

    Args:
        families: the modules; one may have none.
        name: the name, `"TABLE"` for example.

    Raises:
        PluginError: naming every key that stands in two modules.
    """
    owners: dict[str, str] = {}
    merged: dict[str, Any] = {}
    faults = []
    for family in families:
        for key, value in getattr(family, name, {}).items():
            if key in owners:
                faults.append(f"{key!r} stands in {owners[key]} and in {family.__name__}")
            owners[key] = family.__name__
            merged[key] = value
    if faults:
        raise PluginError(f"two families of one table: {'; '.join(faults)}", fix="leave each to one of them")
    return merged
