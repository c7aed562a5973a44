"""Models as drawings: boxes for layers and arrows for what they give one another, in Graphviz's language."""

from __future__ import annotations

import html
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kcore_ops import tree
from kcore_ops.engine.op import Op
from kcore_ops.foundation.errors import ArgumentError, MissingDependency

from kcore_layers.base.layer import Layer
from kcore_layers.base.shapes import dtypes_of, shape_of
from kcore_layers.models.functional import Functional
from kcore_layers.models.graph import is_input, names_of_calls
from kcore_layers.models.model import Model
from kcore_layers.models.sequential import Sequential

__all__ = ["model_to_dot", "plot_model"]


@dataclass(frozen=True)
class _Style:
    """What is shown of each layer."""

    shapes: bool
    dtype: bool
    names: bool
    activations: bool
    trainable: bool


@dataclass
class _Box:
    """A layer, or an op, of a model.

    Attributes:
        key: what tells it from all other boxes.
        name: what it is called in the model.
        kind: the name of its class.
        layer: the layer itself, None for an op.
        is_input: whether it is an input of the model.
        input_shape: the shape, or tree of shapes, of what it is first called with; None if that is not known.
        outputs: tree of what it then gives, as tensors, None if that is not known.
    """

    key: str
    name: str
    kind: str
    layer: Any
    is_input: bool = False
    input_shape: Any = None
    outputs: Any = None


@dataclass
class _Drawing:
    """The boxes of a model and the arrows between them.

    Attributes:
        boxes: the boxes, by their keys.
        inner: the drawings of models inside that are expanded, by the keys of their boxes.
        arrows: from key to key, with which of the outputs it is and which of the inputs.
        starts: the key of each input: of the box that it is, or that takes it.
        ends: the key of each output.
    """

    boxes: dict[str, _Box] = field(default_factory=dict)
    inner: dict[str, _Drawing] = field(default_factory=dict)
    arrows: list[tuple[str, int, str, int]] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def start(self, key: str, number: int) -> str:
        """Return the box that an arrow to a box ends at: one inside it where it is expanded."""
        inner = self.inner.get(key)
        return key if inner is None else inner.start(inner.starts[number % len(inner.starts)], 0)

    def end(self, key: str, number: int) -> str:
        """Return the box that an arrow from a box begins at."""
        inner = self.inner.get(key)
        return key if inner is None else inner.end(inner.ends[number % len(inner.ends)], 0)


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Return a drawing of a model in Graphviz's language, as a `Dot` of pydot's.

    Args:
        model: a model that is built.
        show_shapes: bool, whether the shapes of what layers take and give are shown; False.
        show_dtype: bool, whether the dtypes of what they give are shown; False.
        show_layer_names: bool, whether their names are shown beside those of their classes; True.
        rankdir: str, where the drawing grows to: "TB" for downwards, "LR" for to the right, "BT" or "RL"; "TB".
        expand_nested: bool, whether models inside the model are drawn as what is in them, with a line around; False.
        dpi: int, the resolution of the picture in dots per inch; 200.
        subgraph: bool, whether to return a `Cluster`, which can be put in another drawing; False.
        show_layer_activations: bool, whether the activations of layers that have one are shown; False.
        show_trainable: bool, whether it is shown of layers with weights if they are trained; False.
        splines: str, how Graphviz draws the arrows: "ortho", "curved", "polyline", "spline" and others; "ortho".
        **kwargs: none; other arguments are an error that names them.

    Raises:
        ArgumentError: if the model is not built, or for another argument.
        MissingDependency: if pydot is not installed.
    """
    if kwargs:
        raise ArgumentError(f"there is no argument {next(iter(kwargs))!r}", fix="check the spelling").at("model_to_dot")
    if not isinstance(model, Model) or not model.built:
        raise ArgumentError(
            f"the model {getattr(model, 'name', model)!r} is not built", fix="call it, or its build() with input shapes"
        ).at("model_to_dot")
    pydot = _pydot("model_to_dot")
    style = _Style(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    drawing = _drawn(model, "", expand_nested)
    if subgraph:
        graph = pydot.Cluster(model.name, style="dashed", label=model.name, labeljust="l")
    else:
        graph = pydot.Dot(rankdir=rankdir, concentrate=True, dpi=dpi, splines=splines)
        graph.set_node_defaults(shape="record")
    _fill(pydot, graph, drawing, style)
    return graph


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model to a file, and in a notebook return the picture.

    Args:
        model: a model that is built.
        to_file: str or path, the file, in a format that Graphviz writes, by what its name ends in: .png, .svg, .pdf,
            .dot; "model.png".
        show_shapes: bool, whether the shapes of what layers take and give are shown; False.
        show_dtype: bool, whether the dtypes of what they give are shown; False.
        show_layer_names: bool, whether their names are shown beside those of their classes; False.
        rankdir: str, where the drawing grows to: "TB" for downwards, "LR" for to the right, "BT" or "RL"; "TB".
        expand_nested: bool, whether models inside the model are drawn as what is in them, with a line around; False.
        dpi: int, the resolution of the picture in dots per inch; 200.
        show_layer_activations: bool, whether the activations of layers that have one are shown; False.
        show_trainable: bool, whether it is shown of layers with weights if they are trained; False.
        splines: str, how Graphviz draws the arrows: "ortho", "curved", "polyline", "spline" and others; "ortho".
        **kwargs: none; other arguments are an error that names them.

    Raises:
        ArgumentError: if the model is not built, or for another argument.
        MissingDependency: if pydot or Graphviz is not installed.
    """
    dot = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
        **kwargs,
    )
    if shutil.which("dot") is None:
        raise MissingDependency(
            "plot_model needs Graphviz, whose program `dot` was not found",
            fix="pip install pydot, and install Graphviz from https://graphviz.org/download",
        ).at("plot_model")
    path = os.fspath(to_file)
    format = os.path.splitext(path)[1][1:] or "png"
    dot.write(path, format=format)
    display = sys.modules.get("IPython.display")  # which a notebook has imported
    return None if display is None or format == "pdf" else display.Image(filename=path)


def _pydot(user: str) -> Any:
    try:
        import pydot
    except ImportError as error:
        raise MissingDependency(f"{user} needs pydot, which is not installed", fix="pip install pydot").at(
            user
        ) from error
    return pydot


# What there is to draw.


def _drawn(model: Model, path: str, expands: bool) -> _Drawing:
    if isinstance(model, Functional):
        drawing = _of_graph(model, path)
    elif isinstance(model, Sequential):
        drawing = _of_stack(model, path)
    else:
        drawing = _Drawing()
        box = _box(model, f"{path}{model.name}")
        drawing.boxes[box.key] = box
        drawing.starts = drawing.ends = [box.key]
    if expands:
        for key, box in drawing.boxes.items():
            if isinstance(box.layer, Functional | Sequential) and box.layer is not model and box.layer.built:
                drawing.inner[key] = _drawn(box.layer, f"{key}/", expands)
    return drawing


def _box(layer: Any, key: str) -> _Box:
    shapes = list((getattr(layer, "_kcore_build_shapes", None) or {}).values())
    return _Box(key, layer.name, type(layer).__name__, layer, input_shape=shapes[0] if len(shapes) == 1 else None)


def _of_stack(model: Any, path: str) -> _Drawing:
    drawing = _Drawing()
    x = model._kcore_input
    layers = [layer for layer in model.layers if not getattr(layer, "_kcore_is_input_layer", False)]
    outputs = [*model._kcore_tensors, *[None] * len(layers)]
    for layer, y in zip(layers, outputs, strict=False):
        box = _box(layer, f"{path}{layer.name}")
        if x is not None:
            box.input_shape = shape_of(x)
        box.outputs = x = y
        drawing.boxes[box.key] = box
    keys = list(drawing.boxes)
    drawing.arrows = [(one, 0, other, 0) for one, other in zip(keys, keys[1:], strict=False)]
    drawing.starts, drawing.ends = keys[:1], keys[-1:]
    return drawing


def _of_graph(model: Any, path: str) -> _Drawing:
    drawing, graph = _Drawing(), model._kcore_graph
    nodes = [*(x.node for x in graph.inputs if x.node is not None and is_input(x.node)), *graph.nodes]
    # Where each tensor comes from: the box, and which of its outputs it is.
    origins: dict[int, tuple[str, int]] = {}
    for node, name in zip(nodes, names_of_calls(nodes), strict=True):
        key = f"{path}{name}"
        if key not in drawing.boxes:
            drawing.boxes[key] = _box_of_call(node, name, key)
        if not is_input(node):
            for i, x in enumerate(node.inputs):
                if id(x) in origins:
                    source, number = origins[id(x)]
                    drawing.arrows.append((source, number, key, i))
        for i, x in enumerate(tree.flatten(node.outputs)):
            origins[id(x)] = (key, i)
    drawing.starts = [origins[id(x)][0] if id(x) in origins else next(iter(drawing.boxes)) for x in graph.inputs]
    drawing.ends = [origins[id(x)][0] for x in graph.outputs]
    return drawing


def _box_of_call(node: Any, name: str, key: str) -> _Box:
    is_op = isinstance(node.op, Op)
    kind = "".join(part.capitalize() for part in node.op.name.split("_")) if is_op else type(node.op).__name__
    shapes = [shape_of(x) for x in node.inputs]
    return _Box(
        key,
        name,
        kind,
        None if is_op else node.op,
        is_input=is_input(node),
        input_shape=shapes[0] if len(shapes) == 1 else shapes or None,
        outputs=node.outputs,
    )


# The drawing in Graphviz's language.


def _fill(pydot: Any, graph: Any, drawing: _Drawing, style: _Style) -> None:
    for key, box in drawing.boxes.items():
        inner = drawing.inner.get(key)
        if inner is None:
            label = f"<{_label(box, style)}>"
            graph.add_node(pydot.Node(_quoted(key), label=label, fontname="Helvetica", border="0", margin="0"))
        else:
            cluster = pydot.Cluster(key.replace("/", "_"), style="dashed", label=box.name, labeljust="l")
            _fill(pydot, cluster, inner, style)
            graph.add_subgraph(cluster)
    for one, other in dict.fromkeys(
        (drawing.end(source, i), drawing.start(target, j)) for source, i, target, j in drawing.arrows
    ):
        graph.add_edge(pydot.Edge(_quoted(one), _quoted(other), penwidth="2"))


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _label(box: _Box, style: _Style) -> str:
    """Return a box as a table of Graphviz's kind of HTML."""
    cells = list(_cells(box, style))
    # Boxes are alike in width, whether or not a layer has an input shape, and weights to train.
    num_columns = max(2 * style.shapes + style.dtype + style.trainable, 1)
    span = f'colspan="{num_columns}"'
    title = f"<b>{html.escape(box.kind)}</b>"
    if style.names:
        title = f"<b>{html.escape(box.name)}</b> ({html.escape(box.kind)})"
    rows = [f'<td {span} bgcolor="black"><font point-size="16" color="white">{title}</font></td>']
    activation = getattr(box.layer, "activation", None) if style.activations else None
    if activation is not None:
        name = html.escape(str(getattr(activation, "name", None) or getattr(activation, "__name__", activation)))
        rows.append(f'<td bgcolor="white" {span}><font point-size="14">Activation: <b>{name}</b></font></td>')
    if cells:
        rows.append("".join(cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table border="0" cellborder="1" bgcolor="black" cellpadding="10">{body}</table>'


def _cells(box: _Box, style: _Style) -> Iterator[str]:
    if style.shapes and not box.is_input:
        yield _cell("Input shape", _shape_text(box.input_shape))
    if style.shapes:
        yield _cell("Output shape", _shape_text(None if box.outputs is None else shape_of(box.outputs)))
    if style.dtype:
        yield _cell("Output dtype", _dtype_text(box.outputs))
    if style.trainable and isinstance(box.layer, Layer) and box.layer.weights:
        trained = box.layer.trainable
        colour, text = ("forestgreen", "Trainable") if trained else ("firebrick", "Non-trainable")
        yield f'<td bgcolor="{colour}"><font point-size="14" color="white"><b>{text}</b></font></td>'


def _cell(title: str, text: str) -> str:
    return f'<td bgcolor="white"><font point-size="14">{title}: <b>{html.escape(text)}</b></font></td>'


def _shape_text(shape: Any) -> str:
    return "?" if shape is None else str(shape)


def _dtype_text(outputs: Any) -> str:
    if outputs is None:
        return "?"
    names: Sequence[str] = list(dict.fromkeys(tree.flatten(dtypes_of(outputs))))
    return ", ".join(names)
