"""`Model.summary`: the layers of a model, what they give and how many numbers they hold, as a table."""

from __future__ import annotations

import dataclasses
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kcore_ops import tree
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.engine.op import Op
from kcore_ops.foundation.errors import ArgumentError
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kcore_layers.base.layer import Layer
from kcore_layers.base.shapes import shape_of
from kcore_layers.models.functional import Functional
from kcore_layers.models.graph import is_input, names_of_calls
from kcore_layers.models.model import Model
from kcore_layers.models.sequential import Sequential

__all__ = ["print_summary"]

# Characters in a line where there is no terminal to say; more for a graph, whose tables have one column more.
_WIDTH, _WIDTH_OF_GRAPH = 80, 100
_INDENT = "   └ "


@dataclasses.dataclass
class _Row:
    """A line of the table: a layer, or an op of a graph.

    Attributes:
        name: what it is called in the model.
        kind: the name of its class.
        shapes: the shape of what it gives, for each different one; a tree of them for several outputs.
        layer: the layer itself, None for an op.
        sources: where its arguments come from: `name[number of the call][number of the output]`.
        depth: how many models it is inside of.
    """

    name: str
    kind: str
    shapes: list[Any]
    layer: Any
    sources: list[str] = dataclasses.field(default_factory=list)
    depth: int = 0


def print_summary(
    model: Model,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print a table of a model's layers, their output shapes and how many numbers they hold.

    Args:
        model: the model.
        line_length: int, the number of characters in a line; None, the default, is the terminal's.
        positions: list of where each column ends, as fractions of the line, or in characters; None, the default, lets
            them fit.
        print_fn: function that is called once with the whole text, in place of printing; None, the default, prints.
        expand_nested: bool, whether the layers of models inside the model are shown; False by default.
        show_trainable: bool, whether a column says which layers are trainable; False by default.
        layer_range: names, or regular expressions for their beginnings, of the first and the last layer to show; None,
            the default, shows all.

    Raises:
        ArgumentError: if there are too few or too many positions, or no layer has a name that `layer_range` asks for.

    >>> from kcore_layers import Input
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(4), Dense(2)], name="net")
    >>> print_summary(model, print_fn=lambda text: print(text.splitlines()[-3].strip()))
    Total params: 26 (104 B)
    """
    rows = _in_range(_rows(model), layer_range)
    has_sources = isinstance(model, Functional)
    if expand_nested:
        rows = list(_expanded(rows, 1))
    columns = _columns(rows, has_sources, show_trainable)
    widths = _widths(positions, line_length or (_WIDTH_OF_GRAPH if has_sources else _WIDTH), len(columns))
    table = Table(box=box.HEAVY_HEAD, show_lines=True, width=line_length if positions is None else None)
    for i, (title, _) in enumerate(columns):
        is_number = title == "Param #"
        table.add_column(
            title,
            justify="right" if is_number else "left",
            overflow="fold",
            width=None if widths is None else widths[i],
        )
    for cells in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*(Text(cell) for cell in cells))
    parts = [
        Text(f'Model: "{model.name}" (backend: {model._kcore_backend.name})', style="bold"),
        table,
        *_totals(model),
    ]
    console = Console(file=None if print_fn is None else io.StringIO(), highlight=False)
    if print_fn is not None or not console.is_terminal:
        width = line_length or (_WIDTH_OF_GRAPH if has_sources else _WIDTH)
        console = Console(file=console.file, width=width, color_system=None, force_terminal=False, highlight=False)
    elif line_length:
        console = Console(width=line_length, highlight=False)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))
    if print_fn is not None:
        print_fn(console.file.getvalue().rstrip("\n"))  # type: ignore[attr-defined]


# Rows.


def _rows(model: Any) -> list[_Row]:
    if isinstance(model, Functional):
        return _rows_of_graph(model)
    shapes = _shapes_in_sequence(model) if isinstance(model, Sequential) else {}
    return [_row(layer, shapes.get(id(layer))) for layer in model.layers]


def _row(layer: Any, shape: Any = None) -> _Row:
    shape = _known_shape(layer) if shape is None else shape
    return _Row(layer.name, type(layer).__name__, [] if shape is None else [shape], layer)


def _shapes_in_sequence(model: Any) -> dict[int, Any]:
    """Return the shape of each layer's output, where the model is built."""
    return {id(layer): shape_of(x) for layer, x in zip(model._kcore_stack, model._kcore_tensors, strict=False)}


def _known_shape(layer: Any) -> Any:
    """Return the shape of a layer's output when it was built, or for the shape it was built for; else None."""
    shape = getattr(layer, "_kcore_output_shape_when_built", None)
    built_for = getattr(layer, "_kcore_build_shapes", None)
    if shape is None and isinstance(layer, Functional):
        return layer.output_shape
    if shape is None and built_for:
        try:
            return layer.compute_output_shape(*built_for.values())
        except Exception:
            return None
    return shape


def _rows_of_graph(model: Any) -> list[_Row]:
    graph = model._kcore_graph
    nodes = [*(x.node for x in graph.inputs if x.node is not None and is_input(x.node)), *graph.nodes]
    rows: dict[str, _Row] = {}
    places: dict[int, str] = {}
    num_calls: dict[str, int] = {}
    for node, name in zip(nodes, names_of_calls(nodes), strict=True):
        if name not in rows:
            is_op = isinstance(node.op, Op)
            kind = _camel_case(node.op.name) if is_op else type(node.op).__name__
            rows[name] = _Row(name, kind, [], None if is_op else node.op)
        row = rows[name]
        call = num_calls[name] = num_calls.get(name, -1) + 1
        shape = shape_of(node.outputs)
        if shape not in row.shapes:
            row.shapes.append(shape)
        for i, x in enumerate(tree.flatten(node.outputs)):
            places[id(x)] = f"{name}[{call}][{i}]"
        if not is_input(node):
            row.sources += [places.get(id(x), x.name) for x in node.inputs]
    return list(rows.values())


def _camel_case(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _in_range(rows: list[_Row], layer_range: Sequence[str] | None) -> list[_Row]:
    if layer_range is None:
        return rows
    if len(layer_range) != 2:
        raise ArgumentError(
            f"layer_range has {len(layer_range)} names", fix="pass two: those of the first and the last layer"
        ).at("summary")
    first, last = (
        [i for i, row in enumerate(rows) if row.name == name or re.match(name, row.name)] for name in layer_range
    )
    for name, found in zip(layer_range, (first, last), strict=True):
        if not found:
            names = ", ".join(row.name for row in rows)
            raise ArgumentError(f"no layer is called {name!r}", fix=f"use two of {names}").at("summary")
    start, stop = sorted((first[0], last[-1]))
    return rows[start : stop + 1]


def _expanded(rows: Iterable[_Row], depth: int) -> Iterable[_Row]:
    for row in rows:
        yield row
        if isinstance(row.layer, Model):
            inner = [dataclasses.replace(each, depth=depth) for each in _rows(row.layer)]
            yield from _expanded(inner, depth + 1)


# Cells.


def _columns(rows: list[_Row], has_sources: bool, show_trainable: bool) -> list[tuple[str, list[str]]]:
    columns = [
        ("Layer (type)", [_indented(row) for row in rows]),
        ("Output Shape", [", ".join(map(str, row.shapes)) or "?" for row in rows]),
        ("Param #", [_count_text(row.layer) for row in rows]),
    ]
    if has_sources:
        sources = [", ".join(row.sources) if row.depth == 0 else "" for row in rows]
        columns.append(("Connected to", [each or "-" for each in sources]))
    if show_trainable:
        columns.append(("Trainable", [_trainable_text(row.layer) for row in rows]))
    return columns


def _indented(row: _Row) -> str:
    return f"{' ' * 3 * (row.depth - 1)}{_INDENT if row.depth else ''}{row.name} ({row.kind})"


def _count_text(layer: Any) -> str:
    if layer is None:
        return "0"
    count = f"{layer.count_params():,}"
    return count if layer.built else f"{count} (unbuilt)"


def _trainable_text(layer: Any) -> str:
    if not isinstance(layer, Layer) or not layer.weights:
        return "-"
    return "yes" if layer.trainable else "no"


def _widths(positions: Sequence[float] | None, line_length: int, num_columns: int) -> list[int] | None:
    """Return the number of characters inside each column."""
    if positions is None:
        return None
    if len(positions) != num_columns or sorted(positions) != list(positions) or positions[0] <= 0:
        raise ArgumentError(
            f"positions can not be {list(positions)!r}: the table has {num_columns} columns",
            fix="pass where each column ends, in rising order",
        ).at("summary")
    last = positions[-1]
    ends = [int(line_length * position / (last if last > 1 else 1)) for position in positions]
    # A column has a space on either side and a line after it.
    return [max(end - start - 3, 1) for start, end in zip([1, *ends], ends, strict=False)]


def _totals(model: Any) -> list[Text]:
    weights = model.weights
    trainable = {id(v) for v in model.trainable_variables}
    optimizer = getattr(model, "optimizer", None)
    state = list(optimizer.variables) if optimizer is not None and getattr(optimizer, "built", False) else []
    groups = [
        ("Total params", [*weights, *state]),
        ("Trainable params", [v for v in weights if id(v) in trainable]),
        ("Non-trainable params", [v for v in weights if id(v) not in trainable]),
    ]
    if state:
        groups.append(("Optimizer params", state))
    return [Text(f" {title}: {_size_text(variables)}") for title, variables in groups]


def _size_text(variables: list[Any]) -> str:
    counts = [math.prod(v.shape) for v in variables]
    num_bytes: float = sum(n * numpy_dtype(v._dtype).itemsize for n, v in zip(counts, variables, strict=True))
    text = f"{num_bytes} B"
    for unit in ("KB", "MB", "GB", "TB"):
        if num_bytes < 1024:
            break
        num_bytes /= 1024
        text = f"{num_bytes:.2f} {unit}"
    return f"{sum(counts):,} ({text})"
