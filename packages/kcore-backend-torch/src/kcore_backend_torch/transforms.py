"""Derivatives, vectorization and compilation, by `torch.func` and FX graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from kcore_ops import tree
from torch._C._functorch import peek_interpreter_stack
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.fx.experimental.proxy_tensor import get_proxy_mode, get_proxy_slot, make_fx
from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop

Function = Callable[..., Any]


class TorchTransforms:
    """The transforms of the torch backend."""

    def vjp(self, function: Function, primals: Sequence[Any]) -> tuple[Any, Function]:
        value, pullback = torch.func.vjp(function, *primals)
        return value, pullback

    def value_and_grad(self, function: Function, argnums: tuple[int, ...], has_aux: bool) -> Function:
        def value_and_grad_of(*args: Any) -> Any:
            if not has_aux:
                grads, value = torch.func.grad_and_value(function, argnums=argnums)(*args)
                return value, grads
            aux: list[Any] = []

            def with_tensors_of_aux(*args: Any) -> Any:
                value, given = function(*args)
                aux[:] = [given, *tree.flatten(given)]
                return value, [leaf for leaf in aux[1:] if isinstance(leaf, torch.Tensor)]

            # Beside the value torch lets out tensors alone.
            differentiate = torch.func.grad_and_value(with_tensors_of_aux, argnums=argnums, has_aux=True)
            grads, (value, tensors) = differentiate(*args)
            rest = iter(tensors)
            leaves = [next(rest) if isinstance(leaf, torch.Tensor) else leaf for leaf in aux[1:]]
            return (value, tree.pack_sequence_as(aux[0], leaves)), grads

        return value_and_grad_of

    def jvp(self, function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        value, derivative = torch.func.jvp(function, tuple(primals), tuple(tangents))
        return value, derivative

    def vmap(self, function: Function, in_axes: Any, out_axes: Any) -> Function:
        return torch.func.vmap(function, in_dims=in_axes, out_dims=out_axes, randomness="different")

    def jit(self, function: Function, specs: Sequence[Any] | None = None) -> Function:
        return _Jitted(function)

    def custom_gradient(self, function: Function) -> Function:
        return lambda *args: _apply_custom_gradient(function, args)

    def checkpoint(self, function: Function) -> Function:
        def recomputed(*tensors: torch.Tensor) -> Any:
            if not torch.is_grad_enabled():
                return function(*tensors)
            if peek_interpreter_stack() is not None:
                return _Checkpoint.apply(function, *tensors)  # `torch.func` takes no hooks of saved tensors
            # Stopping early is an error raised in the middle of an op, which would look into what is wrong with it.
            with set_checkpoint_early_stop(False):
                return checkpoint(function, *tensors, use_reentrant=False)

        return recomputed


# How many signatures a compiled function remembers: enough for the lengths that batches of sequences have.
MAX_GRAPHS = 256


class _Jitted:
    """A function run as the FX graph of its ATen operations, one graph per signature.

    `torch.compile` can not follow kcore's dispatch inside `torch.func` transforms; a graph that has been traced through
    them holds only torch operations, and stays differentiable.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.graphs: dict[Any, tuple[Function, list[Any]] | None] = {}

    def __call__(self, *args: Any) -> Any:
        leaves = tree.flatten(list(args))
        signature = (
            repr(tree.map_structure(lambda _: 0, list(args))),
            *((x.shape, x.dtype, x.device, x.requires_grad) if isinstance(x, torch.Tensor) else x for x in leaves),
        )
        if signature not in self.graphs:
            if len(self.graphs) >= MAX_GRAPHS:
                del self.graphs[next(iter(self.graphs))]  # the oldest
            self.graphs[signature] = self._trace(args, leaves)
        captured = self.graphs[signature]
        if captured is None:
            return self.function(*args)
        graph, form = captured
        tensors = [x for x in leaves if isinstance(x, torch.Tensor)]
        return tree.pack_sequence_as(form[0], list(graph(*tensors)))

    def _trace(self, args: Sequence[Any], leaves: list[Any]) -> tuple[Function, list[Any]] | None:
        """Capture the graph, or give None for a function that branches in Python on values: no graph holds that."""
        form: list[Any] = []
        spots = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]

        def flat(*tensors: torch.Tensor) -> list[Any]:
            filled = list(leaves)
            for spot, tensor in zip(spots, tensors, strict=True):
                filled[spot] = tensor
            result = self.function(*tree.pack_sequence_as(list(args), filled))
            form.append(tree.map_structure(lambda _: 0, result))
            return tree.flatten(result)

        graph = captured(flat, [leaves[i] for i in spots])
        return None if graph is None else (_differentiable(graph), form)


def captured(function: Function, like: Sequence[torch.Tensor]) -> torch.fx.GraphModule | None:
    """Return the graph of a function from tensors to a list of them; None if it reads their values in Python."""
    # Plain examples: the tensors may be wrapped by a transform this runs inside of.
    try:
        with temporarily_clear_interpreter_stack():
            examples = [torch.zeros(x.shape, dtype=x.dtype, device=x.device) for x in like]
            return make_fx(function)(*examples)
    except ReadsValues:
        return None
    except RuntimeError as error:
        if "tracing tensor" in str(error):
            return None
        raise


class ReadsValues(RuntimeError):
    """A function that is captured reads a value as a NumPy array: the graph would hold the example's."""


def is_captured(x: torch.Tensor) -> bool:
    """Return whether a tensor is an example that a graph is captured with."""
    mode = get_proxy_mode()
    return mode is not None and get_proxy_slot(x, mode.tracer, None) is not None


def stop_gradient(x: torch.Tensor) -> torch.Tensor:
    """Cut a tensor off from what it was computed from; in a traced graph by a mark that `_differentiable` knows."""
    return (x if get_proxy_mode() is None else torch.ops.aten.alias_copy(x)).detach()


def _differentiable(graph: torch.fx.GraphModule) -> torch.fx.GraphModule:
    """Take out what transforms detached while they were traced, or a gradient of the graph would miss its inside."""
    for node in list(graph.graph.nodes):
        source = node.args[0] if node.target is torch.ops.aten.detach.default else None
        if source is not None and source.target is not torch.ops.aten.alias_copy.default:
            node.replace_all_uses_with(source)
            graph.graph.erase_node(node)
    graph.recompile()
    return graph


class _CustomGradient(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(function: Function, *args: torch.Tensor) -> Any:
        return function(*args)[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.function, *args = inputs
        ctx.save_for_backward(*args)

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> Any:
        args = ctx.saved_tensors
        with torch.enable_grad():
            _, gradient = ctx.function(*args)
        grads = gradient(upstream[0] if len(upstream) == 1 else upstream)
        return None, *(grads if isinstance(grads, list | tuple) else (grads,))


def _apply_custom_gradient(function: Function, args: Sequence[Any]) -> Any:
    return _CustomGradient.apply(function, *args)


class _Checkpoint(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(function: Function, *tensors: torch.Tensor) -> Any:
        return tuple(function(*tensors))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.function, *tensors = inputs
        ctx.save_for_backward(*tensors)
        ctx.mark_non_differentiable(*(x for x in output if not _is_differentiable(x)))

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> Any:
        tensors = list(ctx.saved_tensors)
        spots = [i for i, x in enumerate(tensors) if _is_differentiable(x)]

        def dotted(*chosen: torch.Tensor) -> torch.Tensor:
            for i, x in zip(spots, chosen, strict=True):
                tensors[i] = x
            pairs = zip(ctx.function(*tensors), upstream, strict=True)
            products = [(dy.conj() * y).real.sum() for y, dy in pairs if _is_differentiable(y)]
            return torch.stack([product.float() for product in products]).sum()

        # By `grad`, not by the pullback of `vjp`, which runs when what functions like this have saved inside is gone.
        grads: list[Any] = [None] * len(tensors)
        chosen = [tensors[i] for i in spots]
        if chosen:
            found = torch.func.grad(dotted, argnums=tuple(range(len(chosen))))(*chosen)
            for i, grad in zip(spots, found, strict=True):
                grads[i] = grad
        return None, *grads


def _is_differentiable(x: torch.Tensor) -> bool:
    return x.is_floating_point() or x.is_complex()
