"""Variables: tensors that change, in one backend's storage."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.backends.current import current_backend, on
from kcore_ops.backends.interface import Backend
from kcore_ops.backends.registry import component, load
from kcore_ops.engine.convert import tensor_on
from kcore_ops.engine.op import all_ops
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.specs.operators import TensorOperators
from kcore_ops.specs.spec import Size, TensorSpec, standardize_shape
from kcore_ops.state.stateless_scope import current_scope

__all__ = ["AutocastScope", "Variable", "variables_under"]

_autocast: ContextVar[str | None] = ContextVar("kcore_autocast", default=None)
autocast_dtype = _autocast.get
_outer_path: ContextVar[str] = ContextVar("kcore_outer_path", default="")
_counter = itertools.count()


@contextmanager
def variables_under(path: str) -> Iterator[None]:
    """Inside the `with` block variables that are made have a path that begins with `path`.

    >>> with variables_under("a/b"):
    ...     Variable([1.0], name="c").path
    'a/b/c'
    """
    token = _outer_path.set(path)
    try:
        yield
    finally:
        _outer_path.reset(token)


class AutocastScope:
    """Inside the `with` block floating variables with `autocast=True` are read in another dtype.

    Args:
        dtype: a floating dtype, or None for the variables' own.

    >>> v = Variable([1.0, 2.0])
    >>> with AutocastScope("float16"):
    ...     v.value.dtype
    dtype('float16')
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = None if dtype is None else dtypes.standardize_dtype(dtype)
        if self.dtype is not None and not dtypes.is_float_dtype(self.dtype):
            raise ArgumentError(f"variables can not be autocast to {self.dtype}", fix="use a floating dtype")
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> AutocastScope:
        self._tokens.append(_autocast.set(self.dtype))
        return self

    def __exit__(self, *error: Any) -> None:
        _autocast.reset(self._tokens.pop())


class Variable(TensorOperators):
    """A tensor that can be assigned to. It belongs to the backend that was current when it was made.

    Args:
        initializer: the first value, or a function from shape and dtype to it, or the name of an initializer.
        shape: sizes, all known; always with a function or a name.
        dtype: a dtype or its name; by default that of the value, or `config.floatx()`.
        trainable: whether optimizers change it.
        autocast: whether an `AutocastScope` changes the dtype it is read in.
        aggregation: how copies on several devices combine: 'none', 'mean', 'sum' or 'only_first_replica'.
        synchronization: when they do; 'auto'.
        name: its name; made up if None.

    Raises:
        ShapeError: if the value has not the shape asked for, or a size is unknown.

    >>> v = Variable([1.0, 2.0], name="scale")
    >>> v.assign(v * 2)
    array([2., 4.], dtype=float32)
    >>> v
    <Variable path=scale shape=(2,) dtype=float32 value=[2. 4.]>
    >>> v == [2.0, 3.0]
    array([ True, False])
    """

    # What each has; a variable that a backend makes of storage of its own is described later.
    name: str = ""
    path: str = ""
    aggregation: str = "none"
    synchronization: str = "auto"
    constraint: Callable[[Any], Any] | None = None
    regularizer: Callable[[Any], Any] | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Variable:
        """Make a variable of the class that the current backend has for them."""
        if cls is Variable:
            cls = current_backend().variable or Variable
        return object.__new__(cls)

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
    ) -> None:
        backend = current_backend()
        self.name = name or f"variable_{next(_counter)}"
        with backend.outside_graphs():
            self.backend = backend
            value = self._first_value(initializer, shape, dtype)
            self.describe(backend, self.name, tuple(value.shape), backend.dtype(value), trainable=bool(trainable))
            self.aggregation = aggregation
            self.synchronization = synchronization
            self._storage = self._new_storage(value)
        if outer := _outer_path.get():
            self.path = f"{outer}/{self.name}"
        self.is_auto_named = name is None
        self.autocast = bool(autocast)

    def _new_storage(self, value: Any) -> Any:
        """Return what holds the first value."""
        return self.backend.new_storage(value, self._trainable)

    @classmethod
    def over(cls, backend: Backend, storage: Any, name: str, trainable: bool) -> Variable:
        """Return a variable whose value lies in storage of the framework's own making, which both will see change."""
        variable: Variable = object.__new__(backend.variable or Variable)
        variable.describe(backend, name, tuple(storage.shape), backend.dtype(storage), trainable)
        variable._storage = storage
        return variable

    def adopt(self, storage: Any) -> None:
        """Let the value lie in other storage of the framework's own making from now on."""
        self._shape, self._dtype = tuple(storage.shape), self.backend.dtype(storage)
        self._storage = storage

    def describe(self, backend: Backend, name: str, shape: tuple[int, ...], dtype: str, trainable: bool) -> None:
        """Set all that a variable is but its storage, which a backend may have already."""
        self.backend = backend
        self.name = self.path = name
        self._shape = shape
        self._dtype = dtype
        self._trainable = trainable
        self.is_auto_named = False
        self.autocast = True
        self.aggregation = "none"
        self.synchronization = "auto"
        self.constraint = None
        self.regularizer = None
        self._overwrite_with_gradient = False

    def _first_value(self, initializer: Any, shape: Any, dtype: Any) -> Any:
        if shape is not None:
            shape = standardize_shape(shape)
            if any(size is None for size in shape):
                raise ShapeError(f"a variable can not have unknown sizes: {shape}", fix="give every size").at(self.name)
        if isinstance(initializer, str):
            initializer = component("initializers").get(initializer)
        if callable(initializer):
            if shape is None:
                raise ArgumentError("an initializer that is a function needs shape=", fix="pass shape=").at(self.name)
            dtype = dtypes.standardize_dtype(dtype)
            initializer = initializer(shape, dtype=dtype)
        value = tensor_on(self.backend, initializer, None if dtype is None else dtypes.standardize_dtype(dtype))
        if shape is not None and tuple(value.shape) != shape:
            raise ShapeError(f"the first value has shape {tuple(value.shape)} and shape={shape} was asked for").at(
                self.name
            )
        return value

    def rename(self, name: str) -> None:
        """Set the name, which is the last part of the path, too."""
        self.is_auto_named = False
        self.path = self.path[: len(self.path) - len(self.name)] + name
        self.name = name

    @property
    def value(self) -> Any:
        """The current value: the framework's own tensor, or the value a `StatelessScope` gives it."""
        value = self._own_value()
        dtype = _autocast.get()
        if dtype is not None and self.autocast and dtype != self._dtype and dtypes.is_float_dtype(self._dtype):
            value = self.backend.ops["cast"](value, dtype)
        return value

    def __kcore_value__(self) -> Any:
        """Return the value, for ops, which take what has this method for a tensor."""
        if _autocast.get() is None and current_scope() is None:
            return self._storage
        return self.value

    def _own_value(self) -> Any:
        """Return the value in the variable's own dtype."""
        scope = current_scope()
        value = None if scope is None else scope.get_current_value(self)
        return self._storage if value is None else value

    def checked(self, value: Any) -> Any:
        """Return a value as a tensor of this variable's backend and dtype.

        Raises:
            ShapeError: if it has not the variable's shape.
        """
        tensor = tensor_on(self.backend, value, self._dtype)
        if tensor.shape != self._shape:
            self._check_shape(tensor.shape)
        return tensor

    def _check_shape(self, shape: Any) -> None:
        # A size that only the running graph knows is its own fault, if it is one.
        sizes = tuple(shape)
        if len(sizes) != len(self._shape) or any(
            isinstance(size, int) and not isinstance(size, Size) and size != own
            for size, own in zip(sizes, self._shape, strict=True)
        ):
            raise ShapeError(
                f"a value of shape {sizes} can not be assigned to a variable of shape {self._shape}",
                fix=f"reshape it to {self._shape}",
            ).at(f'variable "{self.path}"')

    def assign(self, value: Any) -> Any:
        """Set the value, and return it.

        Raises:
            ShapeError: if it has not the variable's shape; the old value stays.
        """
        if isinstance(value, TensorSpec):
            self._check_shape(value.shape)  # shapes are being inferred: nothing is assigned
            return value
        tensor = self.checked(value)
        scope = current_scope()
        if scope is not None:
            scope.add_update((self, tensor))
        else:
            self._storage = self.backend.assign_storage(self._storage, tensor)
        return tensor

    def assign_add(self, value: Any) -> Any:
        """Add to the value, and return the sum."""
        if current_backend() is self.backend:
            return self.assign(all_ops()["add"].function(self._own_value(), value))
        with on(self.backend):
            return self.assign(all_ops()["add"].function(self._own_value(), value))

    def assign_sub(self, value: Any) -> Any:
        """Subtract from the value, and return the difference."""
        if current_backend() is self.backend:
            return self.assign(all_ops()["subtract"].function(self._own_value(), value))
        with on(self.backend):
            return self.assign(all_ops()["subtract"].function(self._own_value(), value))

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""
        return self._shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._shape)

    @property
    def dtype(self) -> str:
        """Name of the dtype it is read in: its own, unless an `AutocastScope` says otherwise."""
        scope = _autocast.get()
        if scope is not None and self.autocast and dtypes.is_float_dtype(self._dtype):
            return scope
        return self._dtype

    @property
    def trainable(self) -> bool:
        """Whether optimizers change it."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = bool(trainable)
        self._storage = self.backend.set_trainable(self._storage, self._trainable)

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether optimizers put the gradient in place of the value."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, overwrite: Any) -> None:
        if not isinstance(overwrite, bool):
            problem = f"overwrite_with_gradient is True or False, and not {overwrite!r}"
            raise DTypeError(problem, fix="pass a boolean").at(f'variable "{self.path}"')
        self._overwrite_with_gradient = overwrite

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return the value as a NumPy array: a copy, which stays as it is when the variable changes in place."""
        return np.array(self.backend.to_numpy(self.value))

    def __repr__(self) -> str:
        numbers = np.array2string(self.numpy(), threshold=10, edgeitems=2)
        return f"<Variable path={self.path} shape={self._shape} dtype={self._dtype} value={numbers}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        numbers = self.numpy()
        return numbers if dtype is None else numbers.astype(dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "backend"}
        return _blank, (self.backend.name,), state

    # Of values; in sets and as keys a variable stands for itself.

    def __eq__(self, other: Any) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else _compared("equal", self, other)

    def __ne__(self, other: Any) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else _compared("not_equal", self, other)

    __hash__ = object.__hash__

    def __pos__(self) -> Any:
        return self.value

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def _number(self) -> Any:
        if self._shape:
            raise TypeError(f"a variable of shape {self._shape} is no number; only a scalar one is")
        return self.numpy().item()

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("a scalar variable has no length")
        length: int = self._shape[0]
        return length


def _compared(op: str, variable: Variable, other: Any) -> Any:
    return all_ops()[op].function(variable, other)


def _blank(backend: str) -> Variable:
    """Return a variable of a backend with nothing in it yet, for copies and pickles."""
    found = load(backend)
    variable: Variable = object.__new__(found.variable or Variable)
    variable.backend = found
    return variable
