"""`FeatureSpace`: columns of a table, of one row or many, in models, in mapped data and in files."""

from __future__ import annotations

import pickle

import kcore
import numpy as np
import pytest
from kcore_layers.layers.preprocessing.feature_space import FeatureSpace
from kcore_ops import convert_to_numpy
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError

# What they do is done by ops, which are the same everywhere; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

COLUMNS = {
    "age": np.array([20.0, 40.0, 30.0, 70.0], "float32"),
    "city": np.array(["Oslo", "Rome", "Oslo", "Bern"]),
    "day": np.array([3, 1, 3, 2], "int32"),
}


def space(**options):
    features = {"age": "float_normalized", "city": "string_categorical", "day": FeatureSpace.integer_hashed(5)}
    return FeatureSpace(features, crosses=[("city", "day")], crossing_dim=6, **options)


@pytest.fixture
def adapted(backend):
    made = space()
    made.adapt(COLUMNS)
    return made


def rows(made, columns=COLUMNS):
    return convert_to_numpy(made(columns))


def test_columns_of_any_shape_and_kind_give_the_same(backend, adapted):
    expected = rows(adapted)
    assert expected.shape == (4, 1 + 4 + 5 + 6)
    assert expected.dtype == "float32"
    assert (expected[:, 1:].sum(1) == 3).all()
    np.testing.assert_array_equal(rows(adapted, {k: v[:, None] for k, v in COLUMNS.items()}), expected)
    np.testing.assert_array_equal(rows(adapted, {k: v.tolist() for k, v in COLUMNS.items()}), expected)
    for i in range(4):
        np.testing.assert_array_equal(rows(adapted, {k: v[i].item() for k, v in COLUMNS.items()}), expected[i])


def test_each_feature_by_name_is_a_part_of_the_vector(backend, adapted):
    made = space(output_mode="dict")
    made.adapt(COLUMNS)
    parts = made(COLUMNS)
    assert list(parts) == ["age", "city", "day", "city_X_day"]
    whole = np.concatenate([convert_to_numpy(part) for part in parts.values()], axis=1)
    np.testing.assert_array_equal(whole, rows(adapted))


def test_datasets_of_rows_and_of_batches_adapt_as_columns_do(backend, adapted):
    batches = [{k: v[:2] for k, v in COLUMNS.items()}, {k: v[2:] for k, v in COLUMNS.items()}]
    singles = [{k: v[i] for k, v in COLUMNS.items()} for i in range(4)]

    class Dataset:
        def __init__(self, parts):
            self.parts = parts

        def __iter__(self):
            return iter(self.parts)

    for parts in (batches, singles):
        made = space()
        made.adapt(Dataset(parts))
        np.testing.assert_allclose(rows(made), rows(adapted), rtol=1e-6)


def test_data_sets_of_tensorflow_adapt_it_and_are_mapped_whatever_the_backend(backend, adapted):
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices(COLUMNS)
    for each in (data, data.batch(3)):
        made = space()
        made.adapt(each)
        np.testing.assert_allclose(rows(made), rows(adapted), rtol=1e-6)
    mapped = data.batch(3).map(adapted)
    assert mapped.element_spec.shape.as_list() == [None, 16]
    np.testing.assert_allclose(np.concatenate(list(mapped.as_numpy_iterator())), rows(adapted), rtol=1e-6)
    np.testing.assert_allclose(np.stack(list(data.map(adapted).as_numpy_iterator())), rows(adapted), rtol=1e-6)


def test_it_starts_a_model_which_is_saved_with_all_it_knows(backend, adapted, tmp_path):
    x = adapted.get_encoded_features()
    assert (x.shape, x.dtype) == ((None, 16), "float32")
    assert list(adapted.get_inputs()) == ["age", "city", "day"]
    model = kcore.Model(adapted.get_inputs(), kcore.layers.Dense(2)(x))
    expected = convert_to_numpy(model(COLUMNS))
    model.save(tmp_path / "model.keras")
    again = kcore.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(convert_to_numpy(again(COLUMNS)), expected, rtol=1e-6)


def test_it_is_saved_pickled_and_made_of_its_config(backend, adapted, tmp_path):
    adapted.save(str(tmp_path / "space.keras"))
    again = kcore.saving.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(rows(again), rows(adapted))
    assert again.get_config() == adapted.get_config()
    adapted.get_inputs()
    np.testing.assert_array_equal(rows(pickle.loads(pickle.dumps(adapted))), rows(adapted))
    made = FeatureSpace.from_config(space().get_config())
    made.adapt(COLUMNS)
    np.testing.assert_array_equal(rows(made), rows(adapted))


def test_layers_of_ones_own_are_features(backend):
    words = kcore.layers.TextVectorization(output_mode="count")
    made = FeatureSpace({"text": FeatureSpace.feature("string", words, "float"), "x": FeatureSpace.float_rescaled(2.0)})
    made.adapt({"text": ["a b", "b"], "x": [1.0, 2.0]})
    np.testing.assert_array_equal(rows(made, {"text": ["b b", "a"], "x": [1.0, 2.0]}), [[0, 2, 0, 2], [0, 0, 1, 4]])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: FeatureSpace({}), ArgumentError, "there are no features"),
        (lambda: FeatureSpace({"a": "x"}), ArgumentError, "feature 'a' is of the unknown kind 'x'\n  fix: use one of"),
        (lambda: FeatureSpace({"a": "float"}, output_mode="x"), ArgumentError, "output_mode can not be 'x'"),
        (lambda: FeatureSpace({"a": "float"}, crosses=[("a", "b")]), ArgumentError, "a cross is of 'b', and there are"),
        (
            lambda: FeatureSpace({"a": FeatureSpace.string_hashed(3, output_mode="int")}),
            ArgumentError,
            "'a' gives indices, which make no vector with other features",
        ),
        (lambda: FeatureSpace.cross(("a", "b"), 3, output_mode="x"), ArgumentError, "Cross\n  output_mode can not be"),
        (lambda: FeatureSpace.feature("float32", None, "x"), ArgumentError, "Feature\n  output_mode can not be 'x'"),
        (lambda: space()(COLUMNS), ArgumentError, "features are not adapted yet: age, city\n  fix: call adapt first"),
        (lambda: space().get_encoded_features(), ArgumentError, "features are not adapted yet: age, city"),
        (lambda: space().adapt([COLUMNS]), ArgumentTypeError, "adapt can not take data of class list"),
        (lambda: space().adapt(iter([COLUMNS])), ArgumentTypeError, "an iterator ends after the first feature"),
        (lambda: space().adapt({"age": [1.0]}), ArgumentError, "a batch has no column 'city'"),
        (lambda: space()({"age": [1.0]}), ArgumentError, "columns are missing: 'city', 'day'\n  fix: pass a dict with"),
        (lambda: space()({**COLUMNS, "q": 1}), ArgumentError, "columns are unknown: 'q'"),
        (lambda: space()(np.zeros(3)), ArgumentTypeError, "FeatureSpace was given a ndarray\n  fix: pass a dict"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(backend, make, error, message):
    with pytest.raises(error, match=message):
        make()
