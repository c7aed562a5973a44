"""What is watched, and what of it is better."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_train import metrics
from kcore_train.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from kcore_train.callbacks.monitor import better_when

WATCHING = [
    lambda **kwargs: EarlyStopping(**kwargs),
    lambda **kwargs: ReduceLROnPlateau(**kwargs),
    lambda **kwargs: ModelCheckpoint("w.weights.h5", save_weights_only=True, save_best_only=True, **kwargs),
]


@pytest.mark.parametrize(
    ("names", "better"),
    [
        (
            "loss val_loss decoder_loss mae val_mse mean_absolute_error binary_crossentropy squared_hinge rmse",
            "smaller",
        ),
        ("accuracy acc val_binary_accuracy a_accuracy auc auc_3 precision val_recall f1_score r2_score", "larger"),
        ("mean_io_u cosine_similarity sensitivity_at_specificity precision_at_recall", "larger"),
        ("lossy score learning_rate accuracy_gap true_positives", None),
    ],
)
def test_names_tell_what_is_better(names, better):
    assert {name: better_when(name) for name in names.split()} == dict.fromkeys(names.split(), better)


# What Keras 3.15.1, run as a black box, decides for metrics compiled under a name of their own.
@pytest.mark.parametrize(
    ("make", "better"),
    [
        (metrics.AUC, "larger"),
        (metrics.BinaryIoU, "larger"),
        (metrics.F1Score, "larger"),
        (metrics.CosineSimilarity, "larger"),
        (metrics.PearsonCorrelation, "larger"),
        (metrics.TopKCategoricalAccuracy, "larger"),
        (metrics.RootMeanSquaredError, "smaller"),
        (metrics.KLDivergence, "smaller"),
        (metrics.LogCoshError, "smaller"),
        (metrics.Poisson, "smaller"),
        (metrics.FalsePositives, None),
        (metrics.Sum, None),
    ],
)
def test_the_class_of_a_metric_tells_what_is_better(backend, make, better):
    found = [better_when(name, [make(name="mine")]) for name in ("mine", "val_mine", "decoder_mine")]
    assert found == [better] * 3


def test_a_class_derived_from_a_metric_is_better_in_the_same_way(backend):
    class Special(metrics.Recall):
        pass

    assert better_when("mine", [Special(name="mine")]) == "larger"


@pytest.mark.parametrize("make", WATCHING)
def test_a_metric_of_which_nothing_is_known_needs_a_mode(run_epochs, make):
    with pytest.raises(
        ValueError, match=r"whether 'score' is better large or small\n  fix: pass mode=\"max\" or mode="
    ):
        run_epochs(make(monitor="score"), [1.0], name="score")
    callback = make(monitor="score", mode="max")
    run_epochs(callback, [1.0, 3.0, 2.0], name="score")
    assert callback.best == 3.0


@pytest.mark.parametrize("make", WATCHING)
def test_a_mode_there_is_not_is_refused(make):
    with pytest.raises(ValueError, match=r"mode can not be 'up'\n  fix: use \"min\", \"max\" or \"auto\""):
        make(mode="up")


@pytest.mark.parametrize("make", WATCHING)
def test_a_warning_names_what_there_is_when_what_is_watched_is_missing(run_epochs, make):
    callback = make(monitor="val_loss")
    with pytest.warns(
        UserWarning,
        match=rf"{type(callback).__name__} (does nothing|saves whatever it is): there is no 'val_loss' .* have loss",
    ):
        model = run_epochs(callback, [1.0, 1.0], name="loss")
    assert not model.stop_training and float(model.optimizer.learning_rate) == 1.0
    assert bool(model.saved) == isinstance(callback, ModelCheckpoint)


@pytest.mark.parametrize("make", WATCHING)
def test_only_one_number_can_be_watched(run_epochs, make):
    callback = make(monitor="val_f1_score")
    run_epochs(callback, [np.ones(1)], name="val_f1_score")
    assert callback.best == 1.0
    with pytest.raises(
        ValueError, match=r"'val_f1_score' has shape \(3,\)\n  fix: monitor a metric that is one number"
    ):
        run_epochs(callback, [np.ones(3)], name="val_f1_score")


@pytest.mark.parametrize("make", WATCHING)
def test_the_comparison_is_an_op_and_is_known_from_the_start_where_the_name_tells(make):
    assert make(monitor="loss").monitor_op is ops.less
    assert make(monitor="val_auc").monitor_op is ops.greater
    assert make(monitor="loss", mode="max").monitor_op is ops.greater
    assert make(monitor="score").monitor_op is None


def test_a_comparison_of_ones_own_is_used():
    callback = EarlyStopping(monitor="loss")
    callback.monitor_op = np.greater
    assert callback.is_improvement(2.0, 1.0)
