"""What kcore's and Keras's configuration files and environment variables say, and which of them is heard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings

import pytest
from kcore_ops import config
from kcore_ops.backends import current, registry
from kcore_ops.foundation import setting_files, settings
from kcore_ops.foundation.errors import ArgumentError, BackendNotFound

AS_KERAS_WRITES_IT = {  # what Keras 3.15.1 was seen to write when it was imported with KERAS_HOME set
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A directory for both files, in a process that has been told nothing."""
    for name in ("KCORE_BACKEND", "KERAS_BACKEND", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("KCORE_HOME", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(settings, "_overrides", {})
    forget()
    yield tmp_path
    forget()


def forget():
    setting_files.from_file.cache_clear()
    setting_files.from_keras_file.cache_clear()


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    forget()


def test_what_decides_the_backend_the_strongest_first(home, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        default, why = current.choose()
        assert why.startswith("the highest priority of")
        write(home / "keras.json", {"backend": "torch"})
        assert current.choose() == ("torch", "Keras's configuration file")
        monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
        assert current.choose() == ("tensorflow", "the environment variable KERAS_BACKEND")
        write(home / "kcore.json", {"backend": "numpy"})
        assert current.choose() == ("numpy", "the configuration file")
        monkeypatch.setenv("KCORE_BACKEND", "jax")
        assert current.choose() == ("jax", "the environment variable KCORE_BACKEND")
        monkeypatch.setenv("KCORE_BACKEND", "")
        monkeypatch.setenv("KERAS_BACKEND", "")
        write(home / "kcore.json", {})
        assert current.choose()[0] == "torch"
    assert sorted(path.name for path in home.iterdir()) == ["kcore.json", "keras.json"]


def test_a_file_as_keras_writes_it_by_itself_is_no_choice(home):
    expected = current.choose()
    write(home / "keras.json", AS_KERAS_WRITES_IT)
    assert current.choose() == expected
    write(home / "keras.json", {**AS_KERAS_WRITES_IT, "floatx": "float64"})
    assert current.choose() == ("tensorflow", "Keras's configuration file")


@pytest.mark.parametrize("name", ["openvino", "Torch", 3, ["torch"]])
def test_a_backend_of_keras_that_is_not_installed_is_passed_over_and_named(home, name):
    expected, why = current.choose()
    write(home / "keras.json", {"backend": name})
    passed_over = f" (Keras's configuration file names {name!r}, which is not installed)"
    assert current.choose() == (expected, why + passed_over)


def test_a_backend_of_keras_that_can_not_be_used_is_passed_over_and_named(home, monkeypatch):
    records = {**registry.backends(), "broken": registry.BackendRecord("broken", "broken 1", reason="it is broken")}
    monkeypatch.setattr(registry, "backends", lambda: records)
    write(home / "keras.json", {"backend": "broken"})
    assert current.choose()[1].endswith(" (Keras's configuration file names 'broken', which can not be used)")


@pytest.mark.parametrize(
    ("name", "fix"), [("openvino", "check the name, or install the distribution"), ("Torch", "write 'torch'")]
)
def test_a_variable_of_keras_that_names_no_backend_is_an_error(home, monkeypatch, name, fix):
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.setattr(current, "_default", None)
    message = f"the environment variable KERAS_BACKEND\n  no backend named '{name}' is installed\n(.*\n)*  fix: {fix}"
    with pytest.raises(BackendNotFound, match=message):
        current._resolve()


def test_keras_s_file_says_what_kcore_s_leaves_open(home):
    write(home / "keras.json", {"floatx": "float64", "epsilon": 0.25, "image_data_format": "channels_first"})
    write(home / "kcore.json", {"epsilon": 0.5})
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float64", 0.5, "channels_first")
    config.set_floatx("float16")
    assert config.floatx() == "float16"


@pytest.mark.parametrize(
    ("name", "value"),
    [("floatx", "int8"), ("epsilon", "a"), ("epsilon", 1e400), ("epsilon", 10**400), ("image_data_format", ["x"])],
)
def test_a_wrong_setting_is_an_error_in_kcore_s_file_and_left_out_of_keras_s(home, name, value):
    write(home / "keras.json", {name: value})
    with pytest.warns(UserWarning, match=rf"keras\.json: {name} can not be .*; kcore uses .*: use "):
        assert getattr(config, name)() == AS_KERAS_WRITES_IT[name]
    settings._overrides.clear()
    write(home / "kcore.json", {name: value})
    with pytest.raises(ArgumentError, match=f"in the configuration file\n  {name} can not be "):
        getattr(config, name)()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("not json", "is not JSON: Expecting value"),
        ("[1]", "must hold a JSON object"),
        ("[" * 60000, "is not JSON: maximum recursion depth"),
        ('{"backend": "jax"' + " " * 70000 + "}", "is longer than the 65536 bytes that are read"),
        ("1" * 5000, "is not JSON: Exceeds the limit"),
    ],
)
def test_a_file_that_can_not_be_read_is_an_error_or_left_out(home, content, fault):
    write(home / "keras.json", content)
    with pytest.warns(UserWarning, match=rf"keras\.json {fault}.*; kcore goes on without it: "):
        assert config.floatx() == "float32"
    settings._overrides.clear()
    write(home / "kcore.json", content)
    with pytest.raises(ArgumentError, match=rf"kcore\.json {fault}"):
        config.floatx()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_not_a_file_is_not_opened(home):
    os.mkfifo(home / "keras.json")
    forget()
    with pytest.warns(UserWarning, match=r"keras\.json is not a file"):
        assert config.floatx() == "float32"
    (home / "kcore.json").mkdir()
    settings._overrides.clear()
    forget()
    with pytest.raises(ArgumentError, match=r"kcore\.json is not a file\n  fix: remove it"):
        config.floatx()


@pytest.mark.parametrize("name", ["max_epochs", "max_steps_per_epoch"])
def test_limits_come_from_keras_s_variables_unless_set(home, monkeypatch, name):
    assert getattr(config, name)() is None
    settings._overrides.clear()
    monkeypatch.setenv(f"KERAS_{name.upper()}", "3")
    assert getattr(config, name)() == 3
    getattr(config, f"set_{name}")(None)
    assert getattr(config, name)() is None
    settings._overrides.clear()
    for wrong in ("x", "0", "-1", "1.5"):
        monkeypatch.setenv(f"KERAS_{name.upper()}", wrong)
        with pytest.raises(ArgumentError, match=f"in the environment variable KERAS_{name.upper()}\n  {name} can not "):
            getattr(config, name)()


def test_a_broken_file_does_not_keep_kcore_from_being_imported(home, backend_name):
    for name in ("kcore.json", "keras.json"):
        (home / name).write_text("[")
    code = "import kcore_ops as ops; import kcore_layers; print(tuple(ops.zeros((2,), 'float32').shape))"
    environment = {**os.environ, "KCORE_BACKEND": backend_name}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "(2,)\n", done.stderr


def test_keras_s_variable_alone_decides_where_arrays_go(home, backend_name):
    code = "import kcore_ops as ops; ops.zeros((2,)); print(ops.current_backend().name)"
    environment = {**os.environ, "KERAS_BACKEND": backend_name}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == f"{backend_name}\n", done.stderr
