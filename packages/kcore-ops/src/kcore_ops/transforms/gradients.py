"""Transforms of functions: derivatives, vectorization, compilation. The same on every backend that has them.

A transformed function runs on the backend its tensors belong to; given only numbers and NumPy arrays, on the current
one. Transforms nest: `grad(grad(f))`, `vmap(grad(f))`, `jit(grad(f))`, `hessian(f)`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import is_complex_dtype, is_float_dtype
from kcore_ops.engine.call import HOST_TYPES, backend_of, unwrapped
from kcore_ops.engine.convert import tensor_on
from kcore_ops.engine.define import primitive
from kcore_ops.engine.op import Tree
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.core.control_flow import spec_of
from kcore_ops.ops.core.conversion import is_tensor, shape
from kcore_ops.ops.numpy.creation import eye
from kcore_ops.ops.numpy.manipulation import reshape
from kcore_ops.specs.spec import TensorSpec
from kcore_ops.transforms.fallbacks import jvp_on, mapped_size, value_and_grad_on, vmap_on

__all__ = [
    "custom_gradient",
    "grad",
    "hessian",
    "jacobian",
    "jit",
    "jvp",
    "value_and_grad",
    "vjp",
    "vmap",
]

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def _tensors(args: Sequence[Any]) -> tuple[Backend, list[Any]]:
    """Return the backend of the arguments, and the arguments with every number, array and variable in them a tensor."""
    leaves = [unwrapped(leaf) for leaf in tree.flatten(list(args))]
    backend = backend_of([leaf for leaf in leaves if is_tensor(leaf)])
    converted = [_tensor(backend, leaf) for leaf in leaves]
    return backend, tree.pack_sequence_as(list(args), converted)


def _tensor(backend: Backend, leaf: Any) -> Any:
    return tensor_on(backend, leaf, None) if isinstance(leaf, HOST_TYPES) else leaf


def _as_tuple(argnums: Argnums) -> tuple[int, ...]:
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _check_differentiable(backend: Backend, args: Sequence[Any], argnums: tuple[int, ...]) -> None:
    for number in argnums:
        if not -len(args) <= number < len(args):
            raise ArgumentError(f"argnums={number} is out of range", fix=f"the function got {len(args)} arguments")
        for leaf in tree.flatten(args[number]):
            if not is_tensor(leaf):
                raise DTypeError(f"argument {number} holds a {type(leaf).__name__}, which has no derivative")
            dtype = backend.dtype(leaf)
            if not is_float_dtype(dtype) and not is_complex_dtype(dtype):
                problem = f"argument {number} holds {dtype}, which has no derivative"
                raise DTypeError(problem, fix="pass floating numbers, for example 1.0 in place of 1")


def value_and_grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that returns the value of `fun` and its gradient.

    Args:
        fun: function, from tensors, or trees of them, to a scalar, or to `(scalar, aux)` if `has_aux`.
        argnums: int or sequence of ints, the position of the argument, or arguments, to differentiate with respect to;
            0.
        has_aux: bool, whether `fun` returns something else beside the scalar; False.

    Returns:
        A function from the same arguments to `(value, gradient)`, or `((value, aux), gradient)`; the gradient has the
        form of the argument, and is a tuple if `argnums` is one.

    Raises:
        GradientsUnavailable: when called, if the backend has no gradients.
        DTypeError: when called, if an argument differentiated is not floating.
        ShapeError: when called, if `fun` does not return a scalar.

    >>> from kcore_ops import use_backend
    >>> with use_backend("torch"):
    ...     value_and_grad(lambda x: x * x)(3.0)
    (tensor(9.), tensor(6.))
    """

    @functools.wraps(fun)
    def value_and_grad_of(*args: Any, **kwargs: Any) -> Any:
        backend, args_ = _tensors(args)
        numbers = _as_tuple(argnums)
        if "gradient" in backend.capabilities:
            _check_differentiable(backend, args_, numbers)
        numbers = tuple(number % len(args_) for number in numbers)
        checked = _returning_scalar(functools.partial(fun, **kwargs), has_aux)
        value, grads = value_and_grad_on(backend, checked, numbers, has_aux)(*args_)
        return value, grads[0] if isinstance(argnums, int) else grads

    return value_and_grad_of


def _returning_scalar(fun: Function, has_aux: bool) -> Function:
    def scalar_of(*args: Any) -> Any:
        result = fun(*args)
        value = result[0] if has_aux else result
        if not hasattr(value, "shape") or tuple(value.shape) != ():
            got = f"shape {tuple(value.shape)}" if hasattr(value, "shape") else f"a {type(value).__name__}"
            problem = f"the function differentiated must return a scalar tensor and returned {got}"
            raise ShapeError(problem, fix="reduce it with ops.sum or ops.mean, or use ops.jacobian").at("grad")
        return result

    return scalar_of


def grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the gradient of a function that returns a scalar; see `value_and_grad`.

    Args:
        fun: function, from tensors, or trees of them, to a scalar, or to `(scalar, aux)` if `has_aux`.
        argnums: int or sequence of ints, the position of the argument, or arguments, to differentiate with respect to;
            0.
        has_aux: bool, whether `fun` returns something else beside the scalar; False.

    Returns:
        A function from the same arguments to the gradient, or `(gradient, aux)` if `has_aux`.

    >>> from kcore_ops import use_backend
    >>> with use_backend("torch"):
    ...     grad(grad(lambda x: x**3))(2.0)
    tensor(12.)
    """

    @functools.wraps(fun)
    def grad_of(*args: Any, **kwargs: Any) -> Any:
        value, grads = value_and_grad(fun, argnums, has_aux)(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return grad_of


def vjp(fun: Function, *primals: Any) -> tuple[Any, Function]:
    """Return `fun(*primals)` and the function from a cotangent of it to a tuple of cotangents of the primals.

    Args:
        fun: function, from trees of tensors to a tree of tensors.
        *primals: tensors, the point at which to differentiate.

    Raises:
        GradientsUnavailable: if the backend has no gradients.

    >>> from kcore_ops import use_backend
    >>> with use_backend("torch"):
    ...     value, pullback = vjp(lambda x: x * x, 3.0)
    ...     pullback(value)
    (tensor(54.),)
    """
    backend, args = _tensors(primals)
    return backend.vjp(fun, args)


def jvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """Return `fun(*primals)` and its derivative along `tangents`.

    Args:
        fun: function, from trees of tensors to a tree of tensors, or to `(result, aux)` if `has_aux`.
        primals: sequence of tensors, the point at which to differentiate.
        tangents: sequence of tensors, the direction, of the same form.
        has_aux: bool, whether `fun` returns something else beside the result; False.

    Returns:
        `(result, derivative)`, and `aux` if `has_aux`; specs of symbolic tensors.

    Raises:
        GradientsUnavailable: if the backend has no gradients.
        ArgumentError: if primals and tangents differ in form.

    >>> from kcore_ops import use_backend
    >>> with use_backend("torch"):
    ...     jvp(lambda x: x * x, (3.0,), (1.0,))
    (tensor(9.), tensor(6.))
    """
    if len(primals) != len(tangents):
        problem = f"there are {len(primals)} primals and {len(tangents)} tangents"
        raise ArgumentError(problem, fix="pass one tangent for each primal").at("jvp")
    if any(isinstance(leaf, TensorSpec) for leaf in tree.flatten([list(primals), list(tangents)])):
        return _symbolic_jvp(fun, list(primals), list(tangents), has_aux)
    backend, both = _tensors([list(primals), list(tangents)])
    aux = []

    def result_of(*args: Any) -> Any:
        if not has_aux:
            return fun(*args)
        result, extra = fun(*args)
        aux.append(extra)
        return result

    value, derivative = jvp_on(backend, result_of, *both)
    return (value, derivative, aux[-1]) if has_aux else (value, derivative)


@primitive(name="kcore_ops.jvp")
def _symbolic_jvp(fun: Function, primals: Tree, tangents: Tree, has_aux: bool) -> Any:
    """Return the specs of what `jvp` returns: a derivative is shaped like the result that it is of."""
    result = fun(*primals)
    value = tree.map_structure(spec_of, result[0] if has_aux else result)
    return (value, value, tree.map_structure(spec_of, result[1])) if has_aux else (value, value)


@_symbolic_jvp.define
def _jvp(fun: Function, primals: Tree, tangents: Tree, has_aux: bool) -> Any:
    return jvp(fun, primals, tangents, has_aux)


def vmap(fun: Function, in_axes: Tree = 0, out_axes: Tree = 0) -> Function:
    """Return the function mapped over an axis of its arguments, as one call rather than a loop where the backend can.

    Args:
        fun: function, from trees of tensors to a tree of tensors.
        in_axes: int, None, or a list of these and trees of them, for each argument the axis to map over, None to pass
            it as it is; one integer is for all; 0.
        out_axes: int, or tree of ints, where the mapped axis stands in each result; 0.

    Raises:
        ShapeError: when called, if the mapped axes differ in size.
        ArgumentError: when called, if `in_axes` maps over nothing or does not fit the arguments.

    >>> from kcore_ops import convert_to_tensor, sum
    >>> vmap(sum)(convert_to_tensor([[1.0, 2.0], [3.0, 4.0]]))
    array([3., 7.], dtype=float32)
    """

    @functools.wraps(fun)
    def mapped(*args: Any) -> Any:
        backend, args_ = _tensors(args)
        axes = tuple(in_axes) if isinstance(in_axes, list | tuple) else (in_axes,) * len(args_)
        mapped_size(args_, axes)
        return vmap_on(backend, fun, axes, out_axes)(*args_)

    return mapped


def jit(fun: Function) -> Function:
    """Return the function compiled by the backend its tensors belong to: the same results, sooner.

    It must be pure: what it does beside returning a result happens when it is compiled, once for each combination of
    shapes and dtypes. A backend without a compiler runs it as it is.

    What has been compiled belongs to the function returned: make it once, outside of loops. One made anew in each call,
    `jit(lambda x: ...)(x)`, compiles in each call; two functions of one source are not known to be the same, for what
    they close over may differ.

    Args:
        fun: function, from trees of tensors to a tree of tensors.

    >>> from kcore_ops import add, convert_to_tensor
    >>> jit(lambda x: add(x, 1.0))(convert_to_tensor([1.0, 2.0]))
    array([2., 3.], dtype=float32)
    """
    compiled: dict[str, Function] = {}

    @functools.wraps(fun)
    def jitted(*args: Any) -> Any:
        backend, args_ = _tensors(args)
        if backend.name not in compiled:
            compiled[backend.name] = backend.jit(fun)
        return compiled[backend.name](*args_)

    return jitted


def jacobian(fun: Function, argnums: int = 0) -> Function:
    """Return the matrix of derivatives of a function's result by one of its arguments.

    Args:
        fun: function, from tensors to a tensor.
        argnums: int, the position of the argument, a tensor, to differentiate with respect to; 0.

    Returns:
        A function from the same arguments to a tensor of shape `(*result.shape, *argument.shape)`.

    Raises:
        GradientsUnavailable: when called, if the backend has no gradients.

    >>> from kcore_ops import convert_to_tensor, use_backend
    >>> with use_backend("torch"):
    ...     jacobian(lambda x: x * x)(convert_to_tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(fun)
    def jacobian_of(*args: Any) -> Any:
        backend, args_ = _tensors(args)
        if "gradient" in backend.capabilities:
            _check_differentiable(backend, args_, (argnums,))

        def of_argument(x: Any) -> Any:
            return fun(*args_[:argnums], x, *args_[argnums:][1:])

        x = args_[argnums]
        value, pullback = backend.vjp(of_argument, (x,))
        count = _count(value)
        basis = reshape(_tensor_like(backend, eye, count, backend.dtype(value)), (count, *shape(value)))
        rows = vmap_on(backend, lambda row: pullback(row)[0], (0,), 0)(basis)
        return reshape(rows, (*shape(value), *shape(x)))

    return jacobian_of


def _count(x: Any) -> int:
    count = 1
    for size in shape(x):
        count *= size
    return count


def _tensor_like(backend: Backend, make: Function, *args: Any) -> Any:
    with on(backend):
        return make(args[0], dtype=args[1])


def hessian(fun: Function, argnums: int = 0) -> Function:
    """Return the matrix of second derivatives of a function that returns a scalar.

    Args:
        fun: function, from tensors to a scalar tensor.
        argnums: int, the position of the argument, a tensor, to differentiate with respect to; 0.

    Returns:
        A function from the same arguments to a tensor of shape `(*argument.shape, *argument.shape)`.

    Raises:
        GradientsUnavailable: when called, if the backend has no gradients.

    >>> from kcore_ops import use_backend
    >>> with use_backend("torch"):
    ...     hessian(lambda x: x**3)(2.0)
    tensor(12.)
    """
    return jacobian(grad(fun, argnums), argnums)


def custom_gradient(f: Function) -> Function:
    """Wrap a function so that it has the gradient it states itself.

    Args:
        f: function, from tensors to `(value, gradient)`, where `gradient(upstream)` returns the cotangent of each
            argument, a tuple if there are several.

    Raises:
        GradientsUnavailable: never on a backend without gradients: there only the value is computed.

    >>> half = custom_gradient(lambda x: (x * 1.0, lambda upstream: upstream * 0.5))
    >>> from kcore_ops import use_backend
    >>> with use_backend("torch"):
    ...     grad(half)(3.0)
    tensor(0.5000)
    """
    by_backend: dict[str, Function] = {}

    @functools.wraps(f)
    def with_own_gradient(*args: Any) -> Any:
        backend, args_ = _tensors(args)
        if backend.name not in by_backend:
            by_backend[backend.name] = backend.custom_gradient(f)
        return by_backend[backend.name](*args_)

    return with_own_gradient
