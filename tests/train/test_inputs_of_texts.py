"""Models that begin with layers of texts: fitted, evaluated and asked for predictions on texts."""

from __future__ import annotations

import warnings

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.layers import Concatenate, Dense, Embedding, Flatten, StringLookup, TextVectorization
from kcore_ops.foundation.errors import DTypeError

WORDS = ["a", "b", "c"]
X = np.array([["a b c"], ["b"], ["c d"], [""], ["b b"], ["a"], ["c"]])
Y = np.arange(7, dtype="float32")[:, None]


@pytest.fixture(autouse=True)
def _eager_steps_are_no_news():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the .* step runs eagerly: compiled ones take no texts")
        yield


def vectorizer():
    return TextVectorization(vocabulary=WORDS, output_sequence_length=3)


def top():
    set_random_seed(1)
    return [Embedding(6, 2), Flatten(), Dense(1)]


def compiled(*layers, **arguments):
    model = Sequential(layers)
    model.compile(optimizer="sgd", loss="mse", **arguments)
    return model


def of_texts(**arguments):
    return compiled(Input((1,), dtype="string"), vectorizer(), *top(), **arguments)


SOURCES = {
    "array": lambda: (X, Y),
    "lists": lambda: (X.tolist(), Y),
    "objects": lambda: (X.astype(object), Y),
    "generator": lambda: (((X[i : i + 3], Y[i : i + 3]) for i in (0, 3, 6)),),
}


def test_outputs_are_those_of_a_call(backend):
    model = of_texts()
    expected = ops.convert_to_numpy(model(X))
    np.testing.assert_allclose(model.predict(X, batch_size=3, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(X), expected, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X, Y, batch_size=3, verbose=0), np.mean((expected - Y) ** 2), rtol=1e-5)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("source", SOURCES)
def test_it_trains_as_on_the_numbers_that_texts_become(backend, source):
    options = {"shuffle": False, "epochs": 1, "verbose": 0}
    model, other = of_texts(steps_per_execution=2), compiled(Input((3,), dtype="int32"), *top())
    other.set_weights(model.get_weights())
    data = SOURCES[source]()
    batch_size = {} if len(data) == 1 else {"batch_size": 3}
    model.fit(*data, **batch_size, **options)
    other.fit(ops.convert_to_numpy(vectorizer()(X)), Y, batch_size=3, **options)
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.needs("gradient")
def test_columns_of_texts_and_numbers_are_inputs_by_name(backend):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"kind": ["a", "b", "a"], "size": [0.5, 1.0, 2.0]})
    kind, size = Input((1,), dtype="string", name="kind"), Input((1,), name="size")
    h = Concatenate()([StringLookup(vocabulary=WORDS, output_mode="one_hot")(kind), size])
    model = Model({"kind": kind, "size": size}, Dense(1)(h))
    model.compile(loss="mse")
    model.fit(dict(frame), Y[:3], validation_split=0.4, verbose=0)
    columns = {name: frame[name].to_numpy()[:, None] for name in frame}
    expected = ops.convert_to_numpy(model(columns))
    np.testing.assert_allclose(model.predict(dict(frame), verbose=0), expected, rtol=1e-5)


@pytest.mark.only("jax", "torch")  # TensorFlow's graphs hold strings
def test_what_can_not_be_compiled_with_texts_is_taken_eagerly_and_says_so(backend):
    model = of_texts(jit_compile=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    said = [str(each.message) for each in seen if "runs eagerly" in str(each.message)]
    assert len(said) == 1 and said[0].startswith("the train step runs eagerly: ") and "texts" in said[0]


def test_texts_for_numbers_and_targets_of_texts_are_refused(backend):
    model = compiled(Input((1,)), Dense(1))
    with pytest.raises(DTypeError, match="string"):
        model.predict(X, verbose=0)
    with pytest.raises(DTypeError, match="y has dtype <U5, which is not one of numbers\n  fix: turn texts"):
        model.evaluate(Y, X, verbose=0)
