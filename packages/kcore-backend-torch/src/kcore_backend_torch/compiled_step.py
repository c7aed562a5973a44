"""Steps as graphs that `torch.compile` compiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from kcore_ops import tree
from kcore_ops.plugin import NotCompilable

from kcore_backend_torch.transforms import MAX_GRAPHS, captured

__all__ = ["CompiledStep"]

# Of batches of how many forms a step is compiled, as many as torch compiles a function for; of more it is captured.
_MAX_COMPILED = 8


class CompiledStep:
    """A function `(state, batches)` of tensors, run as graphs: one for each form of the batches.

    A form is compiled when it comes for the second time, as compiling takes seconds: the last batch of an epoch, which
    is smaller, may come once.

    Raises:
        NotCompilable: when it is called, if the function reads values in Python, there is no compiler of C++, or
            torch's can not compile the graph.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.graphs: dict[Any, _Graph] = {}
        self.num_compiled = 0

    def __call__(self, state: Sequence[list[torch.Tensor]], batches: Any) -> Any:
        leaves = tree.flatten(batches)
        if any(isinstance(x, np.ndarray) for x in leaves):
            raise NotCompilable("texts are no tensors")
        tensors = [x for x in leaves if isinstance(x, torch.Tensor)]
        form = [(x.shape, x.dtype, x.device) if isinstance(x, torch.Tensor) else x for x in leaves]
        key = (repr(tree.map_structure(lambda _: 0, batches)), *map(len, state), *form)
        with torch.no_grad():
            graph = self.graphs.get(key)
            if graph is None:
                if len(self.graphs) >= MAX_GRAPHS:
                    del self.graphs[next(iter(self.graphs))]  # the oldest
                graph = self.graphs[key] = self._captured(state, batches, leaves)
            elif graph.compiled is None and self.num_compiled < _MAX_COMPILED:
                self.num_compiled += 1
                graph.compiled = torch.compile(graph.run, dynamic=False)
            inputs = [*(x for own in state for x in own), *tensors]
            return tree.pack_sequence_as(graph.results, self._run(graph, inputs))

    def _captured(self, state: Sequence[list[torch.Tensor]], batches: Any, leaves: list[Any]) -> _Graph:
        spots = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]
        num_values = sum(map(len, state))
        results: list[Any] = []

        def flat(*tensors: torch.Tensor) -> list[Any]:
            values, filled = iter(tensors[:num_values]), list(leaves)
            for spot, tensor in zip(spots, tensors[num_values:], strict=True):
                filled[spot] = tensor
            found = self.function(
                tuple([next(values) for _ in own] for own in state), tree.pack_sequence_as(batches, filled)
            )
            results[:] = [tree.map_structure(lambda _: 0, found)]
            return tree.flatten(found)

        graph = captured(flat, [*(x for own in state for x in own), *(leaves[spot] for spot in spots)])
        if graph is None:
            raise NotCompilable("it reads values of tensors in Python, which no graph holds")
        return _Graph(graph, results[0])

    def _run(self, graph: _Graph, inputs: list[torch.Tensor]) -> list[Any]:
        if graph.compiled is not None:
            try:
                return list(graph.compiled(*inputs))
            except Exception as error:  # the state is as it was: a graph changes nothing in place
                reason = str(error).strip().partition("\n")[0]
                raise NotCompilable(f"torch.compile fails on it: {reason}") from error
        return list(graph.run(*inputs))


class _Graph:
    """A graph, the form of what it returns, and what `torch.compile` made of it, once it has."""

    def __init__(self, run: Callable[..., Any], results: Any) -> None:
        self.run, self.results = run, results
        self.compiled: Callable[..., Any] | None = None
