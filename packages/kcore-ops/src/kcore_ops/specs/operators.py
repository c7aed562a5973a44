"""Python's operators on specs and symbolic tensors, each an op of the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["TensorOperators", "functions"]

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
