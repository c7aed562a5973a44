"""The calls between symbolic tensors: in an order in which they can be run, and a plan that runs them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from kcore_ops import KerasTensor, tree
from kcore_ops.engine.call import beside
from kcore_ops.engine.op import Op
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.symbolic import Node

from kcore_layers.base.nodes import record_call
from kcore_layers.models.graph_sizes import computes_size, function_of_sizes, takes_sizes, tensor_of_size
from kcore_layers.models.inputs import InputCheck

__all__ = ["Graph", "callee", "is_input", "names_of_calls", "is_variadic"]

# A step of a plan: what to call, the register of its only argument and that of its only result; or where its arguments
# and results are more, the function that reads and writes the registers itself. Then the registers to empty.
Step = tuple[Callable[..., Any], int, int, Callable[[list[Any]], None] | None, tuple[int, ...]]
Registers = dict[int, int]  # the place of a symbolic tensor's value, by its id


class Graph:
    """The nodes between inputs and outputs.

    Args:
        inputs: the tensors where it starts.
        outputs: the tensors where it ends.

    Attributes:
        nodes: the calls, each after those whose results it takes.
        checks: what makes of values what each input takes.
        operations: what is called, in Keras's order: by distance from the outputs, then as met from there.

    Raises:
        ArgumentError: if an output does not depend only on the inputs.
    """

    def __init__(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.checks = [InputCheck(x) for x in self.inputs]
        self.nodes, met = self._in_order()
        self.operations = self._by_depth(met)
        self.steps, self._registers, self._size = self._plan()

    def _in_order(self) -> tuple[list[Node], dict[int, Any]]:
        """Return the nodes so that each comes after its inputs, and what they call in the order it is met."""
        starts = {id(x) for x in self.inputs}
        done: set[int] = set()
        nodes: list[Node] = []
        met: dict[int, Any] = {}
        # A node is put on the stack twice: to visit its inputs, and afterwards to be listed.
        stack: list[tuple[KerasTensor, bool]] = [(x, False) for x in reversed(self.outputs)]
        while stack:
            x, is_finished = stack.pop()
            node = x.node
            if id(x) in starts:
                if node is not None and is_input(node):
                    met.setdefault(_key(node), node.op)
                continue
            if node is None or (not node.inputs and is_input(node)):
                raise ArgumentError(
                    f"the outputs depend on {x.name!r} of shape {x.shape}, which is not among the inputs",
                    fix="add it to inputs=",
                ).at("Model")
            if id(node) in done:
                continue
            if is_finished:
                done.add(id(node))
                nodes.append(node)
                continue
            met.setdefault(_key(node), node.op)
            stack.append((x, True))
            stack += [(source, False) for source in reversed(node.inputs)]
        # Inputs that nothing depends on are at distance 0 from the outputs, and come before all else there.
        inputs = [x.node for x in self.inputs if x.node is not None and is_input(x.node)]
        unused = {_key(node): node.op for node in inputs if _key(node) not in met}
        return nodes, {**unused, **met}

    def _by_depth(self, met: dict[int, Any]) -> list[Any]:
        depth_of_node: dict[int, int] = {}
        depths: dict[int, int] = {}
        starts = {id(x): x for x in self.inputs}
        for node in reversed(self.nodes):
            depth = max(depth_of_node.get(id(node), 0), depths.get(_key(node), 0))
            depths[_key(node)] = depth_of_node[id(node)] = depth
            for x in node.inputs:
                source = x.node
                if source is None:
                    continue
                if id(x) in starts:
                    if is_input(source):
                        depths[_key(source)] = max(depths.get(_key(source), 0), depth + 1)
                    continue
                depth_of_node[id(source)] = max(depth_of_node.get(id(source), 0), depth + 1)
        return [met[key] for key in sorted(met, key=lambda key: -depths.get(key, 0))]

    def _plan(self) -> tuple[list[Step], list[int], int]:
        registers = {id(x): i for i, x in enumerate(self.inputs)}
        for node in self.nodes:
            for x in tree.flatten(node.outputs):
                registers.setdefault(id(x), len(registers))
        # A size has a second register, for the number.
        sizes: dict[int, int] = {}
        for node in self.nodes:
            if computes_size(node, sizes):
                sizes[id(node.outputs)] = len(registers) + len(sizes)
        self._has_sizes = bool(sizes)
        numbers = {**registers, **sizes}
        kept = {registers[id(x)] for x in self.outputs}
        made = []
        for node in self.nodes:
            size = sizes.get(id(node.outputs))
            if size is None:
                made.append(_step(node, callee(node.op), registers, numbers))
            else:
                made.append(_step(node, function_of_sizes(node.op), numbers, numbers))
                tensor, x = registers[id(node.outputs)], node.outputs
                made.append((tensor_of_size(x.dtype), size, tensor, None, (size,), (tensor,)))
        if sizes:
            made = _needed(made, kept)
        last_use = {register: i for i, (*_, reads, _) in enumerate(made) for register in reads}
        steps = [
            (*step, tuple(sorted({register for register in reads if last_use[register] == i} - kept)))
            for i, (*step, reads, _) in enumerate(made)
        ]
        return steps, [registers[id(x)] for x in self.outputs], len(registers) + len(sizes)

    def __reduce__(self) -> Any:
        # One list of calls, tensors as numbers: following tensors to the calls they come from goes too deep to recurse.
        tensors = [*self.inputs, *(x for node in self.nodes for x in tree.flatten(node.outputs))]
        numbers = {id(x): _Number(i) for i, x in reversed(list(enumerate(tensors)))}

        def numbered(value: Any) -> Any:
            return tree.map_structure(lambda leaf: numbers.get(id(leaf), leaf), value)

        sources = [x.node.op if x.node is not None and is_input(x.node) else _described(x) for x in self.inputs]
        calls = [
            (node.op, numbered(node.args), numbered(node.kwargs), tree.map_structure(_described, node.outputs))
            for node in self.nodes
        ]
        return _graph_of, (sources, calls, numbered(self.outputs))

    def from_inputs(self, make_input: Callable[..., Any]) -> Graph:
        """Return the same calls on inputs of their own, where this one starts at what other calls compute.

        Args:
            make_input: function that returns the layer of an input, from `batch_shape`, `dtype` and `name`.
        """
        if all(x.node is not None and is_input(x.node) for x in self.inputs):
            return self
        _, (sources, calls, outputs) = self.__reduce__()
        layers = [
            make_input(**dict(zip(("batch_shape", "dtype", "name"), source, strict=True)))
            if isinstance(source, tuple)
            else source
            for source in sources
        ]
        return _graph_of(layers, calls, outputs)

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Return the values of the outputs for values of the inputs.

        Args:
            values: list of a value for each input.
        """
        if not self._has_sizes or values[0] is None:
            return self._run(values)
        with beside(values[0]):  # what is made of sizes is to lie where the rest does
            return self._run(values)

    def _run(self, values: Sequence[Any]) -> list[Any]:
        registers = [*values, *[None] * (self._size - len(values))]
        for function, source, target, run, dead in self.steps:
            if run is None:
                registers[target] = function(registers[source])
            else:
                run(registers)
            for register in dead:
                registers[register] = None
        return [registers[i] for i in self._registers]


def names_of_calls(nodes: Sequence[Node]) -> list[str]:
    """Return a name for each call of a graph: the layer's own, and for ops one that nothing else in the graph has.

    Args:
        nodes: the calls, in order.
    """
    taken = {node.op.name for node in nodes if not isinstance(node.op, Op)}
    names = []
    for node in nodes:
        name = node.op.name
        if isinstance(node.op, Op):
            numbered = itertools.chain([name], (f"{node.op.name}_{i}" for i in itertools.count(1)))
            name = next(each for each in numbered if each not in taken)
            taken.add(name)
        names.append(name)
    return names


def _key(node: Node) -> int:
    """Return what a node's operation is known by: each call of an op is one of its own, those of a layer are one."""
    return id(node if isinstance(node.op, Op) else node.op)


def is_input(node: Node) -> bool:
    """Return whether a node stands for an input rather than a call.

    Args:
        node: the node.
    """
    return bool(getattr(node.op, "_kcore_is_input_layer", False))


def callee(operation: Op | Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that computes a node: a layer itself, or what users call an op by.

    Args:
        operation: a layer or an op.
    """
    return operation.function if isinstance(operation, Op) else operation


def is_variadic(operation: object) -> bool:
    """Return whether a node's last argument is the list of an op's operands, which is called with them one by one.

    Args:
        operation: a layer or an op.
    """
    return isinstance(operation, Op) and any(name.startswith("*") for name in operation.parameters)


def _step(node: Node, function: Callable[..., Any], registers: Registers, numbers: Registers) -> Any:
    """Return a step without the registers to empty, and the registers that it reads and writes.

    Args:
        node: the call.
        function: what computes it.
        registers: where tensors are, and what the call gives goes.
        numbers: the same, but sizes as numbers.
    """
    outputs = node.outputs
    read: set[int] = set()
    tables = [numbers if takes_sizes(node, i) else registers for i in range(len(node.args))]
    for value, table in (*zip(node.args, tables, strict=True), (node.kwargs, registers)):
        read |= {table[id(leaf)] for leaf in tree.flatten(value) if isinstance(leaf, KerasTensor)}
    targets = [registers[id(x)] for x in tree.flatten(outputs)]
    if len(node.args) == 1 and not node.kwargs and isinstance(node.args[0], KerasTensor):
        if isinstance(outputs, KerasTensor):
            return function, tables[0][id(node.args[0])], targets[0], None, read, targets
    fills = [_filling(value, table) for value, table in zip(node.args, tables, strict=True)]
    named = {name: _filling(value, registers) for name, value in node.kwargs.items()}
    return function, 0, 0, _run_of(function, node, fills, named, targets), read, targets


def _needed(steps: list[Any], kept: set[int]) -> list[Any]:
    """Leave out the steps whose results nothing reads: sizes are seldom wanted both as numbers and as tensors."""
    needed, found = set(kept), []
    for step in reversed(steps):
        *_, reads, writes = step
        if needed.intersection(writes):
            needed.update(reads)
            found.append(step)
    return found[::-1]


def _run_of(
    function: Callable[..., Any],
    node: Node,
    fills: list[Callable[[list[Any]], Any]],
    named: dict[str, Callable[[list[Any]], Any]],
    targets: list[int],
) -> Callable[[list[Any]], None]:
    """Return the function that calls a node with its arguments from the registers, and puts its results there."""
    spread = len(fills) - 1 if is_variadic(node.op) else None
    is_single = isinstance(node.outputs, KerasTensor)

    def run(values: list[Any]) -> None:
        args = [fill(values) for fill in fills]
        if spread is not None:
            args[spread:] = args[spread]
        result = function(*args, **{name: fill(values) for name, fill in named.items()})
        if is_single:
            values[targets[0]] = result
        else:
            for target, leaf in zip(targets, tree.flatten(result), strict=True):
                values[target] = leaf

    return run


def _filling(value: Any, registers: Registers) -> Callable[[list[Any]], Any]:
    """Return the function from registers to an argument."""
    if isinstance(value, KerasTensor):
        register = registers[id(value)]
        return lambda values: values[register]
    if not any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(value)):
        return lambda values: value
    return lambda values: tree.map_structure(
        lambda leaf: values[registers[id(leaf)]] if isinstance(leaf, KerasTensor) else leaf, value
    )


class _Number(int):
    """The number of a tensor, in place of it."""


def _described(x: KerasTensor) -> tuple[Any, ...]:
    return tuple(x.shape), x.dtype, x.name


def _tensor_of(node: Node | None, described: tuple[Any, ...]) -> KerasTensor:
    shape, dtype, name = described
    return KerasTensor(shape, dtype, name=name, node=node)


def _graph_of(sources: list[Any], calls: list[Any], outputs: list[Any]) -> Graph:
    """Make a graph of what `Graph.__reduce__` returned."""
    tensors = [_tensor_of(None, source) if isinstance(source, tuple) else source.output for source in sources]

    def tensor(value: Any) -> Any:
        return tree.map_structure(lambda leaf: tensors[leaf] if isinstance(leaf, _Number) else leaf, value)

    inputs = list(tensors)
    for operation, args, kwargs, described in calls:
        node = Node(operation, tensor(args), None, tensor(kwargs))
        node.outputs = _map_described(functools.partial(_tensor_of, node), described)
        record_call(operation, node)
        tensors += tree.flatten(node.outputs)
    return Graph(inputs, tensor(outputs))


def _map_described(function: Callable[[Any], Any], described: Any) -> Any:
    if isinstance(described, tuple) and len(described) == 3 and isinstance(described[1], str):
        return function(described)
    if isinstance(described, dict):
        return {name: _map_described(function, each) for name, each in described.items()}
    return type(described)(_map_described(function, each) for each in described)
