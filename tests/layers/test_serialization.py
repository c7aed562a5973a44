"""Objects as plain data and back: the format is Keras 3's, the names are looked up in tables and nowhere else."""

from __future__ import annotations

import json
import sys
import warnings

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.options import activations, initializers, regularizers
from kcore_layers.serialization import objects as serialization
from kcore_layers.serialization import registry as registered_objects
from kcore_layers.serialization.objects import (
    CustomObjectScope,
    SerializationError,
    builtin,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    resolve,
    serialize_keras_object,
    sharing_objects,
)
from kcore_layers.serialization.registry import trust_components
from kcore_ops.backends import registry
from kcore_ops.foundation.errors import ArgumentError


class Scaler:
    def __init__(self, factor=1):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor

    def get_config(self):
        return {"factor": self.factor}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Built(Scaler):
    built = False

    def get_build_config(self):
        return {"input_shape": (None, 3)}

    def build_from_config(self, config):
        self.built = True
        self.build_config = config


def triple(x):
    return 3 * x


@pytest.fixture(autouse=True)
def _forget_what_a_test_registers():
    """Leave the tables as they were."""
    tables = (registered_objects._registered, registered_objects._registered_names,
              registered_objects._builtins, registered_objects._builtin_names)  # fmt: skip
    kept = [dict(table) for table in tables]
    kept_names = {module: dict(names) for module, names in registered_objects._builtins.items()}
    yield
    for table, before in zip(tables, kept, strict=True):
        table.clear()
        table.update(before)
    for module, names in registered_objects._builtins.items():
        names.clear()
        names.update(kept_names[module])


def through_json(obj, **kwargs):
    return deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(obj))), **kwargs)


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "text", [1, [2, "a"]], {"a": {"b": [1]}}])
def test_plain_values_are_their_own_data(value):
    assert serialize_keras_object(value) == value
    assert deserialize_keras_object(value) == value


def test_a_tuple_is_a_list_in_json_as_in_keras():
    assert serialize_keras_object((1, (2,))) == (1, (2,))
    assert through_json((1, (2,))) == [1, [2]]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64", "uint8", "bool"])
def test_an_array_comes_back_with_its_dtype(dtype):
    array = np.array([[0, 1], [1, 0]]).astype(ops.dtypes.numpy_dtype(dtype))
    loaded = through_json({"a": array})["a"]
    assert loaded.dtype == array.dtype
    assert (loaded == array).all()


def test_numpy_numbers_become_numbers_of_python():
    assert serialize_keras_object([np.float32(0.5), np.int64(2), np.array(3)]) == [0.5, 2, 3]


def test_a_tensor_comes_back_on_the_current_backend(backend):
    tensor = ops.convert_to_tensor([1.5, 2.0], dtype="float16")
    loaded = through_json(tensor)
    assert isinstance(loaded, backend.tensor_types)
    assert ops.dtype(loaded) == "float16"
    assert ops.convert_to_numpy(loaded).tolist() == [1.5, 2.0]


@pytest.mark.parametrize("value", [b"bytes", slice(1, None, 2), Ellipsis])
def test_python_values_that_json_has_not_come_back(value):
    assert through_json([value]) == [value]


def test_bytes_that_are_not_text_are_refused():
    with pytest.raises(SerializationError, match="not UTF-8.*\n.*NumPy array of dtype uint8"):
        serialize_keras_object(b"\xff")


def test_a_registered_class_has_its_package_in_its_name():
    register_keras_serializable("pkg", "Scale")(Scaler)
    # As keras.saving.serialize_keras_object of Keras 3.15.1 writes a class so registered.
    assert serialize_keras_object(Scaler(2)) == {
        "module": Scaler.__module__,
        "class_name": "Scaler",
        "config": {"factor": 2},
        "registered_name": "pkg>Scale",
    }
    assert through_json(Scaler(2)).factor == 2
    assert get_registered_name(Scaler) == "pkg>Scale"
    assert get_registered_object("pkg>Scale") is Scaler
    assert get_custom_objects()["pkg>Scale"] is Scaler


def test_a_registered_function_has_its_package_in_its_name():
    register_keras_serializable()(triple)
    data = serialize_keras_object(triple)
    assert data == {
        "module": "builtins", "class_name": "function", "config": "Custom>triple", "registered_name": "function"
    }  # fmt: skip
    assert deserialize_keras_object(data) is triple


def test_a_built_in_is_written_under_the_public_module_of_keras():
    assert serialize_keras_object(regularizers.L2(0.5)) == {
        "module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.5}, "registered_name": None
    }  # fmt: skip


def test_a_dtype_policy_and_a_seed_generator_are_built_in(backend):
    assert serialize_keras_object(ops.DTypePolicy("mixed_bfloat16")) == {
        "module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}, "registered_name": None
    }  # fmt: skip
    assert through_json(ops.DTypePolicy("mixed_bfloat16")) == ops.DTypePolicy("mixed_bfloat16")
    assert through_json(ops.random.SeedGenerator(3)).seed == 3


@pytest.mark.parametrize("module", ["keras.src.regularizers.regularizers", "keras.regularizers", "kcore.regularizers"])
def test_private_modules_of_keras_mean_our_class_of_the_name(module):
    data = {"module": module, "class_name": "L2", "config": {"l2": 0.5}, "registered_name": "L2"}
    assert isinstance(deserialize_keras_object(data), regularizers.L2)


def test_a_class_in_several_modules_is_the_one_whose_module_fits():
    builtin("keras.losses", name="Twin")(Scaler)
    builtin("keras.metrics", name="Twin")(Built)
    data = {"module": "keras.src.metrics.twin", "class_name": "Twin", "config": {}, "registered_name": "Twin"}
    assert type(deserialize_keras_object(data)) is Built
    data["module"] = "keras.src.elsewhere"
    with pytest.raises(SerializationError, match="a class that is not known here: keras.src.elsewhere.Twin"):
        deserialize_keras_object(data)


def test_an_unknown_class_is_named_with_the_ways_to_make_it_known():
    data = serialize_keras_object(Scaler(2))
    with pytest.raises(SerializationError, match=r"Scaler\n  fix: decorate .*register_keras_serializable.*"
                                                 r"custom_objects=\{'Scaler': \.\.\.\}"):  # fmt: skip
        deserialize_keras_object(data)


def test_custom_objects_make_a_class_known():
    data = serialize_keras_object([Scaler(2), triple])
    scaler, function = deserialize_keras_object(data, custom_objects={"Scaler": Scaler, "triple": triple})
    assert scaler.factor == 2
    assert function is triple
    with CustomObjectScope({"Scaler": Scaler}), CustomObjectScope({"triple": triple}):
        assert deserialize_keras_object(data)[1] is triple
    assert get_registered_object("triple") is None


def test_a_custom_class_takes_the_place_of_a_registered_one_but_not_of_a_built_in():
    register_keras_serializable("pkg")(Scaler)
    data = serialize_keras_object(Scaler(2))
    assert type(deserialize_keras_object(data, custom_objects={"pkg>Scaler": Built})) is Built
    own = serialize_keras_object(regularizers.L2(0.5))
    assert type(deserialize_keras_object(own, custom_objects={"L2": Built})) is regularizers.L2


def test_a_scope_does_not_reach_another_thread():
    import threading

    seen = []
    with CustomObjectScope({"triple": triple}):
        thread = threading.Thread(target=lambda: seen.append(get_registered_object("triple")))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_file_can_not_have_a_module_imported(tmp_path, monkeypatch):
    (tmp_path / "intruder.py").write_text("class Layer:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    data = {"module": "intruder", "class_name": "Layer", "config": {}, "registered_name": "intruder>Layer"}
    with pytest.raises(SerializationError, match="not known here: intruder.Layer"):
        deserialize_keras_object(data)
    assert "intruder" not in sys.modules


@pytest.mark.parametrize(
    "module, name", [("os", "system"), ("builtins", "eval"), ("kcore_layers.serialization.objects", "os")]
)
def test_a_file_can_not_name_what_is_no_component(module, name):
    data = {"module": module, "class_name": name, "config": {"command": "true"}, "registered_name": None}
    with pytest.raises(SerializationError, match="not known here"):
        deserialize_keras_object(data)
    with pytest.raises(SerializationError, match="a function that is not known here"):
        deserialize_keras_object({"module": module, "class_name": "function", "config": name})


ACME = """
from kcore_layers.serialization import register_keras_serializable

@register_keras_serializable("acme")
class Scaler:
    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls()

@register_keras_serializable("acme")
def squash(x):
    return x
"""
OF_ACME = {"module": "acme.layers", "class_name": "Scaler", "config": {}, "registered_name": "acme>Scaler"}


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Pretend that a distribution with a component, in a module of its own, is installed; forget it afterwards."""
    modules, tables = set(sys.modules), [registered_objects._registered, registered_objects._registered_names]
    kept = [dict(table) for table in tables]
    monkeypatch.setattr(registered_objects, "_trusted", set())

    def pretend(distribution, component="acme", module="acme_of_tests", source=ACME):
        metadata = tmp_path / f"{distribution.replace('-', '_')}-1.2.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (metadata / "entry_points.txt").write_text(f"[kcore.components]\n{component} = {module}\n")
        (tmp_path / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)

    yield pretend
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    for table, content in zip(tables, kept, strict=True):
        table.clear()
        table.update(content)


@pytest.mark.parametrize("distribution", ["acme-layers", "kcore-evil", "kcore"])
@pytest.mark.parametrize(
    "data",
    [
        OF_ACME,
        {"module": None, "class_name": "Scaler", "config": {}, "registered_name": "acme>Scaler"},
        {"module": "acme", "class_name": "Scaler", "config": {}, "registered_name": None},
        {"module": "builtins", "class_name": "function", "config": "acme>squash", "registered_name": "function"},
        {"module": "builtins", "class_name": "function", "config": "squash", "registered_name": "acme>squash"},
    ],
)
def test_a_component_that_nobody_trusts_is_not_imported(install, distribution, data):
    install(distribution)
    message = (
        rf"names (acme>)?(Scaler|squash), which the component 'acme' of the installed package {distribution} 1\.2 may "
        r"have; it is not imported because a file names it\n  fix: if you trust that package, import it before "
        r"loading, or call trust_components\('acme'\)$"
    )
    with pytest.raises(SerializationError, match=message):
        deserialize_keras_object(data)
    assert "acme_of_tests" not in sys.modules


def test_a_component_that_is_trusted_is_imported(install):
    install("acme-layers")
    trust_components("other", "acme")
    assert type(deserialize_keras_object(OF_ACME)).__module__ == "acme_of_tests"
    function = {"module": "builtins", "class_name": "function", "config": "acme>squash", "registered_name": "function"}
    assert deserialize_keras_object(function)(3) == 3


def test_a_component_that_was_imported_needs_no_trust(install):
    install("acme-layers")
    __import__("acme_of_tests")
    assert type(deserialize_keras_object(OF_ACME)).__name__ == "Scaler"
    with pytest.raises(SerializationError, match="not known here: acme.layers.Missing"):
        deserialize_keras_object({**OF_ACME, "class_name": "Missing", "registered_name": "acme>Missing"})


def test_a_stranger_under_the_name_of_a_component_of_kcore_is_not_imported(install, monkeypatch):
    install("kcore-evil", "rescalers")
    monkeypatch.setitem(registry.COMPONENT_DISTRIBUTIONS, "rescalers", "kcore-rescalers")
    with pytest.raises(SerializationError, match=r"the component 'rescalers' of the installed package kcore-evil 1\.2"):
        deserialize_keras_object(
            {"module": "keras.rescalers", "class_name": "S", "config": {}, "registered_name": None}
        )
    assert "acme_of_tests" not in sys.modules


def test_our_own_component_is_loaded_for_a_built_in_not_yet_imported(install, monkeypatch):
    source = ACME.replace('register_keras_serializable("acme")', 'builtin("keras.rescalers")')
    install("Kcore_Rescalers", "rescalers", source=source.replace("register_keras_serializable", "builtin"))
    monkeypatch.setitem(registry.COMPONENT_DISTRIBUTIONS, "rescalers", "kcore-rescalers")
    data = {"module": "keras.rescalers", "class_name": "Scaler", "config": {}, "registered_name": None}
    assert type(deserialize_keras_object(data)).__module__ == "acme_of_tests"


def test_a_name_of_a_component_is_a_string():
    with pytest.raises(ArgumentError, match="in trust_components\n  3 is not the name of a component"):
        trust_components("acme", 3)


def test_an_object_is_built_for_the_shapes_it_was_built_for():
    built, fresh = Built(2), Built(2)
    built.built = True
    data = serialize_keras_object([built, fresh])
    assert data[0]["build_config"] == {"input_shape": (None, 3)}
    assert "build_config" not in data[1]
    loaded = deserialize_keras_object(data, custom_objects={"Built": Built})
    assert [each.built for each in loaded] == [True, False]
    assert loaded[0].build_config == {"input_shape": (None, 3)}


def test_the_class_a_backend_mixes_in_is_written_as_the_class_it_stands_for():
    register_keras_serializable("pkg")(Scaler)
    mixed = type("Scaler", (Scaler,), {"__module__": Scaler.__module__, "__qualname__": "Scaler"})
    assert serialize_keras_object(mixed(2)) == serialize_keras_object(Scaler(2))
    subclass = type("Other", (Scaler,), {"__module__": Scaler.__module__, "__qualname__": "Other"})
    assert serialize_keras_object(subclass(2))["registered_name"] == "Other"


def test_a_shared_object_is_one_object_again():
    shared = Scaler(2)
    with sharing_objects():
        data = json.loads(json.dumps(serialize_keras_object([shared, shared, Scaler(2)])))
    assert data[0]["shared_object_id"] == data[1]["shared_object_id"] != data[2]["shared_object_id"]
    with sharing_objects():
        first, second, third = deserialize_keras_object(data, custom_objects={"Scaler": Scaler})
    assert first is second is not third
    first, second, _ = deserialize_keras_object(data, custom_objects={"Scaler": Scaler})
    assert first is not second


def test_a_lambda_is_refused_unless_safe_mode_is_off():
    offset = 5
    with pytest.warns(UserWarning, match="a lambda is saved as code.*register_keras_serializable"):
        data = json.loads(json.dumps(serialize_keras_object(lambda x, y=2: x + y + offset)))
    with pytest.raises(SerializationError, match="lambda: code, which is not run in safe mode\n.*safe_mode=False"):
        deserialize_keras_object(data)
    assert deserialize_keras_object(data, safe_mode=False)(1) == 8


def test_safe_mode_holds_for_what_an_object_holds():
    class Holder(Scaler):
        @classmethod
        def from_config(cls, config):
            return cls(deserialize_keras_object(config["factor"]))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = serialize_keras_object(Holder(lambda x: x + 1))
    with pytest.raises(SerializationError, match="safe mode"):
        deserialize_keras_object(data, custom_objects={"Holder": Holder})
    assert deserialize_keras_object(data, custom_objects={"Holder": Holder}, safe_mode=False).factor(1) == 2


def test_enabling_unsafe_deserialization_is_for_the_whole_process(monkeypatch):
    monkeypatch.setattr(serialization, "_always_unsafe", [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = serialize_keras_object(lambda x: x + 1)
    serialization.enable_unsafe_deserialization()
    assert deserialize_keras_object(data)(1) == 2


def test_code_that_is_damaged_is_refused():
    data = {"class_name": "__lambda__", "config": {"value": ["bm90IGNvZGU=", None, None]}}
    with pytest.raises(ArgumentError, match="this lambda can not be read"):
        deserialize_keras_object(data, safe_mode=False)


def test_a_function_that_would_load_as_another_is_refused():
    def relu(x):
        return x

    with pytest.raises(SerializationError, match="relu .*has the name of one of kcore's own.*\n.*rename it"):
        serialize_keras_object(relu)
    with CustomObjectScope({"relu": relu}):
        assert through_json(relu) is relu


def test_what_can_not_become_data_is_refused():
    with pytest.raises(SerializationError, match="of type set, can not be saved: it has no get_config"):
        serialize_keras_object({1})
    with pytest.raises(SerializationError, match="the class Scaler can not be saved\n  fix: save an instance"):
        serialize_keras_object(Scaler)


def test_data_with_a_damaged_config_is_refused():
    data = {"module": "keras.regularizers", "class_name": "L2", "config": [1], "registered_name": None}
    with pytest.raises(SerializationError, match="L2 has a config that is no dict"):
        deserialize_keras_object(data)


def test_registering_a_class_without_get_config_is_refused():
    with pytest.raises(ArgumentError, match=r"list has no get_config\(\)\n  fix: define get_config"):
        register_keras_serializable()(list)


def test_two_built_ins_of_one_name_are_refused():
    builtin("keras.scalers", name="Twin")(Scaler)
    with pytest.raises(ArgumentError, match="keras.scalers.Twin is both .*Scaler and .*Built"):
        builtin("keras.scalers", name="Twin")(Built)


def test_a_name_is_found_in_camel_and_in_snake_case():
    for name in ("GlorotUniform", "glorot_uniform"):
        assert type(initializers.get(name)) is initializers.GlorotUniform


def test_a_misspelt_name_is_answered_with_the_one_that_was_meant():
    with pytest.raises(
        ArgumentError, match="no initializer named 'glorot_unifrom'\n  fix: did you mean 'glorot_uniform'"
    ):
        initializers.get("glorot_unifrom")
    with pytest.raises(ArgumentError, match="no regularizer named 'qqq'\n  fix: use one of .*l1, .*l2"):
        regularizers.get("qqq")


def test_what_is_nothing_of_the_kind_is_refused():
    with pytest.raises(ArgumentError, match="3 is not an initializer\n  fix: pass an initializer, its name"):
        initializers.get(3)
    with pytest.raises(ArgumentError, match="this is not the data of a regularizer: {}"):
        regularizers.get({})


def test_a_class_that_needs_arguments_says_so():
    class Needy(Scaler):
        def __init__(self, factor):
            super().__init__(factor)

    with pytest.raises(
        ArgumentError, match=r"the scaler Needy needs arguments: .*factor.*\n  fix: pass Needy\(\.\.\.\)"
    ):
        resolve(Needy, "scaler", "keras.scalers")


def test_registered_and_custom_names_are_found_by_get():
    register_keras_serializable("pkg")(Scaler)
    assert type(initializers.get("pkg>Scaler")) is Scaler
    assert activations.deserialize("triple", custom_objects={"triple": triple}) is triple


def test_old_data_without_a_module_is_read_where_the_kind_is_known():
    assert regularizers.get({"class_name": "L2", "config": {"l2": 0.5}}).l2 == 0.5
