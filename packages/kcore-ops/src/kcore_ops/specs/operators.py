"""Python's operators on specs and symbolic tensors, each an op of the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["TensorOperators", "functions", "install_operators"]

# The function of each op by its name. Ops are built on specs: here they leave what operators on specs call.
functions: dict[str, Callable[..., Any]] = {}


def _operator(name: str, *, reflected: bool = False) -> Callable[..., Any]:
    def method(self: Any, *others: Any) -> Any:
        op = functions[name]
        return op(*others, self) if reflected else op(self, *others)

    return method


class TensorOperators:
    """Mixin giving a spec-like object the operators of a tensor."""

    # `&`, `|`, `^` and `~` are bitwise, as on every framework's tensors. (Keras's variables and symbolic tensors have
    # logical ones there, so that what they do depends on whether an operand is one.)

    __slots__ = ()

    __add__, __radd__ = _operator("add"), _operator("add", reflected=True)
    __sub__, __rsub__ = _operator("subtract"), _operator("subtract", reflected=True)
    __mul__, __rmul__ = _operator("multiply"), _operator("multiply", reflected=True)
    __truediv__, __rtruediv__ = _operator("divide"), _operator("divide", reflected=True)
    __floordiv__, __rfloordiv__ = _operator("floor_divide"), _operator("floor_divide", reflected=True)
    __mod__, __rmod__ = _operator("mod"), _operator("mod", reflected=True)
    __pow__, __rpow__ = _operator("power"), _operator("power", reflected=True)
    __matmul__, __rmatmul__ = _operator("matmul"), _operator("matmul", reflected=True)
    __and__, __rand__ = _operator("bitwise_and"), _operator("bitwise_and", reflected=True)
    __or__, __ror__ = _operator("bitwise_or"), _operator("bitwise_or", reflected=True)
    __xor__, __rxor__ = _operator("bitwise_xor"), _operator("bitwise_xor", reflected=True)
    __lshift__, __rshift__ = _operator("left_shift"), _operator("right_shift")
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __neg__, __abs__, __invert__ = _operator("negative"), _operator("absolute"), _operator("bitwise_not")
    __round__ = _operator("round")
    __getitem__ = _operator("get_item")
    __hash__ = object.__hash__

    def __pos__(self) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("a symbolic tensor has no truth value: its numbers are not known yet\n  fix: use ops.cond")

    def __len__(self) -> int:
        shape: tuple[int | None, ...] = self.shape  # type: ignore[attr-defined]
        if not shape or shape[0] is None:
            raise TypeError(f"a symbolic tensor of shape {shape} has no length")
        return shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a symbolic tensor can not become a NumPy array: its numbers are not known yet")


def install_operators(cls: type, item: Callable[[Any], Any] | None = None) -> None:
    """Put the operators that a framework's class of tensors lacks on it, as ops.

    Args:
        cls: the class. What it has of its own, or inherits from a class other than `object`, stays.
        item: function from a tensor of one element to its number, `Backend.item` for one: with it come `bool`, `int`,
            `float`, `complex` and use as an index. None: none of these.

    >>> class Matrix:
    ...     __kcore_value__ = lambda self: [[1.0, 2.0]]
    >>> install_operators(Matrix, item=lambda x: 5)
    >>> -Matrix(), int(Matrix())
    (array([[-1., -2.]], dtype=float32), 5)
    """
    numbers: dict[str, Callable[..., Any]] = {}
    if item is not None:
        kinds = {"__bool__": bool, "__int__": int, "__float__": float, "__complex__": complex, "__index__": int}
        numbers = {name: _as_number(kind, item) for name, kind in kinds.items()}
    for name, method in {**_OPERATORS, **numbers}.items():
        if getattr(cls, name, None) is getattr(object, name, None):
            setattr(cls, name, method)


def _as_number(kind: type, item: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda self: kind(item(self))


_OPERATORS = {
    name: method
    for name, method in vars(TensorOperators).items()
    if getattr(method, "__qualname__", "").startswith("_operator.")
}
