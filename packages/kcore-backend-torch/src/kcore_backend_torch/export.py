"""Programs as files: `torch.export`'s own, and ONNX by torch's exporter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.utils._pytree as pytree  # in whose order programs take and give what is in dicts
from kcore_ops import tree
from kcore_ops.plugin import Argument, Endpoint, Export, Program, by_name, refuse_options

from kcore_backend_torch.dtypes import native_dtype

__all__ = ["TorchExport"]


class TorchExport(Export):
    """Programs of `torch.export`, and ONNX."""

    formats = {"torch": (), "onnx": ("onnx", "onnxscript")}

    def write(self, format: str, program: Program, path: str, options: Mapping[str, Any]) -> None:
        endpoint = program.single(format)
        if format == "torch":
            refuse_options(format, options, "strict")
            torch.export.save(_exported(program, endpoint, format, **options), path)
            return
        refuse_options(format, options, "opset_version", "input_names", "output_names", "external_data", "optimize")
        outputs: list[str] = []
        exported = _exported(program, endpoint, format, names_of_outputs=outputs)
        named = {
            "input_names": [leaf.name for leaf in pytree.tree_leaves(endpoint.arguments)],
            "output_names": outputs,
            **{name: value for name, value in options.items() if name != "external_data" and value is not None},
        }
        with _quiet():
            made = torch.onnx.export(exported, dynamo=True, verbose=False, **named)
            made.save(path, external_data=options.get("external_data", False))


def _exported(
    program: Program, endpoint: Endpoint, format: str, strict: bool = False, names_of_outputs: Any = None
) -> Any:
    """Return the program that torch traces of an endpoint, for every size that calls decide."""
    module = _Module(program, endpoint, format, names_of_outputs).eval()
    examples = tree.map_structure(_example, list(endpoint.arguments))
    dims: dict[str, Any] = {}
    shapes = tree.map_structure(lambda argument: _dynamic(argument, dims), list(endpoint.arguments))
    with _quiet(), torch.no_grad():
        return torch.export.export(
            module,
            tuple(examples),
            dynamic_shapes={"arguments": tuple(shapes)},
            strict=strict,
            prefer_deferred_runtime_asserts_over_guards=True,
        )


class _Module(torch.nn.Module):
    """An endpoint as a module whose parameters and buffers go by the paths of their variables."""

    def __init__(self, program: Program, endpoint: Endpoint, format: str, names_of_outputs: list[str] | None) -> None:
        super().__init__()
        self._program, self._endpoint, self._format = program, endpoint, format
        self._names_of_outputs = names_of_outputs
        self._places = []
        for variable, path in zip(program.variables, program.paths, strict=True):
            *folders, name = path.replace(".", "_").split("/")
            holder: torch.nn.Module = self
            for folder in folders:
                if folder not in holder._modules:
                    holder.add_module(folder, torch.nn.Module())
                holder = holder._modules[folder]
            tensor = variable.value.detach().cpu()  # wherever it was trained
            if variable.trainable:
                holder.register_parameter(name, torch.nn.Parameter(tensor, requires_grad=False))
            else:
                holder.register_buffer(name, tensor)
            self._places.append((holder, name))

    def forward(self, *arguments: Any) -> Any:
        values = [getattr(holder, name) for holder, name in self._places]
        outputs = self._program.frozen(self._endpoint, values, self._format)(*arguments)
        if self._names_of_outputs is not None:
            names = {id(value): name for name, value in by_name(outputs).items()}
            self._names_of_outputs[:] = [names[id(value)] for value in pytree.tree_leaves(outputs)]
        return outputs


def _example(argument: Argument) -> torch.Tensor:
    """Return a tensor to trace with: of sizes that torch takes for no special ones."""
    shape = [3 if size is None else size for size in argument.shape]
    return torch.zeros(shape, dtype=native_dtype(argument.dtype))


def _dynamic(argument: Argument, dims: dict[str, Any]) -> dict[int, Any]:
    names = {axis: name for axis, name in enumerate(argument.size_names()) if isinstance(name, str)}
    return {axis: dims.setdefault(name, torch.export.Dim(name)) for axis, name in names.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what torch's exporters say of themselves."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
