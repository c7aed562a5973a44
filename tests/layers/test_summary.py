"""`Model.summary` says what a model is made of, what each layer gives and how many numbers there are."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import Add, Dense, Dropout
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import losses, optimizers  # noqa: F401 (other tests put the names known at their start back)


def summary(model, **kwargs):
    """The text of a summary."""
    calls = []
    model.summary(print_fn=calls.append, **kwargs)
    (text,) = calls
    return text


def table(model, **kwargs):
    """The cells of a summary's table, line by line."""
    lines = [line for line in summary(model, **kwargs).splitlines() if line[0] in "┃│"]
    return [[cell.strip() for cell in line.replace("┃", "│").strip("│").split("│")] for line in lines]


def graph():
    x = Input((3,), name="in")
    shared = Dense(3, name="shared")
    y = shared(x)
    inner = Sequential([Dense(3, name="inside"), Dropout(0.1, name="drop")], name="inner")
    z = inner(Add(name="add")([y, shared(y)]) + 1)
    return Model(x, z, name="graph")


class Pair(Model):
    def __init__(self):
        super().__init__(name="pair")
        self.first, self.second, self.unused = Dense(4, name="first"), Dense(2, name="second"), Dense(1, name="unused")

    def call(self, x):
        return self.second(self.first(x))


def test_the_text_of_a_sequential_model(backend):
    model = Sequential([Input((3,)), Dense(400, name="wide"), Dense(2, trainable=False, name="narrow")], name="net")
    assert summary(model) == (
        f'Model: "net" (backend: {backend.name})\n'
        "┏━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓\n"
        "┃ Layer (type)   ┃ Output Shape ┃ Param # ┃\n"
        "┡━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩\n"
        "│ wide (Dense)   │ (None, 400)  │   1,600 │\n"
        "├────────────────┼──────────────┼─────────┤\n"
        "│ narrow (Dense) │ (None, 2)    │     802 │\n"
        "└────────────────┴──────────────┴─────────┘\n"
        " Total params: 2,402 (9.38 KB)\n"
        " Trainable params: 1,600 (6.25 KB)\n"
        " Non-trainable params: 802 (3.13 KB)"
    )


def test_it_is_printed_as_plain_text_where_there_is_no_terminal(backend, capsys):
    model = graph()
    assert model.summary() is None
    printed = capsys.readouterr().out
    assert printed.rstrip("\n") == summary(model)
    assert "\x1b" not in printed


def test_a_graph_says_where_each_call_has_its_arguments_from(backend):
    assert table(graph()) == [
        ["Layer (type)", "Output Shape", "Param #", "Connected to"],
        ["in (InputLayer)", "(None, 3)", "0", "-"],
        ["shared (Dense)", "(None, 3)", "12", "in[0][0], shared[0][0]"],
        ["add (Add)", "(None, 3)", "0", "shared[0][0], shared[1][0]"],
        ["add_1 (Add)", "(None, 3)", "0", "add[0][0]"],
        ["inner (Sequential)", "(None, 3)", "12", "add_1[0][0]"],
    ]


def test_models_inside_can_be_shown_with_their_layers(backend):
    rows = table(graph(), expand_nested=True, show_trainable=True)
    assert rows[0][-1] == "Trainable"
    assert rows[-3:] == [
        ["inner (Sequential)", "(None, 3)", "12", "add_1[0][0]", "yes"],
        ["└ inside (Dense)", "(None, 3)", "12", "-", "yes"],
        ["└ drop (Dropout)", "(None, 3)", "0", "-", "-"],
    ]


def test_a_layer_that_gives_several_shapes_shows_each(backend):
    x, y = Input((5, 3), name="x"), Input((3,), name="y")
    layer = Dense(2, name="layer")
    assert ["layer (Dense)", "(None, 5, 2), (None, 2)", "8"] in [
        row[:3] for row in table(Model([x, y], [layer(x), layer(y)]))
    ]


def test_a_subclassed_model_shows_the_shapes_it_was_built_with(backend):
    model = Pair()
    assert table(model)[1:] == [
        ["first (Dense)", "?", "0 (unbuilt)"],
        ["second (Dense)", "?", "0 (unbuilt)"],
        ["unused (Dense)", "?", "0 (unbuilt)"],
    ]
    model(np.ones((7, 3), "float32"))
    assert table(model)[1:] == [
        ["first (Dense)", "(7, 4)", "16"],
        ["second (Dense)", "(7, 2)", "10"],
        ["unused (Dense)", "?", "0 (unbuilt)"],
    ]


def test_sizes_not_known_when_a_subclassed_model_is_built_are_none(backend):
    model = Pair()
    model.build((None, 3))
    model.unused.build((None, 3))
    assert [row[1] for row in table(model)[1:]] == ["(None, 4)", "(None, 2)", "(None, 1)"]


def test_some_of_the_layers_can_be_asked_for(backend):
    names = [row[0] for row in table(graph(), layer_range=("shared", "ad"))[1:]]
    assert names == ["shared (Dense)", "add (Add)", "add_1 (Add)"]
    with pytest.raises(
        ArgumentError, match="no layer is called 'lost'\n  fix: use two of in, shared, add, add_1, inner"
    ):
        summary(graph(), layer_range=("in", "lost"))
    with pytest.raises(ArgumentError, match="layer_range has 1 names\n  fix: pass two"):
        summary(graph(), layer_range=("in",))


@pytest.mark.parametrize("positions", [(0.5, 0.75, 1.0), (30, 45, 60)])
def test_columns_end_where_they_are_told_to(backend, positions):
    model = Sequential([Input((3,)), Dense(2, name="dense")])
    line = summary(model, line_length=60, positions=positions).splitlines()[1]
    assert [i + 1 for i, character in enumerate(line) if character in "┳┓"] == [30, 45, 60]


def test_a_line_is_as_long_as_it_is_told_to_be(backend):
    lines = summary(graph(), line_length=90).splitlines()
    assert {len(line) for line in lines if line[0] in "┏┃│└"} == {90}


def test_positions_must_be_as_many_as_there_are_columns(backend):
    model = Sequential([Input((3,)), Dense(2)])
    for positions in ((0.5, 1.0), (0.5, 0.4, 1.0)):
        with pytest.raises(
            ArgumentError, match=r"positions can not be \[.*\]: the table has 3 columns\n  fix: pass where"
        ):
            summary(model, positions=positions)


def test_bytes_follow_from_the_dtypes(backend):
    model = Sequential([Input((3,)), Dense(4, dtype="float16"), Dense(4, dtype="mixed_float16")])
    assert summary(model).splitlines()[-3] == " Total params: 36 (112 B)"


@pytest.mark.needs("gradient")
def test_the_state_of_the_optimizer_counts_once_there_is_some(backend):
    model = Sequential([Input((3,)), Dense(2)])
    model.compile("adam", "mse")
    assert "Optimizer params" not in summary(model)
    model.fit(np.ones((2, 3), "float32"), np.ones((2, 2), "float32"), verbose=0)
    # The count of steps, the learning rate, and two slots for each of the 8 weights.
    assert summary(model).splitlines()[-4:] == [
        " Total params: 26 (104 B)",
        " Trainable params: 8 (32 B)",
        " Non-trainable params: 0 (0 B)",
        " Optimizer params: 18 (72 B)",
    ]
