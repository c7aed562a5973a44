"""What stands in the file, and when."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_train.callbacks import CallbackList, CSVLogger


def write(path, epochs, **arguments):
    told = CallbackList(CSVLogger(path, **arguments))
    told.on_train_begin()
    for epoch, logs in enumerate(epochs):
        told.on_epoch_end(epoch, logs)
    told.on_train_end()
    return path.read_bytes().decode()


# The bytes of both files are those that Keras 3.15.1, run as a black box, writes.
def test_a_file_reads_as_that_of_keras(tmp_path):
    text = write(
        tmp_path / "log.csv", [{"mae": 2.5, "loss": 6.25}, {"loss": 5.0, "mae": 2.0, "val_loss": 4.0, "val_mae": 1.0}]
    )
    assert text == "epoch,loss,mae,val_loss,val_mae\r\n0,6.25,2.5,NA,NA\r\n1,5.0,2.0,4.0,1.0\r\n"


def test_arrays_text_and_another_separator_read_as_with_keras(tmp_path):
    text = write(
        tmp_path / "log.csv", [{"z": 1, "a": np.array([1, 2.0]), "s": "hi"}, {"a": 2.0, "z": 3}], separator=";"
    )
    assert text == ('epoch;a;s;z;val_a;val_s;val_z\r\n0;"""[1.0, 2.0]""";hi;1;NA;NA;NA\r\n1;2.0;NA;3;NA;NA;NA\r\n')


def test_the_learning_rate_has_no_validation(tmp_path):
    assert write(tmp_path / "log.csv", [{"loss": 1.0, "learning_rate": 0.5}]).splitlines()[0] == (
        "epoch,learning_rate,loss,val_loss"
    )


def test_lines_are_in_the_file_while_training_goes_on(tmp_path):
    callback = CSVLogger(tmp_path / "new" / "log.csv")
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 1.0})
    assert (tmp_path / "new" / "log.csv").read_text().splitlines() == ["epoch,loss,val_loss", "0,1.0,NA"]
    callback.on_train_end()


def test_a_file_is_started_anew_or_continued(tmp_path):
    path = tmp_path / "log.csv"
    write(path, [{"loss": 1.0}])
    assert write(path, [{"loss": 2.0}], append=True) == "epoch,loss,val_loss\r\n0,1.0,NA\r\n0,2.0,NA\r\n"
    assert write(path, [{"loss": 3.0}]) == "epoch,loss,val_loss\r\n0,3.0,NA\r\n"
    assert write(tmp_path / "none.csv", [{"loss": 4.0}], append=True) == "epoch,loss,val_loss\r\n0,4.0,NA\r\n"


def test_values_stand_under_the_columns_of_the_file_that_is_continued(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss\n0,1.0,2.0")  # cut off in the middle of a line
    with pytest.warns(UserWarning, match="log.csv has no column for accuracy, which are not written"):
        text = write(path, [{"accuracy": 0.5, "val_loss": 4.0, "loss": 3.0}], append=True)
    assert text.splitlines() == ["epoch,loss,val_loss", "0,1.0,2.0", "0,3.0,4.0"]
