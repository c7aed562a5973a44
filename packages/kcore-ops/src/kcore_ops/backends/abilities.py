"""What a backend may offer beside its table and transforms: how steps are made, and the framework's own modules.

Each ability is an object that the backend makes of a class it names (`training_type`, `modules_type`). Kcore asks for
the object, never for the backend's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from kcore_ops.foundation.errors import KcoreError

if TYPE_CHECKING:
    from kcore_ops.backends.interface import Backend

__all__ = ["BRIDGE", "ModuleBridge", "Modules", "NotCompilable", "Training", "bridge_of"]

# Version of `ModuleBridge`; a minor step only adds to it.
BRIDGE = "0.1"


class NotCompilable(KcoreError, ValueError):
    """A step that the framework can not compile, and can take as it is."""


class Training:
    """How steps of training, evaluation and prediction are made.

    As it stands, of the backend's `jit`: a step is a function of the state. A subclass says what the framework does
    better.

    Attributes:
        takes_arrays: whether a compiled step takes NumPy arrays among its batches; if not, they are tensors by then.
        compiles_functions: whether steps that are taken in place may be compiled as functions of the state instead, for
            users who ask for it.
        loops_in_place: whether compiled steps in place can be the body of a loop, by `loop_in_place`.
    """

    takes_arrays: ClassVar[bool] = False
    compiles_functions: ClassVar[bool] = False
    loops_in_place: ClassVar[bool] = False

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def compile_step(self, function: Callable[..., Any], keeps_state: bool = False) -> Callable[..., Any]:
        """Return a step compiled.

        `function(state, batches)` returns `(results, new state)`. The state is a tuple of lists of tensors. `batches`
        is a tuple of trees of tensors of this backend, in which None may stand, and strings where data holds text.

        Args:
            function: the step.
            keeps_state: whether the old state is used afterwards, as weights are by other threads that predict. Where
                it is not, its memory may be.

        Raises:
            NotCompilable: when it is called, before it has changed anything, if the function is one that can not be
                compiled and can run as it is.
        """
        return self.backend.jit(function)

    def compile_in_place_step(self, function: Callable[..., Any], is_compiled: bool | str) -> Callable[..., Any]:
        """Return a step that changes variables in place; compiled, where the framework compiles such functions.

        Args:
            function: the step, of a tuple of batches as above.
            is_compiled: what the user says of it: True, False or "auto".
        """
        return function

    def loop_in_place(self, step: Callable[[Any], Any], batches: Any, keeps_all: bool) -> Any:
        """Take a step on each of several batches, inside of a function that is compiled.

        Args:
            step: the step, of a batch.
            batches: the batches as one, with another axis before the others.
            keeps_all: whether the results of all steps are returned, stacked; else those of the last are.
        """
        raise NotImplementedError(f"{self.backend.name} does not loop over steps")

    def moves_batches(self, like: Any) -> bool:
        """Return whether batches have a way to go to where a tensor is, which others can be computed during."""
        return False

    def place_array(self, array: Any, like: Any, is_ours: bool) -> Any:
        """Return an array of a batch as steps take it best: a tensor where `like` is. The move may still be going on.

        Args:
            array: a NumPy array of numbers.
            like: a tensor, or None for the default device.
            is_ours: whether nobody else reads or writes its memory.
        """
        return self.backend.beside(like, array, self.backend.canonical_dtype(array.dtype.name))

    def without_gradients(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a function of one argument that computes the same, of which nobody will ask the gradient."""
        return function

    def joined(self, parts: Sequence[Any]) -> np.ndarray[Any, Any]:
        """Return tensors, one after the other along their first axis, as one array that shares memory with none."""
        return np.concatenate([self.backend.to_numpy(part) for part in parts])

    def value_and_grad_in_place(
        self, function: Callable[[], tuple[Any, Any]], storages: Sequence[Any]
    ) -> tuple[Any, Any, Sequence[Any]]:
        """Return the value and the rest of what `function()` returns, and the gradients of the value, None for unused.

        Asked only of a backend with the capability `mutable_state`.
        """
        raise NotImplementedError(f"{self.backend.name} does not change variables in place")

    def in_place_updater(self, function: Callable[..., Any]) -> Callable[..., bool] | None:
        """Return what updates many storages at once by an element-by-element function, or None.

        The function is called `(*shared, gradient, *state)`, the gradient left out where there are none, and returns
        the new state. The updater is called `(shared, gradients, states)`: scalar tensors, a list of tensors, and for
        each part of the state a list of storages; it returns whether it did the update, and does nothing where it can
        not.
        """
        return None

    def dense_gradient(self, gradient: Any) -> Any:
        """Return a gradient as a tensor, where the framework gave it in some other form."""
        return gradient

    def random_state(self) -> Any:
        """Return where the framework's own generator is, as a NumPy array; None if it has none that can be put back."""
        return None

    def set_random_state(self, state: Any) -> None:
        """Put the framework's own generator where it was."""

    def gradients_to_apply(self, gradients: Sequence[Any]) -> list[Any]:
        """Return gradients as tensors; where copies of a step run on several devices, those of all of them together."""
        return [self.dense_gradient(gradient) for gradient in gradients]


class ModuleBridge(Protocol):
    """What the framework's class of modules may ask of a layer, which is an instance of it: `bridge_of(layer)`.

    Variables are those of the layer itself, without those of layers inside.
    """

    @property
    def trainable(self) -> Sequence[Any]:
        """The variables that were made to be trained, frozen or not."""

    @property
    def non_trainable(self) -> Sequence[Any]:
        """The variables that were not."""

    @property
    def seed_states(self) -> Sequence[Any]:
        """The variables that hold the states of its seed generators."""

    @property
    def metric_variables(self) -> Sequence[Any]:
        """The variables of metrics that it holds."""

    @property
    def layers(self) -> Sequence[tuple[str, Any]]:
        """The layers right inside, each with the path of the attribute that holds it."""

    @property
    def all_layers(self) -> Sequence[Any]:
        """The layers inside, at any depth."""

    @property
    def native_modules(self) -> Mapping[str, Any]:
        """The framework's own modules that it wraps, by name."""

    def add_storage(self, name: str, storage: Any, trainable: bool) -> None:
        """Track storage of the framework's own making as a variable, under the name of an attribute."""

    def set_mode(self, training: bool | None) -> None:
        """Let calls that are told no training flag have this one; None for that of the call around them."""

    def changed(self) -> None:
        """Say that a hook, or the place or dtype of a variable, is another."""

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the layer, for a framework that runs hooks around this."""


class Modules:
    """The framework's own modules, which the layers and optimizers made on a backend are too.

    Attributes:
        base: the class of modules that every layer is an instance of.
        mixin: a class that comes before a layer's own: methods of modules that a layer has to do otherwise, by way of
            `bridge_of(self)`.
        optimizer_mixin: a class that comes before an optimizer's own, or None. Its `add_part(name, part)` is told of
            each variable, and each optimizer inside, as soon as there is one.
        storage_types: the framework's classes of what can be trained, `torch.nn.Parameter` for one: an instance that is
            assigned to an attribute of a layer is one of its weights.
        instance_names: attributes of every instance of `base`, which are no place for state.
        user_names: methods of `base` that only users call: an attribute may take their place.
    """

    base: ClassVar[type]
    mixin: ClassVar[type | None] = None
    optimizer_mixin: ClassVar[type | None] = None
    storage_types: ClassVar[tuple[type, ...]] = ()
    instance_names: ClassVar[frozenset[str]] = frozenset()
    user_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def start(self, layer: Any) -> None:
        """Prepare a layer that has no attribute yet, as the constructor of `base` does."""

    def is_foreign(self, value: Any) -> bool:
        """Return whether a value is a module of the framework's own that is no layer."""
        return False

    def variable_over(self, storage: Any, name: str) -> Any:
        """Return a `Variable` that shares the storage of one of the framework's own, or None if it is none of those."""
        return None

    def variables_of(self, module: Any) -> Mapping[str, Any]:
        """Return a variable over each tensor of a module of the framework's own, by name, sharing its storage."""
        raise NotImplementedError(f"{self.backend.name} has no modules of its own")

    def call(self, module: Any, values: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call a module with values in place of its tensors, by their names in `variables_of`."""
        raise NotImplementedError(f"{self.backend.name} has no modules of its own")

    def unpickle(self, data: bytes) -> Any:
        """Return a module from what the framework's own saving makes of it, which holds code that then runs."""
        raise NotImplementedError(f"{self.backend.name} has no modules of its own")

    def is_parameter(self, variable: Any) -> bool:
        """Return whether the framework counts a variable among the parameters, also one that is not to be trained."""
        return False

    def takes_attribute(self, layer: Any, name: str) -> None:
        """Take an attribute for the framework's, which a layer is about to track the storage of."""

    def tracked(self, layer: Any) -> None:
        """Bring what the framework knows of a layer up to date: which variables, layers and modules it has."""

    def has_hooks(self, layer: Any) -> bool:
        """Return whether the framework has something to do around the calls of a layer."""
        return False

    # What `has_hooks` says of all modules, asked in each call; None where a layer is told of its own hooks alone.
    has_global_hooks: Callable[[], bool] | None = None

    def call_with_hooks(self, layer: Any, args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call a layer with hooks, by way of `bridge_of(layer).call`."""
        raise NotImplementedError(f"{self.backend.name} has no hooks")


def bridge_of(layer: Any) -> ModuleBridge:
    """Return what a layer lets the framework's class of modules ask and tell it."""
    bridge: ModuleBridge = layer.__kcore_bridge__()
    return bridge
