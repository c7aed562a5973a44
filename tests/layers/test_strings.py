"""Vocabularies: where they come from, what is refused and in which words."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_layers.files.model_file import load_model
from kcore_layers.layers.core.embedding import Embedding
from kcore_layers.layers.core.input_layer import Input
from kcore_layers.layers.preprocessing.category_encoding import CategoryEncoding
from kcore_layers.layers.preprocessing.discretization import Discretization
from kcore_layers.layers.preprocessing.hashed_crossing import HashedCrossing
from kcore_layers.layers.preprocessing.hashing import Hashing
from kcore_layers.layers.preprocessing.integer_lookup import IntegerLookup
from kcore_layers.layers.preprocessing.string_lookup import StringLookup
from kcore_layers.layers.preprocessing.text_vectorization import TextVectorization
from kcore_layers.models.sequential import Sequential
from kcore_ops import TensorSpec, add, convert_to_numpy, convert_to_tensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError

WORDS = ["b", "a", "b", "c", "b", "c"]
VOCABULARY = ["[UNK]", "b", "c", "a"]


class Series:
    """What is like an array, as a column of a data frame is."""

    shape = (len(WORDS),)

    def __array__(self, dtype=None, copy=None):
        return np.array(WORDS, object)


@pytest.mark.parametrize(
    "data",
    [
        WORDS,
        tuple(WORDS),
        np.array(WORDS),
        np.array(WORDS, object),
        np.array(WORDS).astype("S"),
        np.array(WORDS).reshape(3, 2),
        Series(),
        [np.array(WORDS[:2]), np.array(WORDS[2:])],
        [WORDS[:2], WORDS[2:]],
        iter([WORDS[:2], WORDS[2:]]),
        iter(WORDS),
        [(np.array(WORDS[:2]), np.zeros(2)), (np.array(WORDS[2:]), np.zeros(4))],
    ],
    ids=lambda data: type(data).__name__,
)
def test_a_vocabulary_is_made_of_data_of_any_kind(backend, data):
    layer = StringLookup()
    layer.adapt(data)
    assert layer.get_vocabulary() == VOCABULARY
    assert layer.vocabulary_size() == 4


def test_a_vocabulary_is_made_of_a_data_set_of_tensorflow(backend):
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices(WORDS)
    for each in (data, data.batch(2), data.batch(2).map(lambda x: (x, 1))):
        layer = StringLookup()
        layer.adapt(each)
        assert layer.get_vocabulary() == VOCABULARY
    layer.adapt(data.batch(2), steps=1)
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]


def test_a_vocabulary_is_made_of_columns_of_pandas(backend):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"word": WORDS, "number": range(6)})
    for column in (frame["word"], frame[["word"]], frame["word"].astype("string")):
        layer = StringLookup()
        layer.adapt(column)
        assert layer.get_vocabulary() == VOCABULARY
        assert convert_to_numpy(layer(column)).ravel().tolist() == [1, 3, 1, 2, 1, 2]


def test_states_are_updated_step_by_step_and_the_vocabulary_stays_until_the_end(backend):
    layer = StringLookup(output_mode="tf_idf")
    layer.update_state(["a", "b"])
    layer.update_state([["b", "c"], ["b", "d"]])
    assert layer.get_vocabulary() == ["[UNK]"]
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "b", "d", "c", "a"]
    # log(1 + 3 / (1 + documents with it)), and their mean for what is not in it.
    weights = [np.log(1.75), *[np.log(2.5)] * 3]
    found = convert_to_numpy(layer([["z", "b", "d", "c", "a"]]))
    np.testing.assert_allclose(found, [[np.mean(weights), *weights]], rtol=1e-6)
    layer.reset_state()
    layer.update_state(["q"])
    assert layer.get_vocabulary() == ["[UNK]", "b", "d", "c", "a"]
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "q"]


def test_a_vocabulary_is_read_from_a_file_as_the_layer_is_made_and_never_as_one_is_loaded(backend, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("é\nb \nc\n", encoding="utf-8")
    layer = StringLookup(vocabulary=path)
    assert layer.get_vocabulary() == ["[UNK]", "é", "b ", "c"]
    assert layer.get_config()["vocabulary"] is None
    for cls in (StringLookup, TextVectorization, IntegerLookup):
        with pytest.raises(ArgumentError, match="a config names a file for the vocabulary\n  fix: pass the path to"):
            cls.from_config({"vocabulary": str(path)})
    with pytest.raises(ArgumentError, match="there is no vocabulary in .*missing.txt"):
        StringLookup(vocabulary=str(tmp_path / "missing.txt"))
    (tmp_path / "numbers.txt").write_text("3\n1\n", encoding="utf-8")
    assert IntegerLookup(vocabulary=str(tmp_path / "numbers.txt")).get_vocabulary() == [-1, 3, 1]
    with pytest.raises(ArgumentError, match="a line of the vocabulary is 'é', which is no integer"):
        IntegerLookup(vocabulary=path)


def test_tokens_with_line_ends_survive_a_file(backend, tmp_path):
    layer = TextVectorization(split=None)
    layer.adapt(["a\nb", "c"])
    model = Sequential([Input((1,), dtype="string"), layer])
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert again.layers[0].get_vocabulary() == layer.get_vocabulary()


def test_assets_are_written_to_a_directory_and_read_from_it(backend, tmp_path):
    layer, other = StringLookup(), StringLookup()
    layer.adapt(WORDS)
    layer.save_assets(str(tmp_path))
    assert (tmp_path / "vocabulary.txt").read_text(encoding="utf-8") == "[UNK]\nb\nc\na"
    other.load_assets(str(tmp_path))
    assert other.get_vocabulary() == VOCABULARY


def test_a_model_of_text_is_called_saved_and_loaded(backend, tmp_path):
    words = TextVectorization(output_sequence_length=4)
    words.adapt(["a b", "b c"])
    model = Sequential([Input((1,), dtype="string"), words, Embedding(words.vocabulary_size(), 2)])
    x = np.array([["a b z"], ["c"]])
    y = convert_to_numpy(model(x))
    assert y.shape == (2, 4, 2)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(convert_to_numpy(load_model(tmp_path / "model.keras")(x)), y)
    np.testing.assert_array_equal(convert_to_numpy(model(x[:, 0])), y)
    with pytest.raises(DTypeError, match="has dtype float32 and must have string\n  fix: pass strings for inputs of"):
        model(np.zeros((2, 1), "float32"))


def test_no_op_takes_strings(backend):
    with pytest.raises(DTypeError, match="strings are no numbers, which is what tensors are made of\n  fix: make numb"):
        add(TensorSpec((2,), "string"), 1)
    with pytest.raises(DTypeError, match="strings are no numbers"):
        add(np.array(["a"]), 1)
    with pytest.raises(DTypeError, match="strings are no numbers"):
        convert_to_tensor(np.array(["a"]))
    with pytest.raises(DTypeError, match="strings are no numbers"):
        Input((1,), dtype="string") + 1


LOOKUP = {"vocabulary": ["a", "b"]}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: StringLookup(max_tokens=1),
            ArgumentError,
            r"max_tokens can not be 1\n  fix: pass an integer of 2 or more",
        ),
        (lambda: StringLookup(num_oov_indices=-1), ArgumentError, "num_oov_indices can not be -1"),
        (
            lambda: StringLookup(output_mode="x"),
            ArgumentError,
            "StringLookup\n  output_mode can not be 'x'\n  fix: use",
        ),
        (
            lambda: StringLookup(sparse=True),
            ArgumentError,
            "there are no sparse or ragged tensors\n  fix: leave out sp",
        ),
        (
            lambda: TextVectorization(ragged=True),
            ArgumentError,
            "no sparse or ragged tensors\n  fix: leave out ragged=",
        ),
        (
            lambda: StringLookup(pad_to_max_tokens=True),
            ArgumentError,
            "pad_to_max_tokens needs a size\n  fix: pass max",
        ),
        (
            lambda: StringLookup(invert=True, output_mode="count"),
            ArgumentError,
            "invert looks up tokens, and output_mo",
        ),
        (lambda: StringLookup(idf_weights=[1.0]), ArgumentError, "idf_weights were given, and output_mode 'int' takes"),
        (lambda: StringLookup(**LOOKUP, output_mode="tf_idf"), ArgumentError, 'output_mode "tf_idf" needs the weights'),
        (
            lambda: StringLookup(**LOOKUP, output_mode="tf_idf", idf_weights=[1.0]),
            ArgumentError,
            "there are 2 tokens and 1 idf_weights\n  fix: pass a number for each token",
        ),
        (lambda: StringLookup(vocabulary=[]), ArgumentError, "the vocabulary is empty"),
        (lambda: StringLookup(vocabulary=["a", "a"]), ArgumentError, r"tokens stand there twice: \['a'\]"),
        (lambda: StringLookup(vocabulary=[["a"]]), ShapeError, r"the vocabulary has shape \(1, 1\)"),
        (lambda: StringLookup(vocabulary=[1]), DTypeError, "tokens are of dtype int64, where strings are needed"),
        (lambda: IntegerLookup(vocabulary=["a"]), DTypeError, "tokens are strings, where integers are needed"),
        (lambda: StringLookup(vocabulary=["", "a"], mask_token=""), ArgumentError, "the mask token '' stands among"),
        (lambda: StringLookup(**LOOKUP, max_tokens=2), ArgumentError, "has the size 3, and max_tokens is 2"),
        (lambda: StringLookup(**LOOKUP).adapt(["a"]), ArgumentError, "the vocabulary was given and can not be adapted"),
        (lambda: StringLookup().adapt([""] * 0), ArgumentError, "there are no tokens to make a vocabulary of"),
        (lambda: StringLookup().adapt(None), ArgumentTypeError, "adapt can not take data of class NoneType"),
        (lambda: StringLookup().adapt({"a": WORDS}), ArgumentTypeError, "adapt can not take data of class dict"),
        (
            lambda: StringLookup()(["a"]),
            ArgumentError,
            "there is no vocabulary yet\n  fix: call adapt or set_vocabulary",
        ),
        (lambda: TextVectorization()(["a"]), ArgumentError, "there is no vocabulary yet"),
        (lambda: IntegerLookup()(np.array([1])), ArgumentError, "there is no vocabulary yet"),
        (lambda: StringLookup(**LOOKUP)(np.array([1])), DTypeError, "the inputs are numbers, where strings are needed"),
        (
            lambda: StringLookup(**LOOKUP)([["a"], ["b", "a"]]),
            ArgumentTypeError,
            "lists of different lengths are no ar",
        ),
        (lambda: StringLookup(**LOOKUP)(np.array(["a", None])), DTypeError, "None, a NoneType, stands where strings"),
        (lambda: StringLookup(**LOOKUP, num_oov_indices=0)(["z"]), ArgumentError, r"the vocabulary lacks \['z'\]"),
        (lambda: IntegerLookup(vocabulary=[1])(np.array(["a"])), DTypeError, "the inputs are strings, where integers"),
        (lambda: IntegerLookup(vocabulary=[1], num_oov_indices=0)([2]), ArgumentError, r"the vocabulary lacks \[2\]"),
        (lambda: IntegerLookup(vocabulary_dtype="int32"), ArgumentError, "vocabulary_dtype can not be 'int32'"),
        (lambda: IntegerLookup(oov_method="x"), ArgumentError, "oov_method can not be 'x'"),
        (lambda: IntegerLookup(salt=3), ArgumentError, "salt is of a hash, and oov_method is 'floormod'"),
        (lambda: Hashing(0), ArgumentError, "num_bins can not be 0"),
        (
            lambda: Hashing(3, salt="a"),
            ArgumentError,
            "Hashing\n  salt is 'a', which is no key\n  fix: pass an integer",
        ),
        (
            lambda: Hashing(3, dtype="float32"),
            ArgumentError,
            'dtype is float32, and bins are integers in output_mode "',
        ),
        (lambda: HashedCrossing(3)(["a", "b"][0:1]), ArgumentError, "there are 1 features to cross"),
        (lambda: HashedCrossing(3)(np.array(["a"])), ArgumentTypeError, "was given a ndarray, where it takes several"),
        (
            lambda: HashedCrossing(3)((["a"], [1.5])),
            DTypeError,
            "a feature is of dtype float64, and what is crossed ar",
        ),
        (lambda: HashedCrossing(3)((["a"], [1, 2])), ShapeError, r"the shapes \(1,\), \(2,\), which differ"),
        (lambda: HashedCrossing(3)(([["a", "b"]], [[1, 2]])), ShapeError, r"fix: pass features of shape \(batch,\) or"),
        (lambda: TextVectorization(standardize="x"), ArgumentError, "standardize can not be 'x'\n  fix: use one of"),
        (lambda: TextVectorization(split="x"), ArgumentError, "split can not be 'x'"),
        (lambda: TextVectorization(ngrams="a"), ArgumentError, "ngrams can not be 'a'"),
        (
            lambda: TextVectorization(output_sequence_length=3, output_mode="count"),
            ArgumentError,
            "output_sequence_length was given, and output_mode 'count' gives no sequences",
        ),
        (
            lambda: TextVectorization(**LOOKUP)([["a", "b"]]),
            ShapeError,
            r"texts to split have shape \(1, 2\), where the last of several axes must have length 1",
        ),
        (
            lambda: TextVectorization(**LOOKUP)(np.array([1])),
            DTypeError,
            "the inputs are numbers, where text is needed",
        ),
        (
            lambda: TextVectorization().adapt(np.array([1])),
            DTypeError,
            "the data are of dtype int64, where text is need",
        ),
        (lambda: Discretization(), ArgumentError, "neither bin_boundaries nor num_bins was given"),
        (lambda: Discretization([1.0], 2), ArgumentError, "bin_boundaries and num_bins were given"),
        (lambda: Discretization([2.0, 1.0]), ArgumentError, r"bin_boundaries are \[2.0, 1.0\]"),
        (lambda: Discretization(num_bins=2)([1.0]), ArgumentError, "there are no boundaries of bins yet"),
        (lambda: Discretization([1.0]).adapt([1.0]), ArgumentError, "bin_boundaries were given and can not be adapted"),
        (
            lambda: Discretization([1.0])(np.array(["a"])),
            DTypeError,
            "the inputs are strings, where numbers are needed",
        ),
        (lambda: CategoryEncoding(), ArgumentError, "num_tokens can not be None"),
        (lambda: CategoryEncoding(3)(np.array(["a"])), DTypeError, "the inputs are strings, where integers are needed"),
        (
            lambda: CategoryEncoding(3)(np.array([[1]]), count_weights=np.array([[1.0]])),
            ArgumentError,
            "count_weights were given, and output_mode 'multi_hot' takes none",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(backend, make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_ragged_and_sparse_tensors_are_refused_in_words(backend):
    tf = pytest.importorskip("tensorflow")
    for x in (tf.ragged.constant([["a"], ["b", "a"]]), tf.sparse.from_dense([["a"]])):
        with pytest.raises(ArgumentTypeError, match="is no array: there are no sparse or ragged tensors\n  fix: pass"):
            StringLookup(**LOOKUP)(x)


@pytest.mark.needs("jit")
def test_another_vocabulary_is_heard_in_code_compiled_anew(backend):
    layer = IntegerLookup(vocabulary=[5])
    before = layer.vocabulary_version
    layer.set_vocabulary([6, 5])
    assert layer.vocabulary_version > before
    found = backend.jit(lambda x: layer(x))(convert_to_tensor(np.array([5, 6], "int32")))
    assert convert_to_numpy(found).tolist() == [2, 1]
