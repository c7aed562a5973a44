"""What `fit` and `evaluate` write for TensorBoard, read back with its own reader."""

from __future__ import annotations

import json
import warnings

import kcore_ops as ops
import numpy as np
import pytest
from google.protobuf import text_format
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import Dense, Embedding, Flatten
from kcore_train.callbacks import BackupAndRestore, Callback, LearningRateScheduler, TensorBoard
from kcore_train.loop.logs import as_numbers
from kcore_train.optimizers import SGD
from kcore_train.optimizers.schedules import ExponentialDecay
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.graph import keras_util
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.util import tensor_util

pytestmark = pytest.mark.needs("gradient")

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def compiled(learning_rate=0.05, **arguments):
    model = Sequential([Input((3,)), Dense(2, name="hidden"), Dense(1, name="head")], name="net")
    model.compile(SGD(learning_rate), "mean_squared_error", metrics=["mae"], **arguments)
    return model


def fit(model, *callbacks, epochs=2, **arguments):
    arguments = {"batch_size": 8, "verbose": 0, "shuffle": False, **arguments}
    return model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **arguments).history


def read(directory):
    found = event_accumulator.EventAccumulator(str(directory), {event_accumulator.TENSORS: 0})
    return found.Reload()


def values_of(directory):
    """All numbers in the files of a directory: steps and values by tag."""
    found = read(directory)
    return {
        tag: ([each.step for each in found.Tensors(tag)],
              [float(tensor_util.make_ndarray(each.tensor_proto)) for each in found.Tensors(tag)])
        for tag in found.Tags()["tensors"]
        if found.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
    }  # fmt: skip


def check(found, **expected):
    assert set(found) == set(expected)
    for tag, (steps, values) in expected.items():
        assert found[tag][0] == list(steps), tag
        np.testing.assert_allclose(found[tag][1], values, rtol=1e-6, err_msg=tag)


def test_epochs_and_validations_are_those_of_the_history(backend, tmp_path):
    history = fit(compiled(), TensorBoard(tmp_path), validation_data=(X[:16], Y[:16]))
    check(
        values_of(tmp_path / "train"),
        epoch_loss=([0, 1], history["loss"]),
        epoch_mae=([0, 1], history["mae"]),
        epoch_learning_rate=([0, 1], [0.05, 0.05]),
    )
    check(
        values_of(tmp_path / "validation"),
        epoch_loss=([0, 1], history["val_loss"]),
        epoch_mae=([0, 1], history["val_mae"]),
        evaluation_loss_vs_iterations=([5, 10], history["val_loss"]),
        evaluation_mae_vs_iterations=([5, 10], history["val_mae"]),
    )


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", range(1, 11)), (1, range(1, 11)), (3, [3, 6, 9])])
def test_batches_are_written_as_often_as_asked_for_and_epochs_always(backend, tmp_path, update_freq, steps):
    seen = []

    class Note(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["loss"])

    history = fit(compiled(), Note(), TensorBoard(tmp_path, update_freq=update_freq))
    found = values_of(tmp_path / "train")
    assert found["batch_loss"] == (list(steps), pytest.approx([seen[step - 1] for step in steps]))
    assert found["batch_mae"][0] == list(steps)
    assert found["epoch_loss"] == ([0, 1], pytest.approx(history["loss"]))


def test_batches_are_counted_where_one_call_takes_several(backend, tmp_path):
    fit(compiled(steps_per_execution=2), TensorBoard(tmp_path, update_freq="batch"), epochs=2)
    assert values_of(tmp_path / "train")["batch_loss"][0] == [2, 4, 5, 7, 9, 10]


@pytest.mark.parametrize(("update_freq", "num_reads"), [("epoch", 0), (4, 2), ("batch", 10)])
def test_results_of_a_batch_are_read_from_the_device_only_where_they_are_written(
    backend, tmp_path, monkeypatch, update_freq, num_reads
):
    reads = []
    monkeypatch.setattr("kcore_train.loop.logs.as_numbers", lambda results: reads.append(1) or as_numbers(results))
    fit(compiled(), TensorBoard(tmp_path, update_freq=update_freq), epochs=2)
    assert len(reads) == num_reads


def test_a_fit_that_goes_on_after_it_was_cut_off_goes_on_counting_batches(backend, tmp_path):
    class PowerCut(Exception):
        pass

    class Cut(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 7:
                raise PowerCut("now")

    model, backup = compiled(), {"backup_dir": tmp_path / "backup", "save_freq": 1}
    board = {"log_dir": tmp_path / "logs", "update_freq": "batch"}
    with pytest.raises(PowerCut, match="now"):
        fit(model, TensorBoard(**board), Cut(), BackupAndRestore(**backup))
    fit(compiled(), TensorBoard(**board), BackupAndRestore(**backup))
    by_file = [values_of(path)["batch_loss"][0] for path in sorted((tmp_path / "logs" / "train").iterdir())]
    assert sorted(by_file) == [list(range(1, 8)), list(range(7, 11))]  # the seventh was not backed up


def test_steps_a_second_leave_out_the_validation(backend, tmp_path):
    fit(compiled(), TensorBoard(tmp_path, write_steps_per_second=True, update_freq=5), validation_split=0.2)
    found = values_of(tmp_path / "train")
    assert found["batch_steps_per_second"][0] == [5]
    assert found["epoch_steps_per_second"][0] == [0, 1]
    assert min(found["batch_steps_per_second"][1] + found["epoch_steps_per_second"][1]) > 0


def test_the_clock_stands_still_during_a_validation(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("kcore_train.callbacks.tensorboard.time.perf_counter", lambda: now[0])
    callback = TensorBoard("nowhere")
    callback.on_epoch_begin(0)
    now[0] = 2.0
    callback.on_test_begin()
    now[0] = 10.0
    callback.on_test_end()
    now[0] = 11.0
    callback._pause()
    assert callback._seconds == 3.0


def test_the_learning_rate_is_that_of_the_moment(backend, tmp_path):
    fit(compiled(), LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)), TensorBoard(tmp_path / "callback"))
    assert values_of(tmp_path / "callback" / "train")["epoch_learning_rate"][1] == pytest.approx([0.1, 0.05])
    fit(compiled(ExponentialDecay(0.1, 5, 0.5)), TensorBoard(tmp_path / "schedule"))
    assert values_of(tmp_path / "schedule" / "train")["epoch_learning_rate"][1] == pytest.approx([0.05, 0.025])


def test_evaluations_by_themselves_stand_at_the_step_of_the_optimizer(backend, tmp_path):
    model, board = compiled(), TensorBoard(tmp_path)
    fit(model, board, epochs=1)
    result = model.evaluate(X, Y, verbose=0, callbacks=[board])
    check(
        values_of(tmp_path / "validation"),
        evaluation_loss_vs_iterations=([5], [result[0]]),
        evaluation_mae_vs_iterations=([5], [result[1]]),
    )


def test_a_second_fit_writes_another_file_beside_the_first(backend, tmp_path):
    model, board = compiled(), TensorBoard(tmp_path)
    first, second = fit(model, board, epochs=1), fit(model, board, epochs=2, initial_epoch=1)
    assert len(list((tmp_path / "train").iterdir())) == 2
    assert len({values_of(path)["epoch_loss"][1][0] for path in (tmp_path / "train").iterdir()}) == 2
    losses = [values_of(path)["epoch_loss"] for path in sorted((tmp_path / "train").iterdir())]
    assert sorted(losses) == [([0], pytest.approx(first["loss"])), ([1], pytest.approx(second["loss"]))]


def test_histograms_and_images_are_of_all_weights_under_their_paths(backend, tmp_path):
    model = compiled()
    fit(model, TensorBoard(tmp_path, histogram_freq=2, write_images=True), epochs=3)
    found = read(tmp_path / "train")
    histograms = {tag for tag in found.Tags()["tensors"] if tag.endswith("/histogram")}
    images = {tag for tag in found.Tags()["tensors"] if tag.endswith("/image")}
    paths = ["net/hidden/kernel", "net/hidden/bias", "net/head/kernel", "net/head/bias"]
    assert histograms == {f"{path}/histogram" for path in paths}
    assert images == {f"{path}/image" for path in paths[:3]}  # one number is no image
    for weight in model.weights:
        at = found.Tensors(f"{weight.path}/histogram")
        values = ops.convert_to_numpy(weight)
        assert [each.step for each in at] == [0, 2]
        bins = tensor_util.make_ndarray(at[-1].tensor_proto)
        assert bins[:, 2].sum() == values.size
        np.testing.assert_allclose([bins[0, 0], bins[-1, 1]], [values.min(), values.max()], rtol=1e-6)


def test_tensorboard_makes_a_graph_of_the_layers(backend, tmp_path):
    fit(compiled(), TensorBoard(tmp_path))
    (graph,) = read(tmp_path / "train").Tensors("keras")
    text = tensor_util.make_ndarray(graph.tensor_proto).item().decode()
    nodes = {node.name: list(node.input) for node in keras_util.keras_model_to_graph_def(json.loads(text)).node}
    assert nodes["net/head"] == ["net/hidden"]
    assert len(nodes["net/hidden"]) == 1


def test_models_without_a_graph_of_layers_have_none(backend, tmp_path):
    class Plain(Model):
        def __init__(self):
            super().__init__()
            self.head = Dense(1)

        def call(self, x):
            return self.head(x)

    model = Plain()
    model.compile("sgd", "mean_squared_error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, TensorBoard(tmp_path))
    assert "keras" not in read(tmp_path / "train").Tags()["tensors"]


def with_embeddings():
    inputs = Input((4,), dtype="int32")
    first, second = Embedding(10, 3, name="first"), Embedding(7, 2, name="second")
    outputs = Dense(1)(Flatten()(ops.concatenate([first(inputs), second(inputs)], axis=-1)))
    model = Model(inputs, outputs, name="words")
    model.compile("sgd", "mean_squared_error")
    return model


def test_the_projector_finds_every_embedding_with_its_labels(backend, tmp_path):
    model = with_embeddings()
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"second": 'my "labels".tsv'})
    indices = np.random.default_rng(0).integers(0, 7, (16, 4))
    model.fit(indices, Y[:16], epochs=2, verbose=0, callbacks=[board])
    text = (tmp_path / "projector_config.pbtxt").read_text()
    found = {each.tensor_name: each for each in text_format.Parse(text, ProjectorConfig()).embeddings}
    assert set(found) == {"first/embeddings", "second/embeddings"}
    assert [found[name].metadata_path for name in sorted(found)] == ["", 'my "labels".tsv']
    for layer in (model.get_layer("first"), model.get_layer("second")):
        entry = found[layer.embeddings.path]
        matrix = np.fromfile(tmp_path / entry.tensor_path, "float32").reshape(tuple(entry.tensor_shape))
        np.testing.assert_array_equal(matrix, ops.convert_to_numpy(layer.embeddings))
    other = with_embeddings()
    other.load_weights(tmp_path / "train" / "keras_embedding.ckpt-1.weights.h5")
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_labels_for_a_layer_that_is_not_there_are_refused_before_training(backend, tmp_path):
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"third": "labels.tsv"})
    with pytest.raises(
        ValueError, match="has files for 'third', and the model's Embedding layers are 'first', 'second'"
    ):
        with_embeddings().fit(np.zeros((4, 4), "int32"), Y[:4], verbose=0, callbacks=[board])


def test_values_of_ones_own_stand_beside_those_of_training(backend, tmp_path):
    board = TensorBoard(tmp_path)

    class Own(Callback):
        def on_epoch_end(self, epoch, logs=None):
            board.summary.scalar("temperature", epoch / 2, step=epoch)
            board.summary.histogram("spread", [1.0, 2.0], step=epoch)
            board.summary.text("note", "*warm*", step=epoch)

    fit(compiled(), board, Own())
    found = read(tmp_path / "train")
    assert values_of(tmp_path / "train")["temperature"] == ([0, 1], [0.0, 0.5])
    assert tensor_util.make_ndarray(found.Tensors("note")[0].tensor_proto).item() == b"*warm*"
    assert tensor_util.make_ndarray(found.Tensors("spread")[0].tensor_proto)[:, 2].sum() == 2


def test_arrays_among_the_logs_are_written_number_by_number(tmp_path):
    board = TensorBoard(tmp_path)
    board.on_train_batch_begin(0)
    board.on_epoch_end(0, {"recall": np.array([0.25, 0.5]), "one": np.array([[1.0]])})
    board.on_train_end()
    check(
        values_of(tmp_path / "train"),
        **{"epoch_recall/0": ([0], [0.25]), "epoch_recall/1": ([0], [0.5]), "epoch_one": ([0], [1.0])},
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"update_freq": 0}, 'update_freq can not be 0(.|\n)*"batch", "epoch" or a positive number'),
        ({"update_freq": "step"}, "update_freq can not be 'step'"),
        ({"histogram_freq": -1}, "histogram_freq can not be -1"),
        ({"embeddings_freq": 0.5}, "embeddings_freq can not be 0.5"),
        ({"log_dir": "gs://bucket/logs"}, "gs://bucket/logs', and files are written to directories of this machine"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TensorBoard(**arguments)


@pytest.mark.parametrize("profile_batch", [2, (2, 5), "2,5"])
def test_that_nothing_is_profiled_is_said_and_stops_nothing(profile_batch):
    with pytest.warns(UserWarning, match="nothing is profiled, though profile_batch is .*leave it 0"):
        TensorBoard(profile_batch=profile_batch)
