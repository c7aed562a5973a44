"""Drawings of models."""

from __future__ import annotations

import os
import shutil
import stat
import sys

import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import Add, Concatenate, Dense
from kcore_layers.models.drawing import model_to_dot, plot_model
from kcore_layers.models.source_inputs import get_source_inputs
from kcore_ops import KerasTensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, MissingDependency

pydot = pytest.importorskip("pydot")


class Own(Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.inside = Dense(2)

    def call(self, x):
        return self.inside(x)


def small():
    return Sequential([Input((3,)), Dense(2, name="one"), Dense(1, name="two")], name="small")


def arrows(graph):
    found = [(edge.get_source().strip('"'), edge.get_destination().strip('"')) for edge in graph.get_edges()]
    return sorted(found + [arrow for part in graph.get_subgraphs() for arrow in arrows(part)])


def test_arrows_lead_to_and_from_the_layers_of_a_model_that_is_expanded(backend):
    left, right = Input((3,), name="left"), Input((4,), name="right")
    inner = Model([left, right], {"p": Dense(1, name="p")(left), "q": Dense(2, name="q")(right)}, name="inner")
    a, b = Input((3,), name="a"), Input((4,), name="b")
    outputs = inner([a, b])
    model = Model([a, b], [Dense(1, name="of_q")(outputs["q"]), Dense(1, name="of_p")(outputs["p"])])
    assert arrows(model_to_dot(model, expand_nested=True)) == sorted(
        [
            ("a", "inner/left"), ("b", "inner/right"), ("inner/left", "inner/p"), ("inner/right", "inner/q"),
            ("inner/p", "of_p"), ("inner/q", "of_q"),
        ]
    )  # fmt: skip
    assert ("a", "inner") in arrows(model_to_dot(model))


def test_models_in_models_in_models_are_expanded(backend):
    model = Sequential([Input((3,)), Sequential([small()], name="middle"), Dense(1, name="end")], name="outer")
    model(np.zeros((1, 3)))
    assert arrows(model_to_dot(model, expand_nested=True)) == [
        ("middle/small/one", "middle/small/two"),
        ("middle/small/two", "end"),
    ]


def test_a_model_of_one_s_own_is_a_single_box(backend):
    model = Own(name="own")
    model(np.zeros((2, 3), "float32"))
    (box,) = [node for node in model_to_dot(model, show_shapes=True).get_nodes() if node.get_name() != "node"]
    assert "<b>own</b> (Own)" in box.get_label()


def test_names_with_signs_of_html_are_escaped(backend):
    model = Sequential([Input((3,)), Dense(1, name="a<b&c")])
    assert "<b>a&lt;b&amp;c</b>" in model_to_dot(model).to_string()


def test_the_same_model_gives_the_same_text(backend):
    first, second = (model_to_dot(model, show_shapes=True).to_string() for model in (small(), small()))
    assert first == second
    assert '"one" -> "two"' in first


@pytest.mark.skipif(sys.platform == "win32", reason="the program that stands for Graphviz is a script")
def test_a_drawing_is_given_to_graphviz_with_the_format_of_the_file(backend, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    # Graphviz's place is taken by what notes its arguments, and copies what it is to draw.
    program.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:], open(sys.argv[-1]).read())\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", str(program.parent) + os.pathsep + os.environ["PATH"])
    assert plot_model(small(), tmp_path / "x.svg", show_shapes=True, rankdir="LR", dpi=50) is None
    text = (tmp_path / "x.svg").read_text()
    assert text.startswith("['-Tsvg'")
    assert "rankdir=LR" in text and "dpi=50" in text and "<b>(None, 3)</b>" in text
    plot_model(small(), tmp_path / "no_ending")
    assert (tmp_path / "no_ending").read_text().startswith("['-Tpng'")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_what_it_is_given(backend, tmp_path):
    plot_model(small(), tmp_path / "x.png", show_shapes=True, show_dtype=True, show_trainable=True)
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_what_can_not_be_drawn_is_refused(backend, tmp_path, monkeypatch):
    with pytest.raises(ArgumentError, match="the model 'new' is not built\n  fix: call it"):
        model_to_dot(Sequential([Dense(1)], name="new"))
    with pytest.raises(ArgumentError, match="the model 'dense' is not built"):
        model_to_dot(Dense(1, name="dense"))
    with pytest.raises(ArgumentError, match="there is no argument 'shapes'"):
        plot_model(small(), shapes=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="plot_model needs Graphviz.*\n  fix: pip install pydot, and install"):
        plot_model(small(), tmp_path / "x.png")
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(MissingDependency, match="model_to_dot needs pydot.*\n  fix: pip install pydot"):
        model_to_dot(small())


def test_the_sources_of_a_tensor_are_its_inputs_each_once(backend):
    a, b, c = (Input((3,), name=name) for name in "abc")
    x = Add()([Dense(3)(a), b])
    assert [source.name for source in get_source_inputs(Concatenate()([x, x * 2, c]))] == ["a", "b", "c"]
    assert get_source_inputs(a) == [a]
    bare = KerasTensor((2,))
    assert get_source_inputs(bare) == [bare]
    with pytest.raises(ArgumentTypeError, match="tensor has type ndarray, which is no symbolic tensor"):
        get_source_inputs(np.zeros(3))
