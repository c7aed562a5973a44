"""Layers of strings and tables against Keras: 1,000 drawn texts through every option, all equal."""

from __future__ import annotations

import random
import string

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import layers

NUM_TEXTS = 1000
ALPHABETS = [
    string.ascii_lowercase[:6] + "   ",
    string.ascii_letters + string.digits + string.punctuation + string.whitespace,
    "aA ÀÉßİıǅΣσςЖжДд漢字かなカナ한글עבריתعربيहिन्दी\u2003\u00a0\u200b\u0301é\U0001f600\U0001f468\u200d\U0001f469 \t\n",
]


def drawn_texts(count=NUM_TEXTS, seed=0):
    rng = random.Random(seed)
    texts = ["", " ", "a", "  a  b ", "a" * 200]
    while len(texts) < count:
        alphabet = rng.choice(ALPHABETS)
        texts.append("".join(rng.choices(alphabet, k=rng.choice([0, 1, 3, 8, 17, 33, 70, 140]))).strip("\0"))
    return texts


TEXTS = drawn_texts()
WORDS = sorted({word for text in TEXTS for word in text.split()})[:NUM_TEXTS]


def values(x):
    return ops.convert_to_numpy(x) if ops.is_tensor(x) else np.asarray(x)


def theirs_of(keras, x):
    return np.asarray(keras.ops.convert_to_numpy(x))


def text(x):
    """Strings as Keras takes them on each of its backends."""
    import tensorflow as tf

    return tuple(map(text, x)) if isinstance(x, tuple) else tf.constant(x)


def check(keras, ours, theirs, exact=True):
    a, b = values(ours), theirs_of(keras, theirs)
    assert a.shape == b.shape
    if exact:
        np.testing.assert_array_equal(a, b)
    else:
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_bins": 2},
        {"mask_value": "a"},
        {"salt": 133},
        {"salt": [133, 2**40 + 7]},
        {"output_mode": "one_hot"},
        {"output_mode": "multi_hot", "mask_value": ""},
        {"output_mode": "count"},
        {"dtype": "int32"},
    ],
    ids=str,
)
def test_texts_and_integers_are_hashed_to_the_same_bins(keras, options):
    options = {"num_bins": 1009, **options}
    texts = np.array(TEXTS)[:, None]
    check(keras, layers.Hashing(**options)(texts), keras.layers.Hashing(**options)(text(texts)))
    numbers = np.random.default_rng(0).integers(-(10**6), 10**6, (200, 3)).astype("int32")
    if not isinstance(options.get("mask_value"), str):
        check(keras, layers.Hashing(**options)(numbers), keras.layers.Hashing(**options)(numbers))


@pytest.mark.parametrize("output_mode", ["int", "one_hot"])
def test_combinations_are_hashed_to_the_same_bins(keras, output_mode):
    rng = np.random.default_rng(0)
    features = (
        np.array(TEXTS)[:, None],
        rng.integers(-(10**6), 10**6, (NUM_TEXTS, 1)).astype("int32"),
        np.array(TEXTS[::-1])[:, None],
    )
    for count in (2, 3):
        ours = layers.HashedCrossing(997, output_mode=output_mode)(features[:count])
        check(keras, ours, keras.layers.HashedCrossing(997, output_mode=output_mode)(text(features[:count])))


LOOKUPS = [
    {},
    {"mask_token": "a"},
    {"max_tokens": 20},
    {"num_oov_indices": 3, "max_tokens": 30},
    {"num_oov_indices": 3, "max_tokens": 30, "salt": [1, 2]},
    {"output_mode": "one_hot", "max_tokens": 50},
    {"output_mode": "multi_hot", "mask_token": "a"},
    {"output_mode": "count", "max_tokens": 40, "pad_to_max_tokens": True},
    {"output_mode": "tf_idf"},
    {"output_mode": "tf_idf", "max_tokens": 5000, "pad_to_max_tokens": True, "mask_token": "a"},
]


@pytest.mark.parametrize("options", LOOKUPS, ids=str)
def test_vocabularies_of_strings_and_indices_are_the_same(keras, options):
    rng = random.Random(1)
    data = np.array(rng.choices(WORDS, k=600) + WORDS[:300])
    seen = np.array(rng.choices([*WORDS, "unseen", "other", ""], k=900)).reshape(300, 3)
    for batch in (data, data.reshape(-1, 3)):
        ours, theirs = layers.StringLookup(**options), keras.layers.StringLookup(**options)
        ours.adapt(batch)
        theirs.adapt(batch)
        assert ours.get_vocabulary() == [str(token) for token in theirs.get_vocabulary()]
        assert ours.vocabulary_size() == theirs.vocabulary_size()
        check(keras, ours(seen), theirs(text(seen)), exact=options.get("output_mode") != "tf_idf")
    given = {**options, "vocabulary": ["b", "c", "d"]}
    if options.get("output_mode") == "tf_idf":
        given["idf_weights"] = [0.5, 0.25, 1.0]
    if options.get("max_tokens") != 20:
        ours, theirs = layers.StringLookup(**given), keras.layers.StringLookup(**given)
        check(keras, ours(seen), theirs(text(seen)), exact=options.get("output_mode") != "tf_idf")


@pytest.mark.needs("strings")
def test_strings_are_found_again_for_indices(keras):
    for options in ({}, {"mask_token": ""}, {"num_oov_indices": 2, "oov_token": "?"}):
        options = {"vocabulary": ["a", "bé"], "invert": True, **options}
        indices = np.array([[0, 1, 2], [3, 4, 5]])
        ours = values(layers.StringLookup(**options)(indices))
        theirs = keras.layers.StringLookup(**options)(indices)
        theirs = np.asarray(theirs.numpy() if hasattr(theirs, "numpy") else theirs)
        decoded = [[x.decode() if isinstance(x, bytes) else x for x in row] for row in ours]
        assert decoded == [[x.decode() if isinstance(x, bytes) else x for x in row] for row in theirs]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mask_token": 0},
        {"max_tokens": 9},
        {"num_oov_indices": 3, "max_tokens": 9},
        {"num_oov_indices": 3, "max_tokens": 9, "oov_method": "farmhash"},
        {"num_oov_indices": 3, "max_tokens": 9, "oov_method": "farmhash", "salt": 5},
        {"output_mode": "one_hot"},
        {"output_mode": "multi_hot", "mask_token": 0},
        {"output_mode": "count", "max_tokens": 50, "pad_to_max_tokens": True},
        {"output_mode": "tf_idf"},
    ],
    ids=str,
)
def test_vocabularies_of_integers_and_indices_are_the_same(keras, options):
    rng = np.random.default_rng(0)
    data, seen = rng.integers(-9, 9, (200, 2)), rng.integers(-12, 12, (100, 3))
    ours, theirs = layers.IntegerLookup(**options), keras.layers.IntegerLookup(**options)
    ours.adapt(data)
    theirs.adapt(data)
    assert ours.get_vocabulary() == [int(token) for token in theirs.get_vocabulary()]
    check(keras, ours(seen), theirs(seen), exact=options.get("output_mode") != "tf_idf")
    if "output_mode" not in options:
        vocabulary = ours.get_vocabulary(include_special_tokens=False)
        inverted = {"vocabulary": vocabulary, "invert": True, **options}
        indices = np.arange(0, 30).reshape(10, 3)
        check(keras, layers.IntegerLookup(**inverted)(indices), keras.layers.IntegerLookup(**inverted)(indices))


VECTORIZATIONS = [
    {},
    {"standardize": None},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation", "max_tokens": 100},
    {"split": "character"},
    {"split": None},
    {"ngrams": 2, "max_tokens": 500},
    {"ngrams": (1, 3)},
    {"split": "character", "ngrams": (2,)},
    {"output_sequence_length": 4},
    {"output_sequence_length": 50},
    {"output_mode": "multi_hot", "max_tokens": 64},
    {"output_mode": "count", "max_tokens": 5000, "pad_to_max_tokens": True},
    {"output_mode": "tf_idf", "max_tokens": 200},
    {"output_mode": "tf_idf", "ngrams": 2},
    {"output_mode": "multi_hot", "split": "character"},
]


@pytest.mark.parametrize("options", VECTORIZATIONS, ids=str)
def test_texts_become_the_same_numbers(keras, options):
    ours, theirs = layers.TextVectorization(**options), keras.layers.TextVectorization(**options)
    ours.adapt(TEXTS)
    theirs.adapt(TEXTS)
    assert ours.get_vocabulary() == [str(token) for token in theirs.get_vocabulary()]
    others = np.array(drawn_texts(300, seed=5) + TEXTS)
    exact = options.get("output_mode") != "tf_idf"
    check(keras, ours(others), theirs(text(others)), exact=exact)
    check(keras, ours(others[:, None]), theirs(text(others[:, None])), exact=exact)


def test_every_character_of_ascii_is_stripped_split_and_lowered_alike(keras):
    texts = [f"x{chr(c)}Y" for c in range(1, 0x180)]
    for standardize in ("lower_and_strip_punctuation", "lower", "strip_punctuation"):
        ours = layers.TextVectorization(standardize=standardize)
        theirs = keras.layers.TextVectorization(standardize=standardize)
        ours.adapt(texts)
        theirs.adapt(texts)
        assert ours.get_vocabulary() == [str(token) for token in theirs.get_vocabulary()]


def test_functions_of_numpy_standardize_and_split_as_those_of_tensorflow(keras):
    import tensorflow as tf

    ours = layers.TextVectorization(standardize=np.char.upper, split=lambda x: np.char.split(x, "B"), vocabulary=["A"])
    theirs = keras.layers.TextVectorization(
        standardize=tf.strings.upper, split=lambda x: tf.strings.split(x, "B"), vocabulary=["A"]
    )
    texts = np.array(["aba", "cbA", "q"])
    check(keras, ours(texts), theirs(text(texts)))


def test_text_of_every_rank_has_the_same_shape(keras):
    for options in ({}, {"output_mode": "multi_hot"}, {"split": None}, {"output_sequence_length": 3}):
        for x in (np.array("a b"), np.array(["a b", "c"]), np.array([["a b"], ["c"]])):
            ours = layers.TextVectorization(vocabulary=["a", "b"], **options)(x)
            check(keras, ours, keras.layers.TextVectorization(vocabulary=["a", "b"], **options)(text(x)))


@pytest.mark.parametrize("output_mode", ["int", "one_hot", "multi_hot", "count"])
def test_numbers_lie_in_the_same_bins(keras, output_mode):
    x = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, np.nan, 1.3, np.inf]], "float32")
    options = {"bin_boundaries": [0.0, 1.0, 2.0], "output_mode": output_mode}
    for each in (x, x[0], x[:, :1], x[None]):
        check(keras, layers.Discretization(**options)(each), keras.layers.Discretization(**options)(each))


@pytest.mark.parametrize(("num_bins", "epsilon"), [(4, 0.01), (10, 0.1), (3, 0.3), (50, 0.01)])
@pytest.mark.parametrize("sizes", [[500], [10], [2], [250, 50, 99], [1000, 7, 3]], ids=str)
def test_boundaries_of_bins_are_the_same(keras, num_bins, epsilon, sizes):
    rng = np.random.default_rng(3)
    ours = layers.Discretization(num_bins=num_bins, epsilon=epsilon)
    theirs = keras.layers.Discretization(num_bins=num_bins, epsilon=epsilon)
    ours.reset_state()
    theirs.reset_state()
    for size in sizes:
        x = rng.normal(size=size).astype("float32")
        ours.update_state(x)
        theirs.update_state(x)
    ours.finalize_state()
    theirs.finalize_state()
    np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-5, atol=1e-6)
    again = layers.Discretization.from_config(theirs.get_config())
    x = rng.normal(size=(40, 3)).astype("float32")
    check(keras, again(x), theirs(x))


@pytest.mark.parametrize("output_mode", ["one_hot", "multi_hot", "count"])
def test_categories_are_encoded_alike(keras, output_mode):
    for x in (np.array([3, 2, 0, 1]), np.array([[0, 1], [0, 0], [3, 3]]), np.array([[1], [2]]), np.zeros((0, 2), int),
              np.array([[[0, 1], [2, 2]]]), np.array(2)):  # fmt: skip
        options = {"num_tokens": 4, "output_mode": output_mode}
        check(keras, layers.CategoryEncoding(**options)(x), keras.layers.CategoryEncoding(**options)(x))
    if output_mode == "count":
        x, weights = np.array([[0, 1], [0, 0], [3, 3]]), np.array([[0.1, 0.2], [0.1, 0.1], [0.2, 0.3]], "float32")
        ours = layers.CategoryEncoding(4, output_mode="count")(x, count_weights=weights)
        check(keras, ours, keras.layers.CategoryEncoding(4, output_mode="count")(x, count_weights=weights), exact=False)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Hashing", {"num_bins": 5, "salt": 3}),
        ("HashedCrossing", {"num_bins": 5}),
        ("StringLookup", {"vocabulary": ["a", "b"], "num_oov_indices": 2}),
        ("StringLookup", {"vocabulary": ["a"], "idf_weights": [0.5], "output_mode": "tf_idf", "salt": 4}),
        ("IntegerLookup", {"vocabulary": [1, 2], "mask_token": 0}),
        ("TextVectorization", {"vocabulary": ["a"], "ngrams": 2, "output_sequence_length": 3}),
        ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"}),
        ("CategoryEncoding", {"num_tokens": 3}),
    ],
    ids=str,
)
def test_configs_go_both_ways(keras, name, options):
    ours, theirs = getattr(layers, name)(**options), getattr(keras.layers, name)(**options)
    a, b = ours.get_config(), theirs.get_config()
    assert set(b) <= set(a)
    for key in set(b) - {"name", "dtype"}:
        assert (tuple(a[key]) if isinstance(a[key], list | tuple) else a[key]) == (
            tuple(b[key]) if isinstance(b[key], list | tuple) else b[key]
        ), key
    assert type(ours).from_config(b).get_config() == {**a, "name": b["name"]}
    assert type(theirs).from_config(a).get_config()["name"] == a["name"]


def models_of_strings(kit):
    """The same model of string inputs, of Keras's or of kcore's layers, adapted to the same data."""
    lookup = kit.layers.StringLookup()
    lookup.adapt(["b", "a", "b"])
    weighted = kit.layers.StringLookup(output_mode="tf_idf")
    weighted.adapt(np.array([["b", "a"], ["c", "b"]]))
    words = kit.layers.TextVectorization(output_mode="tf_idf")
    words.adapt(["b a", "a c"])
    sequence = kit.layers.TextVectorization(output_sequence_length=3, ngrams=2)
    sequence.adapt(["b a", "a c"])
    integers = kit.layers.IntegerLookup()
    integers.adapt(np.array([3, 4, 4]))
    bins = kit.layers.Discretization(num_bins=3)
    bins.adapt(np.arange(10.0))
    text, number, real = (
        kit.Input((1,), dtype="string", name="text"),
        kit.Input((1,), dtype="int32", name="number"),
        kit.Input((1,), name="real"),
    )
    outputs = [
        lookup(text), weighted(text), words(text), sequence(text), integers(number), bins(real),
        kit.layers.Hashing(7)(text), kit.layers.HashedCrossing(11)((text, number)),
        kit.layers.StringLookup(vocabulary=["a", "q"], output_mode="multi_hot")(text),
    ]  # fmt: skip
    return kit.Model([text, number, real], outputs)


DATA = [
    np.array([["a"], ["b a"], ["q"]]),
    np.array([[3], [4], [5]], "int32"),
    np.array([[1.0], [5.0], [9.0]], "float32"),
]


@pytest.mark.needs("strings")
def test_files_with_vocabularies_go_both_ways(keras, tmp_path):
    import kcore

    path = tmp_path / "model.keras"
    ours, theirs = models_of_strings(kcore), models_of_strings(keras)
    given = [keras.ops.convert_to_tensor(x) for x in DATA]
    expected = [theirs_of(keras, y) for y in theirs(given)]
    for y, wanted in zip(ours(DATA), expected, strict=True):
        np.testing.assert_allclose(values(y), wanted, rtol=1e-6)
    theirs.save(path)
    loaded = kcore.saving.load_model(path)
    for y, wanted in zip(loaded(DATA), expected, strict=True):
        np.testing.assert_allclose(values(y), wanted, rtol=1e-6)
    ours.save(path)
    loaded = keras.saving.load_model(path)
    for y, wanted in zip(loaded(given), expected, strict=True):
        np.testing.assert_allclose(theirs_of(keras, y), wanted, rtol=1e-6)


COLUMNS = {
    "f": np.array([1.0, 2.0, 3.0, 10.0], "float32"),
    "normal": np.array([1.0, 2.0, 3.0, 4.0], "float32"),
    "binned": np.array([0.1, 0.2, 0.3, 0.9], "float32"),
    "scaled": np.array([1.0, 2.0, 3.0, 4.0], "float32"),
    "words": np.array(["a", "b", "a", "c"]),
    "names": np.array(["x", "y", "x", "z"]),
    "numbers": np.array([3, 1, 3, 2], "int32"),
    "codes": np.array([100, 200, 100, 5], "int32"),
}


def spaces(space, **options):
    features = {
        "f": "float",
        "normal": "float_normalized",
        "binned": space.float_discretized(num_bins=3),
        "scaled": space.float_rescaled(scale=0.5, offset=1.0),
        "words": "string_categorical",
        "names": space.string_hashed(num_bins=5),
        "numbers": space.integer_categorical(num_oov_indices=2),
        "codes": "integer_hashed",
    }
    crosses = [("words", "numbers"), space.cross(("names", "binned"), crossing_dim=9)]
    return space(features=features, crosses=crosses, crossing_dim=7, **options)


@pytest.mark.parametrize("output_mode", ["concat", "dict"])
def test_tables_become_the_same_features(keras, output_mode, tmp_path):
    import kcore
    import tensorflow as tf

    rng = np.random.default_rng(0)
    rows = {
        name: rng.choice(column, NUM_TEXTS)
        if column.dtype.kind != "f"
        else rng.normal(size=NUM_TEXTS).astype("float32")
        for name, column in COLUMNS.items()
    }
    rows["names"] = np.array(TEXTS)
    ours, theirs = (spaces(kit.utils.FeatureSpace, output_mode=output_mode) for kit in (kcore, keras))
    for space in (ours, theirs):
        space.adapt(tf.data.Dataset.from_tensor_slices(COLUMNS))
    given = {name: tf.constant(column) for name, column in rows.items()}
    for found in (ours(rows), ours(given), ours({name: column[:, None] for name, column in rows.items()})):
        wanted = theirs(given)
        if output_mode == "concat":
            found, wanted = {"all": found}, {"all": wanted}
        assert list(found) == list(wanted)
        for name, y in found.items():
            np.testing.assert_allclose(values(y), theirs_of(keras, wanted[name]), rtol=1e-5, atol=1e-5)


@pytest.mark.needs("strings")
def test_files_of_feature_spaces_go_both_ways(keras, tmp_path):
    import kcore
    import tensorflow as tf

    ours, theirs = spaces(kcore.utils.FeatureSpace), spaces(keras.utils.FeatureSpace)
    for space in (ours, theirs):
        space.adapt(tf.data.Dataset.from_tensor_slices(COLUMNS))
    given = {name: tf.constant(column) for name, column in COLUMNS.items()}
    expected = theirs_of(keras, theirs(given))
    theirs.save(str(tmp_path / "theirs.keras"))
    np.testing.assert_allclose(values(kcore.saving.load_model(tmp_path / "theirs.keras")(COLUMNS)), expected, rtol=1e-6)
    ours.save(str(tmp_path / "ours.keras"))
    loaded = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(theirs_of(keras, loaded(given)), expected, rtol=1e-6)
