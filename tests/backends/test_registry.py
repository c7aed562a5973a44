"""How backends are found, loaded, checked and chosen, and what is said when that fails."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import re
import subprocess
import sys
import textwrap
import threading
import types

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.backends import current, registry
from kcore_ops.backends.interface import INTERFACE, Backend, Plugin
from kcore_ops.command import main as cli
from kcore_ops.foundation.errors import ArgumentError, BackendNotFound, BackendUnusable, PluginError


class Minimal(Backend):
    """The least a backend can be."""

    name = "minimal"
    tensor_types = (memoryview,)

    def table(self):
        return {}

    def to_tensor(self, value, dtype):
        return memoryview(np.asarray(value).tobytes())

    def to_numpy(self, x):
        return np.frombuffer(x)


@pytest.fixture
def registered():
    """Register backends for the length of a test."""
    names = []

    def register(backend):
        registry.register(backend)
        names.append(backend.name)

    yield register
    for name in names:
        registry.unregister(name)


@dataclasses.dataclass
class Entry:
    """An entry point as importlib.metadata gives it."""

    name: str
    value: str
    loaded: object
    package: str = "somebody"

    @property
    def dist(self):
        return type("Distribution", (), {"name": self.package, "version": "1.0"})

    def load(self):
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


def plugin(name="foo", framework="numpy", implementation="", interface=INTERFACE):
    return Plugin(name, framework, implementation, interface=interface)


@pytest.fixture
def installed(monkeypatch):
    """Pretend that other distributions are installed beside the real ones."""
    real = importlib.metadata.entry_points

    def pretend(*entries):
        def entry_points(*, group, **params):
            found = list(real(group=group, **params))
            return found + (list(entries) if group == registry.BACKENDS else [])

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
        registry.forget()

    kept = dict(registry._installed())
    yield pretend
    monkeypatch.undo()
    registry.forget()
    for name, record in registry._installed().items():
        record.backend = kept[name].backend  # a backend is loaded once in a process


def run_python(code, **env):
    import os

    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KCORE", "KERAS"))}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    clean["KERAS_HOME"] = os.devnull  # what this machine's user has told Keras is no test's concern
    return subprocess.run(command, capture_output=True, text=True, env={**clean, **env}, check=False)


def test_a_missing_backend_is_named_with_those_installed(backend):
    with pytest.raises(BackendNotFound, match="no backend named 'mlx' is installed") as caught:
        ops.use_backend("mlx")
    usable = ", ".join(sorted(name for name, record in registry.backends().items() if record.is_usable))
    assert str(caught.value) == (
        "BackendNotFound\n  no backend named 'mlx' is installed\n"
        f"  installed: {usable} (run `kcore backends` for details)\n"
        "  fix: check the name, or install the distribution that offers it"
    )
    assert isinstance(caught.value, ImportError)
    assert ops.config.backend() == backend.name


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("torhc", "write 'torch'"),
        ("Torch", "write 'torch'"),
        ("pytorch", "write 'torch'"),
        ("tf", "write 'tensorflow'"),
        ("jaxx", "write 'jax'"),
        ("np", "write 'numpy'"),
        ("../evil", "check the name, or install the distribution that offers it"),
        (None, "check the name, or install the distribution that offers it"),
    ],
)
def test_a_mistyped_backend_is_answered_by_the_nearest_name_and_nothing_to_install(typed, fix):
    with pytest.raises(BackendNotFound, match=f"fix: {re.escape(fix)}$"):
        registry.load(typed)


def test_only_distributions_of_ours_are_named_to_be_installed(monkeypatch):
    monkeypatch.setattr(registry, "backends", dict)
    for typed, fix in (("torch", "pip install kcore-backend-torch"), ("tensorflow", "pip install kcore-backend-tf"),
                       ("torhc", "write 'torch', after pip install kcore-backend-torch")):  # fmt: skip
        with pytest.raises(BackendNotFound, match=f"fix: {fix}$"):
            registry.load(typed)


def test_a_component_that_is_missing_is_answered_by_the_package_of_ours_that_offers_it(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [])
    for name, fix in (("trainer", "pip install kcore-train"), ("trainr", "write 'trainer'"),
                      ("evil", "check the name, or install the distribution that offers it")):  # fmt: skip
        with pytest.raises(PluginError, match=f"offers the component {name!r}\n  fix: {fix}$"):
            registry.component(name)


def test_the_packages_named_for_components_are_those_that_offer_them():
    offered = {entry.name: entry.dist.name for entry in importlib.metadata.entry_points(group=registry.COMPONENTS)
               if entry.dist is not None and entry.dist.name.startswith("kcore-")}  # fmt: skip
    assert offered.items() >= registry.COMPONENT_DISTRIBUTIONS.items()


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        (ImportError("no libfoo"), r"importing foo:backend failed: ImportError: no libfoo"),
        ("not a plugin", r"foo:backend is a str, not a kcore_ops.backends.interface.Plugin"),
        (plugin("bar"), r"its entry point is named 'foo' and its plugin 'bar'"),
        (plugin(interface="0.9"), rf"interface 0\.9, and this kcore-ops has {INTERFACE}"),
        (
            plugin(framework="no_such_framework"),
            r"no_such_framework is not installed \(pip install no_such_framework\)",
        ),
        (plugin(implementation="no_such_module:X"), r"loading it failed: ModuleNotFoundError: .*no_such_module"),
    ],
)
def test_a_broken_plugin_is_listed_with_its_reason_and_harms_nobody(backend, installed, named, reason):
    installed(Entry("foo", "foo:backend", named))
    with pytest.raises(BackendUnusable, match=rf"backend 'foo' \(somebody 1.0\) can not be used: .*{reason}"):
        ops.use_backend("foo")
    assert any("not usable" in line for line in cli.backend_lines())
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.add(ops.convert_to_tensor([1.0]), 1.0)), [2.0])


def test_an_attribute_that_the_entry_point_misspells_is_named_with_those_close_to_it(installed):
    missing = AttributeError("module 'kcore_backend_numpy' has no attribute 'backnd'")
    importlib.import_module("kcore_backend_numpy")
    installed(Entry("foo", "kcore_backend_numpy:backnd", missing))
    reason = (
        "kcore_backend_numpy:backnd names what is not there: module kcore_backend_numpy has no attribute 'backnd'; "
        "close to it are backend"
    )
    with pytest.raises(BackendUnusable, match="can not be used") as caught:
        registry.load("foo")
    assert str(caught.value) == (
        f"BackendUnusable\n  backend 'foo' (somebody 1.0) can not be used: {reason}\n"
        "  fix: run `kcore backends --load` to see which can"
    )
    lines = cli.backend_lines()
    place = lines.index("foo: somebody 1.0")
    assert lines[place + 1] == f"  not usable: {reason}"


def test_an_error_of_an_attribute_within_the_module_is_told_as_it_is(installed):
    installed(Entry("foo", "kcore_backend_numpy:backend", AttributeError("'str' object has no attribute 'x'")))
    with pytest.raises(BackendUnusable, match="importing kcore_backend_numpy:backend failed: AttributeError: 'str'"):
        registry.load("foo")


def test_an_implementation_that_the_plugin_misspells_is_named_with_those_close_to_it(installed):
    installed(Entry("foo", "foo:backend", plugin(implementation="kcore_backend_numpy.implementation:NumpyBackand")))
    module = "kcore_backend_numpy.implementation"
    said = f"loading it failed: {module}:NumpyBackand names what is not there: module {module} has no attribute "
    with pytest.raises(BackendUnusable, match=f"{said}'NumpyBackand'; close to it are NumpyBackend"):
        registry.load("foo")


def test_what_loading_found_is_shown_by_the_command_that_loads(installed, capsys):
    installed(Entry("foo", "foo:backend", plugin(implementation="no_such_module:X")))
    assert cli.main(["backends"]) == 0
    before = capsys.readouterr().out
    assert "  not loaded yet (kcore backends --load tries it, and shows devices and capabilities)" in before
    assert "no_such_module" not in before and "usable" not in before.partition("foo:")[2].partition("\ncurrent")[0]
    assert cli.main(["backends", "--load"]) == 0
    found = "  not usable: loading it failed: ModuleNotFoundError: No module named 'no_such_module'"
    assert found in capsys.readouterr().out
    with pytest.raises(BackendUnusable, match="No module named 'no_such_module'\n  fix: run `kcore backends --load`"):
        registry.load("foo")
    assert cli.main(["backends"]) == 0
    assert found in capsys.readouterr().out


@pytest.fixture
def distribution(monkeypatch, tmp_path):
    """Pretend that a distribution with entry points is installed."""

    def pretend(text):
        metadata = tmp_path / "kcore_backend_foo-0.3.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: kcore-backend-foo\nVersion: 0.3\n")
        (metadata / "entry_points.txt").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)

    return pretend


@pytest.mark.parametrize("group", ["kcore.backend", "kcore_backends", "KCore.Backends", "kcore.bakends"])
def test_a_backend_in_a_misspelt_group_is_found_and_said_to_be_there(distribution, group, capsys):
    distribution(f"[{group}]\nfoo = kcore_backend_foo:backend\n")
    said = f"kcore-backend-foo 0.3 offers 'foo' in the entry point group {group!r}, which nothing reads; it must be "
    with pytest.raises(BackendNotFound, match="no backend named 'foo' is installed") as caught:
        registry.load("foo")
    assert str(caught.value).splitlines()[3:] == [
        f"  {said}'kcore.backends'",
        "  fix: correct the group in the plugin's pyproject.toml, and install it anew",
    ]
    assert cli.main(["backends"]) == 0
    assert f"overlooked: {said}'kcore.backends'\n" in capsys.readouterr().out


def test_a_component_in_a_misspelt_group_is_found_and_said_to_be_there(distribution):
    distribution("[kcore.component]\nsounds = foo.sounds\n")
    said = "kcore-backend-foo 0.3 offers 'sounds' in the entry point group 'kcore.component', which nothing reads"
    with pytest.raises(PluginError, match=f"{said}; it must be 'kcore.components'\n  fix: correct the group"):
        registry.component("sounds")


@pytest.mark.parametrize("group", ["console_scripts", "keras.backends", "kcore.components", "xarray.backends"])
def test_groups_that_mean_something_else_are_let_alone(distribution, group):
    distribution(f"[{group}]\nfoo = kcore_backend_foo:backend\n")
    with pytest.raises(BackendNotFound, match=r"details\)\n  fix: check the name, or install the distribution"):
        registry.load("foo")


def test_two_distributions_with_one_name_are_an_error_naming_both(installed):
    installed(Entry("foo", "a:b", plugin(), "left"), Entry("foo", "c:d", plugin(), "right"))
    with pytest.raises(BackendUnusable, match=r"two distributions offer 'foo': left 1\.0 and right 1\.0"):
        ops.use_backend("foo")


def test_a_plugin_must_say_what_interface_it_was_written_for():
    with pytest.raises(TypeError, match="'interface'"):
        Plugin("foo", "numpy", "")


def test_every_fault_of_a_backend_is_named_at_once(registered):
    class Faulty(Minimal):
        tensor_types = ()
        capabilities = frozenset({"gradient", "teleport"})
        to_numpy = Backend.to_numpy

        def table(self):
            return {"add": lambda x: x, "no_such_op": abs}

    with pytest.raises(PluginError, match="tensor_types is empty") as caught:
        registered(Faulty())
    assert caught.value.problem.split("; ") == [
        "tensor_types is empty",
        "capabilities that the interface does not have: teleport",
        "to_numpy is missing",
        "it claims the capability 'gradient' and has no vjp",
        "op 'add' takes (x) and must take (x1, x2)",
        "op 'no_such_op' does not exist",
    ]


def test_a_backend_registered_in_the_process_is_used_and_taken_back(registered):
    registered(Minimal())
    with ops.use_backend("minimal") as found:
        assert found.name == "minimal"
    with pytest.raises(PluginError, match="two backends named 'minimal'"):
        registry.register(Minimal())


def test_use_backend_is_undone_after_the_block_and_kept_in_its_thread(backend, other_backend):
    seen = []
    with ops.use_backend(other_backend.name):
        assert ops.config.backend() == other_backend.name
        assert current.reason() == "use_backend()"
        thread = threading.Thread(target=lambda: seen.append(current.reason()))
        thread.start()
        thread.join()
    assert ops.config.backend() == backend.name
    assert seen != ["use_backend()"]


def test_use_backend_without_a_block_lasts(backend):
    code = f"""
        import kcore_ops as ops
        ops.use_backend("{backend.name}")
        print(ops.config.backend(), type(ops.native(ops.convert_to_tensor(1.0))).__module__)
    """
    assert run_python(code).stdout.startswith(backend.name)


def test_the_order_of_choice(tmp_path):
    code = """
        import kcore_ops as ops
        from kcore_ops.backends import current
        print(ops.config.backend(), "|", current.reason())
        ops.config.set_backend("numpy")
        print(ops.config.backend(), "|", current.reason())
    """
    best = max((r for r in registry.backends().values() if r.is_usable), key=lambda record: record.priority).name
    lines = run_python(code, KCORE_HOME=str(tmp_path)).stdout.splitlines()
    assert lines == [f"{best} | the highest priority of 4 installed", "numpy | config.set_backend()"]
    (tmp_path / "kcore.json").write_text(json.dumps({"backend": "torch"}))
    assert run_python(code, KCORE_HOME=str(tmp_path)).stdout.startswith("torch | the configuration file")
    out = run_python(code, KCORE_HOME=str(tmp_path), KCORE_BACKEND="tensorflow").stdout
    assert out.startswith("tensorflow | the environment variable KCORE_BACKEND")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kcore.json"]


def test_a_wrong_name_in_the_environment_is_blamed_on_it():
    result = run_python("import kcore_ops as ops; ops.convert_to_tensor(1.0)", KCORE_BACKEND="jaxx")
    assert "BackendNotFound in the choice made by the environment variable KCORE_BACKEND" in result.stderr
    assert "no backend named 'jaxx' is installed" in result.stderr


def test_a_broken_configuration_file_is_named(tmp_path):
    (tmp_path / "kcore.json").write_text("{")
    result = run_python("import kcore_ops as ops; ops.config.floatx()", KCORE_HOME=str(tmp_path))
    assert "ArgumentError" in result.stderr and "kcore.json is not JSON" in result.stderr


def test_listing_and_choosing_load_no_framework():
    code = """
        import sys, kcore_ops as ops
        from kcore_ops.command import main as cli
        cli.main(["backends"])
        print(sorted({"jax", "torch", "tensorflow"} & set(sys.modules)))
    """
    result = run_python(code)
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


def test_the_command_says_that_the_backend_chosen_is_not_there():
    code = "from kcore_ops.command import main as cli; cli.main(['backends'])"
    current = run_python(code, KCORE_BACKEND="mlx").stdout.splitlines()[-1]
    assert current == "current: mlx, by the environment variable KCORE_BACKEND; no backend of that name is installed"


def test_the_command_lists_backends_and_says_which_is_current_and_why(backend, capsys):
    assert cli.main(["backends", "--load"]) == 0
    out = capsys.readouterr().out
    assert f"current: {backend.name}, by use_backend()" in out
    assert f"{backend.name}: " in out
    assert "capabilities: " in out and "devices: cpu:0" in out


def test_components_are_found_by_name():
    assert registry.component("ops") is ops
    with pytest.raises(PluginError, match="no installed package offers the component 'trainerr'"):
        registry.component("trainerr")


@pytest.fixture
def greeting(distribution, monkeypatch, tmp_path):
    """A package that adds the command `greet`."""
    (tmp_path / "kcore_greeting.py").write_text("def main(argv):\n    print(argv)\n    return len(argv)\n")
    distribution("[kcore.commands]\ngreet = kcore_greeting:main\n")
    yield
    sys.modules.pop("kcore_greeting", None)


def test_a_command_of_another_package_is_listed_without_being_imported_and_given_its_arguments(greeting, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    listed = " ".join(capsys.readouterr().out.split())
    assert "greet by kcore-backend-foo 0.3; `kcore greet --help` says what it does" in listed
    assert "kcore_greeting" not in sys.modules
    assert cli.main(["greet", "--loud", "you"]) == 2
    assert capsys.readouterr().out == "['--loud', 'you']\n"


def test_a_command_whose_package_is_not_there_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [])
    for name, package in registry.COMMAND_DISTRIBUTIONS.items():
        assert cli.main([name, "--help"]) == 2
        assert capsys.readouterr().err == (
            f"PluginError\n  no installed package offers the command {name!r}\n  fix: pip install {package}\n"
        )
        with pytest.raises(SystemExit, match="0"):
            cli.main(["--help"])
        assert f"not installed: pip install {package}" in " ".join(capsys.readouterr().out.split())


def test_no_package_takes_a_command_that_is_there(distribution, capsys):
    distribution("[kcore.commands]\nbackends = kcore_greeting:main\n")
    assert cli.main(["backends"]) == 0
    assert "current: " in capsys.readouterr().out


def test_devices(backend):
    assert "cpu:0" in backend.devices()
    with ops.device("cpu"):
        assert float(ops.convert_to_tensor(1.0)) == 1.0
    with pytest.raises(ArgumentError, match=r"has no device 'gpu:7'\n  fix: use one of cpu:0"), ops.device("gpu:7"):
        pass


def test_an_op_in_two_families_of_one_table_is_an_error_that_names_both():
    def family(name, **members):
        module = types.ModuleType(name)
        module.__dict__.update(members)
        return module

    waves = family("waves", TABLE={"sin": np.sin, "cos": np.cos}, WIDENED={"cos": {"bool": "float32"}})
    circles = family("circles", TABLE={"cos": np.cos, "tan": np.tan})

    class Torn(Backend):
        tensor_types = (np.ndarray,)
        families = (waves, circles)

    with pytest.raises(PluginError, match="PluginError\n  two families.*'cos' stands in waves and in circles\n  fix: "):
        Torn()

    class Whole(Torn):
        families = (waves, family("lines", TABLE={"tan": np.tan}))

    assert set(Whole().ops) == {"sin", "cos", "tan"}
    assert Whole().widened == {"cos": {"bool": "float32"}}
    assert Whole().version() == np.__version__
