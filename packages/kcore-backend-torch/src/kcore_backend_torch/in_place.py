"""One element-by-element function run on many tensors at once, in place: what an optimizer's update is.

The function is captured once as a graph of ATen operations. Each is then one call of a `torch._foreach_*` function over
all tensors; where a result may overwrite what it was computed from, it does.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode  # what all of torch's own tracers rest on

from kcore_backend_torch.fusion import Fusion, find_fusions

__all__ = ["InPlaceUpdater"]

aten = torch.ops.aten

# The functions over lists for an operation whose first argument is a list, by that operation.
_LISTED: dict[Any, str] = {
    aten.add.Tensor: "add",
    aten.add.Scalar: "add",
    aten.sub.Tensor: "sub",
    aten.sub.Scalar: "sub",
    aten.mul.Tensor: "mul",
    aten.mul.Scalar: "mul",
    aten.div.Tensor: "div",
    aten.div.Scalar: "div",
    aten.pow.Tensor_Scalar: "pow",
    aten.maximum.default: "maximum",
    aten.minimum.default: "minimum",
    aten.sqrt.default: "sqrt",
    aten.neg.default: "neg",
    aten.abs.default: "abs",
    aten.sign.default: "sign",
    aten.exp.default: "exp",
    aten.log.default: "log",
    aten.reciprocal.default: "reciprocal",
}
# Where the list is the second argument: the same function with its arguments exchanged.
_COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum"})
# Functions over lists that take a scalar tensor as the other argument.
_TAKES_SCALAR_TENSOR = frozenset({"add", "mul", "div"})


# The same on Python's numbers: on the host, scalars are computed with these.
_ON_NUMBERS: dict[Any, Callable[..., float]] = {
    aten.add.Tensor: operator.add,
    aten.add.Scalar: operator.add,
    aten.sub.Tensor: operator.sub,
    aten.sub.Scalar: operator.sub,
    aten.rsub.Scalar: lambda x, y: y - x,
    aten.mul.Tensor: operator.mul,
    aten.mul.Scalar: operator.mul,
    aten.div.Tensor: operator.truediv,
    aten.div.Scalar: operator.truediv,
    aten.pow.Scalar: operator.pow,
    aten.pow.Tensor_Scalar: operator.pow,
    aten.pow.Tensor_Tensor: operator.pow,
    aten.sqrt.default: math.sqrt,
    aten.rsqrt.default: lambda x: 1 / math.sqrt(x),
    aten.neg.default: operator.neg,
    aten.minimum.default: min,
    aten.maximum.default: max,
}


class InPlaceUpdater:
    """See `Backend.in_place_updater`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.programs: dict[Any, _Program] = {}

    def __call__(
        self, shared: Sequence[torch.Tensor], gradients: list[torch.Tensor], states: list[list[torch.Tensor]]
    ) -> bool:
        first = states[0][0]
        dtype, device = first.dtype, first.device
        for column in (gradients, *states):
            for x in column:
                if x.dtype is not dtype or x.device != device or x.layout is not torch.strided:
                    return False
        # Of tensors whose numbers lie in other orders, as those of an LSTM's gradients do, these functions take one at
        # a time, and very slowly if their sizes are powers of two.
        gradients = [
            g.contiguous() if not g.is_contiguous() and x.is_contiguous() else g
            for g, x in zip(gradients, states[0], strict=False)
        ]
        key = (dtype, device, len(gradients) > 0)
        with torch.no_grad():
            program = self.programs.get(key)
            if program is None:
                program = self.programs[key] = _Program(self.function, shared, bool(gradients), len(states), first)
            if program.is_on_numbers:
                scalars = [x.item() for x in shared]
            else:
                scalars = [x.to(device=device, dtype=dtype) for x in shared]
            program.run(scalars, gradients, states)
        return True


class _Recorder(TorchDispatchMode):
    """Notes each operation on tensors in a graph. `make_fx` does so too, and imports torch's compiler: a second."""

    def __init__(self, graph: torch.fx.Graph, nodes: dict[torch.Tensor, Any]) -> None:
        super().__init__()
        self.graph, self.nodes = graph, nodes

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # skipping it takes importing it

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = operation(*args, **kwargs)
        noted, named = torch.utils._pytree.tree_map(
            lambda x: self.nodes.get(x, x) if _is_tensor(x) else x, (args, kwargs)
        )
        self.nodes[result] = self.graph.call_function(operation, tuple(noted), named)
        return result


def _is_tensor(x: Any) -> bool:
    return isinstance(x, torch.Tensor)


def _captured(function: Callable[..., Any], examples: Sequence[torch.Tensor]) -> torch.fx.Graph:
    """Return the graph of the operations that a function of tensors computes its results by."""
    graph = torch.fx.Graph()
    nodes = {example: graph.placeholder(f"x{i}") for i, example in enumerate(examples)}
    with _Recorder(graph, nodes):
        results = function(*examples)
    graph.output(tuple(nodes[result] for result in results))
    graph.eliminate_dead_code()
    return graph


class _Program:
    """The graph as a list of steps over registers, each holding a scalar or a list of tensors."""

    def __init__(
        self, function: Callable[..., Any], shared: Sequence[Any], has_gradient: bool, num_states: int, like: Any
    ) -> None:
        def example(shape: tuple[int, ...]) -> torch.Tensor:
            return torch.ones(shape, dtype=like.dtype, device=like.device)

        self.num_shared = len(shared)
        num_lists = has_gradient + num_states
        examples = [example(()) for _ in shared] + [example((2,)) for _ in range(num_lists)]
        nodes = list(_captured(function, examples).nodes)
        inputs = [node for node in nodes if node.op == "placeholder"]
        results = next(node for node in nodes if node.op == "output").args[0]
        self.lists = set(inputs[self.num_shared :])
        states = inputs[len(inputs) - num_states :]
        # What a result may overwrite: a temporary, or the state, whose old value nobody asks for afterwards.
        self.overwritable: set[Any] = set(states)
        self.register = {node: i for i, node in enumerate(inputs)}
        self.kept = set(results)
        self.is_on_numbers = like.device.type == "cpu" and all(
            node.target in _ON_NUMBERS and not node.kwargs
            for node in nodes
            if node.op == "call_function" and not self._depends_on_lists(node)
        )
        # Factors of fused operations are numbers.
        self.fusions = find_fusions(nodes, self._depends_on_lists, self.kept) if self.is_on_numbers else {}
        place = {node: i for i, node in enumerate(nodes)}
        for node in reversed(nodes):
            if node in self.fusions:
                place.update(dict.fromkeys(self.fusions[node].absorbed, place[node]))
        uses = [(source, place[node]) for node in nodes if node.op != "output" for source in node.all_input_nodes]
        self.last_use: dict[Any, int] = {}
        for source, position in uses:
            self.last_use[source] = max(position, self.last_use.get(source, 0))
        absorbed = {each for fusion in self.fusions.values() for each in fusion.absorbed}
        self.lists |= absorbed
        computed = [node for node in nodes if node.op not in ("placeholder", "output") and node not in absorbed]
        self.steps = [self._step(place[node], node) for node in computed]
        self.results = [
            (self.register[result], self.register[state]) for result, state in zip(results, states, strict=True)
        ]

    def _depends_on_lists(self, node: Any) -> bool:
        if not isinstance(node, torch.fx.Node):
            return False
        return node in self.lists or any(self._depends_on_lists(source) for source in node.all_input_nodes)

    def _step(self, position: int, node: Any) -> Callable[[list[Any]], None]:
        target = self.register.setdefault(node, len(self.register))
        if not any(source in self.lists for source in node.all_input_nodes):
            return self._plain(node, target)
        self.lists.add(node)
        if node in self.fusions:
            return self._fused(position, self.fusions[node], node, target)
        name, args = _LISTED.get(node.target), list(node.args)
        if name in _COMMUTATIVE and args[0] not in self.lists:
            args[:2] = args[1], args[0]
        is_listed = name is not None and args[0] in self.lists and not node.kwargs
        other = args[1] if len(args) > 1 else None
        is_scalar_tensor = isinstance(other, torch.fx.Node) and other not in self.lists and not self.is_on_numbers
        if not is_listed or (is_scalar_tensor and name not in _TAKES_SCALAR_TENSOR):
            self.overwritable.add(node)
            return self._one_by_one(node, target)
        in_place = self._may_overwrite(args[0], position) and args[0] is not other
        self.overwritable.add(node)
        return self._over_lists(getattr(torch, f"_foreach_{name}{'_' if in_place else ''}"), args, target, in_place)

    def _may_overwrite(self, source: Any, position: int) -> bool:
        """Return whether a value is used at this place for the last time, and nobody's but ours."""
        return source in self.overwritable and self.last_use.get(source) == position and source not in self.kept

    def _fused(self, position: int, fusion: Fusion, node: Any, target: int) -> Callable[[list[Any]], None]:
        in_place = self._may_overwrite(fusion.source, position) and fusion.source not in fusion.others
        self.overwritable.add(node)
        function = getattr(torch, f"_foreach_{fusion.name}{'_' if in_place else ''}")
        source, others = self.register[fusion.source], [self.register[other] for other in fusion.others]
        factor = self._fill(1 if fusion.factor is None else fusion.factor)
        sign, keyword = fusion.sign, fusion.keyword

        if fusion.is_average:
            scale = torch._foreach_mul_ if in_place else torch._foreach_mul

            def average(registers: list[Any]) -> None:
                number = factor(registers)
                scaled = scale(registers[source], 1 - number)
                registers[target] = registers[source] if in_place else scaled
                torch._foreach_addcmul_(registers[target], *[registers[other] for other in others], **{keyword: number})

            return average

        def run(registers: list[Any]) -> None:
            number = {keyword: sign * factor(registers)}
            result = function(registers[source], *[registers[other] for other in others], **number)
            registers[target] = registers[source] if in_place else result

        return run

    def _plain(self, node: Any, target: int) -> Callable[[list[Any]], None]:
        if node.op == "get_attr":
            raise TypeError("an update can not hold tensors of its own")
        fills, function, kwargs = [self._fill(arg) for arg in node.args], node.target, dict(node.kwargs)
        if self.is_on_numbers:
            function = _ON_NUMBERS[function]

        def run(registers: list[Any]) -> None:
            registers[target] = function(*[fill(registers) for fill in fills], **kwargs)

        return run

    def _over_lists(self, function: Any, args: list[Any], target: int, in_place: bool) -> Callable[[list[Any]], None]:
        source = self.register[args[0]]
        if len(args) == 1:

            def run_one(registers: list[Any]) -> None:
                result = function(registers[source])
                registers[target] = registers[source] if in_place else result

            return run_one
        fill = self._fill(args[1])

        def run(registers: list[Any]) -> None:
            result = function(registers[source], fill(registers))
            registers[target] = registers[source] if in_place else result

        return run

    def _one_by_one(self, node: Any, target: int) -> Callable[[list[Any]], None]:
        """Run an operation that has no function over lists on each tensor in turn."""
        function, kwargs = node.target, dict(node.kwargs)
        are_lists = [isinstance(arg, torch.fx.Node) and arg in self.lists for arg in node.args]
        fills = [self._fill(arg) for arg in node.args]

        def run(registers: list[Any]) -> None:
            values = [fill(registers) for fill in fills]
            count = len(next(value for value, is_list in zip(values, are_lists, strict=True) if is_list))
            registers[target] = [
                function(*[v[i] if is_list else v for v, is_list in zip(values, are_lists, strict=True)], **kwargs)
                for i in range(count)
            ]

        return run

    def _fill(self, arg: Any) -> Callable[[list[Any]], Any]:
        if isinstance(arg, torch.fx.Node):
            register = self.register[arg]
            return lambda registers: registers[register]
        return lambda registers: arg

    def run(self, shared: list[Any], gradients: list[Any], states: list[list[Any]]) -> None:
        registers = [*shared, *([gradients] if gradients else []), *states]
        registers += [None] * (len(self.register) - len(registers))
        for step in self.steps:
            step(registers)
        for result, state in self.results:
            if registers[result] is not registers[state]:
                torch._foreach_copy_(registers[state], registers[result])
