"""Drawings of models, and `Config`, as Keras makes them."""

from __future__ import annotations

import kcore
import kcore.utils
import pytest

pytest.importorskip("pydot")


def sequential(library):
    layers = library.layers
    return library.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(4, activation="relu", name="first"),
            layers.Dense(2, name="second", trainable=False),
        ],
        name="stack",
    )


def functional(library):
    layers = library.layers
    a, b = layers.Input((3,), name="a"), layers.Input((5,), name="b")
    inner = library.Sequential(
        [layers.Input((4,)), layers.Dense(4, name="i1"), layers.Dense(4, name="i2")], name="inner"
    )
    inner.layers[-1].trainable = False
    start = layers.Input((4,), name="start")
    graph = library.Model(start, layers.Add(name="sum")([layers.Dense(4, name="d")(start), start]), name="graph")
    h = graph(inner(layers.Dense(4, name="da")(a)))
    c = layers.Concatenate(name="both")([h, layers.Dense(4, name="db", activation="softmax")(b)])
    steps = layers.TimeDistributed(layers.Dense(2, name="w"), name="steps")(layers.Reshape((2, 4), name="rows")(c))
    return library.Model([a, b], [library.ops.add(steps, 1.0), c], name="whole")


def shared(library):
    layer, x = library.layers.Dense(3, name="shared"), library.layers.Input((3,), name="x")
    return library.Model(x, layer(layer(x)), name="twice")


def drawn(graph):
    """The labels of a drawing's boxes, the arrows between them, and the same of what is inside, by its label."""
    labels, arrows, inner = {}, [], {}

    def collect(part, name):
        inner[name] = sorted(
            (labels.setdefault(node.get_name(), node.get_attributes()["label"]))
            for node in part.get_nodes()
            if node.get_name() != "node"
        )
        arrows.extend((edge.get_source(), edge.get_destination()) for edge in part.get_edges())
        for each in part.get_subgraphs():
            collect(each, each.get_label())

    collect(graph, "")
    return inner, sorted({(labels[one], labels[other]) for one, other in arrows})


OPTIONS = [
    {},
    {"show_shapes": True},
    {"show_dtype": True},
    {"show_layer_names": False, "show_shapes": True},
    {"show_trainable": True, "show_layer_activations": True},
    {"show_shapes": True, "show_dtype": True, "show_trainable": True, "show_layer_activations": True},
    {"expand_nested": True, "show_shapes": True},
    {"expand_nested": True, "show_trainable": True},
    {"rankdir": "LR", "dpi": 96, "splines": "curved"},
    {"subgraph": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("make", [sequential, functional, shared])
def test_drawings_have_the_boxes_and_arrows_of_keras_s(keras, backend, make, options):
    keras.utils.clear_session()  # which begins the numbers in the names of ops anew
    theirs = keras.utils.model_to_dot(make(keras), **options)
    ours = kcore.utils.model_to_dot(make(kcore), **options)
    assert type(ours) is type(theirs)
    assert ours.get_name() == theirs.get_name()
    assert ours.obj_dict["attributes"] == theirs.obj_dict["attributes"]
    assert drawn(ours) == drawn(theirs)


def outcome(call, config):
    try:
        return call(config)
    except Exception as error:
        kinds = (AttributeError, KeyError, ValueError, TypeError)
        return next(kind for kind in kinds if isinstance(error, kind))


def freeze(config):
    config.freeze()
    return config


def test_configs_do_what_keras_s_do(keras):
    calls = [
        lambda c: c.a,
        lambda c: c["b"],
        lambda c: c.missing,
        lambda c: c["missing"],
        lambda c: (c.get("a"), c.get("z"), c.get("z", 5)),
        lambda c: (setattr(c, "d", 4), c.__setitem__("e", 5), c.as_dict()),
        lambda c: (c.to_json(), repr(c), list(c), len(c), "a" in c, "z" in c),
        lambda c: (list(c.keys()), list(c.values()), list(c.items())),
        lambda c: (c.pop("a"), c.pop("a", 3), c.as_dict()),
        lambda c: c.pop("z"),
        lambda c: (c.update({"a": 3}), c.update(f=3), c.update([("k", 3)]), c.as_dict()),
        lambda c: (c.__delitem__("a"), c.as_dict()),
        lambda c: (c.frozen, freeze(c).frozen, c.unfreeze(), c.frozen),
        lambda c: setattr(freeze(c), "a", 1),
        lambda c: freeze(c).__setitem__("a", 1),
        lambda c: freeze(c).pop("a"),
        lambda c: freeze(c).update(a=3),
        lambda c: c.to_json() if c.update(x=object()) is None else None,
    ]
    for call in calls:
        theirs, ours = (outcome(call, m.utils.Config(a=1, b={"c": 2})) for m in (keras, kcore))
        assert ours == theirs


def test_the_sources_of_a_tensor_are_those_of_keras(keras, backend):
    def names(library):
        a, b = (library.Input((3,), name=name) for name in "ab")
        y = library.layers.Add()([library.layers.Dense(3)(a), b])
        return [
            [x.name for x in library.utils.get_source_inputs(tensor)] for tensor in (a, y, library.ops.add(b, a), y * 2)
        ]

    assert names(kcore) == names(keras)
