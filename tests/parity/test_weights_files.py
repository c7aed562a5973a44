"""Files of weights: Keras reads what kcore writes, and the other way round, whatever a model is made of."""

from __future__ import annotations

import collections
from types import SimpleNamespace

import h5py
import kcore_layers
import kcore_ops as ops
import numpy as np
import pytest
from kcore_train import optimizers

rng = np.random.default_rng(0)


@pytest.fixture
def libraries(keras, backend):
    """Keras and kcore, each as Model, Sequential, Input, Layer, layers and Variable."""
    keras.utils.clear_session()
    theirs = SimpleNamespace(
        Model=keras.Model, Sequential=keras.Sequential, Input=keras.Input, Layer=keras.layers.Layer,
        layers=keras.layers, Variable=keras.Variable,
    )  # fmt: skip
    ours = SimpleNamespace(
        Model=kcore_layers.Model, Sequential=kcore_layers.Sequential, Input=kcore_layers.Input,
        Layer=kcore_layers.Layer, layers=kcore_layers.layers, Variable=ops.Variable,
    )  # fmt: skip
    return theirs, ours


def built(layer, size=2):
    layer.build((None, size))
    return layer


def dense(k, **kwargs):
    return built(k.layers.Dense(2, **kwargs))


def sequential(k):
    return k.Sequential([k.Input((3,)), k.layers.Dense(4), k.layers.Dropout(0.5), k.layers.Dense(2, name="last")])


def sequential_with_attributes(k):
    model = sequential(k)
    model.early, model.later, model._hidden = dense(k), dense(k), dense(k)
    return model


def functional(k):
    x, y = k.Input((3,)), k.Input((2,))
    shared = k.layers.Dense(3, name="shared")
    z = k.layers.Dense(3)(shared(shared(x)))
    return k.Model([x, y], [k.layers.Add()([z, k.layers.Dense(3, name="b")(y)]) + 1, z])


def functional_subclass(k):
    class Net(k.Model):
        def __init__(self):
            x = k.Input((2,))
            inside, other = dense(k), dense(k)
            super().__init__(x, other(inside(x)))
            self.a, self._other = inside, other
            self.extra, self._private, self.Upper, self.z = dense(k), dense(k), dense(k), dense(k)
            self.listed = [inside, dense(k)]

    return Net()


def nested(k):
    inner = k.Sequential([k.layers.Dense(3), k.layers.Dense(2)])
    x = k.Input((3,))
    middle = k.Model(x, k.layers.Dense(3)(inner(x)))
    y = k.Input((3,))
    return k.Model(y, middle(middle(y)))


def two_of_a_class(k):
    x = k.Input((2,))
    first = k.Sequential([k.Input((2,)), k.layers.Dense(2)], name="first")
    second = k.Sequential([k.Input((2,)), k.layers.Dense(2)], name="second")
    return k.Model(x, second(first(x)))


class Pair(collections.namedtuple("Pair", "left right")):
    pass


def holding(fill):
    """Give a function that makes a subclassed model whose attributes `fill` sets, and one with such a layer inside."""

    def make(k, base):
        class Holder(base):
            def __init__(self):
                super().__init__()
                fill(k, self)

            def call(self, x):
                return x

        return Holder()

    def model(k):
        made = make(k, k.Model)
        made(np.ones((1, 2), "float32"))
        return made

    def layer(k):
        made = k.Sequential([make(k, k.Layer)])
        made(np.ones((1, 2), "float32"))
        return made

    return model, layer


def attributes(k, self):
    self.zed, self._private, self.A, self.layer, self.layerz, self._Z, self.a_b, self.ab = [dense(k) for _ in range(8)]


def one_under_several_names(k, self):
    for i, names in enumerate([("Zed", "aa"), ("a_b", "ab"), ("_b", "a"), ("a_", "a"), ("B", "_a"), ("lb", "zb")]):
        layer = dense(k, name=f"shared_{i}")
        for name in reversed(names):
            setattr(self, name, layer)


def containers(k, self):
    self.listed = [dense(k), None, 3, dense(k), k.layers.Dropout(0.5)]
    self.by_name = {"z": dense(k), "a": dense(k), "m": {"k": dense(k)}}
    self.nested = [[dense(k)], [], {"k": [dense(k)]}, (dense(k),)]
    self.pair = Pair(dense(k), dense(k))
    self.zs = [self.listed[0], dense(k)]


def deep_sharing(k, self):
    inner = dense(k)
    self.b = inner
    self.a = k.layers.TimeDistributed(inner)
    self.c = k.Sequential([inner, dense(k)])
    self.c.build((None, 2))


def own_weights(k, self):
    self.b = self.add_weight(shape=(2,), name="b")
    self.a = self.add_weight(shape=(3,), trainable=False)
    self.c = self.add_weight(shape=(), dtype="int32", initializer="ones", trainable=False)
    self.listed = [k.Variable(np.ones((2, 1), "float32")), k.Variable(np.ones(4, "float32"))]
    self.frozen = dense(k)
    self.frozen.trainable = False


def narrow(k):
    layers = [k.layers.Dense(4, dtype=dtype) for dtype in ("bfloat16", "float16", "mixed_bfloat16")]
    return k.Sequential([k.Input((3,)), *layers])


def embedded(k):
    layers = [k.layers.Embedding(5, 2, mask_zero=True), k.layers.LSTM(3), k.layers.Dense(2, use_bias=False)]
    return k.Sequential([k.Input((4,), dtype="int32"), *layers])


def recurrent(k):
    x = k.Input((4, 3), batch_size=2)
    y = k.layers.LSTM(2, return_sequences=True, stateful=True)(x)
    y = k.layers.Bidirectional(k.layers.GRU(2, return_sequences=True))(y)
    y = k.layers.RNN([k.layers.LSTMCell(2), k.layers.GRUCell(2)], return_sequences=True)(y)
    y = k.layers.TimeDistributed(k.layers.Dense(2))(y)
    return k.Model(x, k.layers.SimpleRNN(3)(y))


def attention(k):
    x = k.Input((4, 6))
    y = k.layers.MultiHeadAttention(2, 3)(x, x)
    y = k.layers.GroupQueryAttention(3, 4, 2)(y, y)
    return k.Model(x, k.layers.AdditiveAttention()([y, k.layers.Attention(use_scale=True)([y, y])]))


def images(k):
    x = k.Input((8, 8, 4))
    y = k.layers.SeparableConv2D(4, 3)(k.layers.Conv2D(4, 3, padding="same")(x))
    y = k.layers.Conv2DTranspose(4, 2)(k.layers.DepthwiseConv2D(2)(y))
    for layer in (k.layers.BatchNormalization(), k.layers.GroupNormalization(2), k.layers.LayerNormalization(),
                  k.layers.RMSNormalization(), k.layers.UnitNormalization(), k.layers.PReLU(), k.layers.Normalization(),
                  k.layers.SpectralNormalization(k.layers.Dense(3)), k.layers.GlobalAveragePooling2D()):  # fmt: skip
        y = layer(y)
    return k.Model(x, k.layers.EinsumDense("ab,bc->ac", 2, bias_axes="c")(y))


MAKERS = {
    maker.__name__: maker
    for maker in (sequential, sequential_with_attributes, functional, functional_subclass, nested, two_of_a_class,
                  narrow, embedded, recurrent, attention, images)
}  # fmt: skip
for fill in (attributes, one_under_several_names, containers, deep_sharing, own_weights):
    model, layer = holding(fill)
    MAKERS |= {f"{fill.__name__}_of_a_model": model, f"{fill.__name__}_of_a_layer": layer}
EACH = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def entries(path):
    """What stands in a file: the paths of variables, with the dtypes, bytes and attributes that belong to them."""
    found = {}

    def note(name, item):
        attributes = dict(item.attrs)
        if isinstance(item, h5py.Dataset):
            values = item[()]
            if item.dtype.kind == "i":  # on some backends Keras has int64 where kcore has int32
                values = values.astype("int64")
            found[name] = (item.shape, str(values.dtype), values.tobytes(), attributes)
        elif name.endswith("vars") and len(item):
            found[name] = sorted(attributes)

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def draw_numbers(model):
    """Set all weights to numbers drawn anew."""
    for v in model.weights:
        v.assign(np.asarray(rng.normal(size=v.shape) * 4, "float32"))


@EACH
def test_what_either_writes_the_other_reads_and_writes_again(libraries, tmp_path, make):
    theirs, ours = (make(k) for k in libraries)
    for first, second in ((theirs, ours), (ours, theirs)):
        draw_numbers(first)
        first.save_weights(tmp_path / "first.weights.h5", overwrite=True)
        second.load_weights(tmp_path / "first.weights.h5")
        second.save_weights(tmp_path / "second.weights.h5", overwrite=True)
        assert entries(tmp_path / "second.weights.h5") == entries(tmp_path / "first.weights.h5")


def compiled(optimizers, k, optimizer, kwargs):
    model = k.Sequential([k.Input((3,)), k.layers.Dense(4), k.layers.BatchNormalization(), k.layers.Dense(2)])
    model.compile(getattr(optimizers, optimizer)(**kwargs), "mse", metrics=["mae"])
    return model


OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("Adam", {"amsgrad": True}),
    ("RMSprop", {"gradient_accumulation_steps": 2}),
    ("Adafactor", {}),
]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("optimizer, kwargs", OPTIMIZERS)
def test_the_state_of_an_optimizer_goes_along(libraries, keras, tmp_path, optimizer, kwargs):
    theirs = compiled(keras.optimizers, libraries[0], optimizer, kwargs)
    ours = compiled(optimizers, libraries[1], optimizer, kwargs)
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    for model in (theirs, ours):
        model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    for first, second in ((theirs, ours), (ours, theirs)):
        first.fit(x, y, batch_size=4, verbose=0)
        first.save_weights(tmp_path / "first.weights.h5", overwrite=True)
        second.load_weights(tmp_path / "first.weights.h5")
        second.save_weights(tmp_path / "second.weights.h5", overwrite=True)
        assert entries(tmp_path / "second.weights.h5") == entries(tmp_path / "first.weights.h5")
    assert any(name.startswith("optimizer/vars/1") for name in entries(tmp_path / "first.weights.h5"))


@EACH
@pytest.mark.filterwarnings("ignore")  # each says that it writes an index
def test_what_either_writes_in_shards_the_other_reads(libraries, tmp_path, make):
    theirs, ours = (make(k) for k in libraries)
    largest = max(4 * int(np.prod(v.shape)) for v in ours.weights)
    for first, second in ((theirs, ours), (ours, theirs)):
        for _ in range(2):  # kcore's second save takes other names for its shards
            draw_numbers(first)
            first.save_weights(tmp_path / "net.weights.h5", overwrite=True, max_shard_size=max(largest, 64) / 2**30)
            second.load_weights(tmp_path / "net.weights.json")
            for theirs_or_ours, number in ((first, 0), (second, 1)):
                theirs_or_ours.save_weights(tmp_path / f"{number}.weights.h5", overwrite=True)
            assert entries(tmp_path / "0.weights.h5") == entries(tmp_path / "1.weights.h5")
