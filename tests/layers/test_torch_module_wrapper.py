"""Native modules of torch as layers: training, casting, saving, copies, and being pure functions."""

from __future__ import annotations

import base64
import copy
import io
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.layer import Layer
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.native.torch_module_wrapper import TorchModuleWrapper
from kcore_layers.models.model import Model
from kcore_layers.serialization.objects import SerializationError, deserialize_keras_object
from kcore_ops.foundation.errors import ArgumentError

torch = pytest.importorskip("torch")
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


@pytest.fixture(autouse=True)
def torch_backend():
    with ops.use_backend("torch") as found:
        yield found


def module():
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5))


class Host(Layer):
    """A layer of ours with a native module among its attributes."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.native = module()
        self.dense = Dense(2)

    def call(self, x):
        return self.dense(self.native(x))


def test_a_module_assigned_to_an_attribute_is_wrapped():
    host = Host(name="host")
    assert isinstance(host.native, TorchModuleWrapper)
    host(X)
    names = [name for name, _ in host.named_parameters()]
    assert names == [
        "native.module.0.weight", "native.module.0.bias", "native.module.1.weight", "native.module.1.bias",
        "dense.kernel", "dense.bias",
    ]  # fmt: skip
    assert len(names) == len(list(host.parameters())) == len(host.trainable_variables)
    assert [v.path for v in host.native.weights][:2] == [f"{host.native.path}/0.weight", f"{host.native.path}/0.bias"]


def test_weights_are_the_modules_own_tensors():
    native = module()
    layer = TorchModuleWrapper(native)
    assert layer.trainable_variables[0].value is native[0].weight
    layer.trainable_variables[0].assign(np.ones((4, 3)))
    assert bool((native[0].weight == 1).all())
    assert len(layer.non_trainable_variables) == 3


def test_the_training_flag_is_the_modules_mode():
    layer = TorchModuleWrapper(module())
    assert (layer(X, training=True) == 0).any()
    assert layer.module.training
    np.testing.assert_allclose(layer(X, training=False).detach(), layer(X, training=False).detach())
    assert not layer.module.training
    layer.train()
    assert layer.module.training


def test_a_host_trains_its_module_with_torch_optim():
    host = Host()
    host(X)
    target = torch.as_tensor(X[:, :2])
    optimizer = torch.optim.SGD(host.parameters(), 0.1)
    losses = []
    for _ in range(30):
        loss = ((host(torch.as_tensor(X), training=False) - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 2
    np.testing.assert_array_equal(host.native.get_weights()[0], host.native.module[0].weight.detach())


def test_a_host_is_cast_with_its_module():
    host = Host()
    host(X)
    host.to(torch.float64)
    assert {v._dtype for v in host.native.trainable_variables} == {"float64"}
    assert host.native.module[1].running_mean.dtype == torch.float64
    assert host.native(X, training=False).dtype == torch.float64


def test_a_host_saves_and_loads_its_modules_state():
    host, other = Host(), Host()
    host(X), other(X)
    host(X, training=True)  # moves the running statistics
    other.load_state_dict(host.state_dict())
    np.testing.assert_allclose(other(X, training=False).detach(), host(X, training=False).detach())
    third = Host()
    third(X)
    third.set_weights(host.get_weights())
    np.testing.assert_allclose(third(X, training=False).detach(), host(X, training=False).detach())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])  # noqa: S301
def test_copies_have_modules_of_their_own(copied):
    layer = TorchModuleWrapper(module())
    expected = layer(X, training=False).detach()
    other = copied(layer)
    np.testing.assert_allclose(other(X, training=False).detach(), expected)
    other.trainable_variables[0].assign(np.zeros((4, 3)))
    assert bool((other.module[0].weight == 0).all())
    np.testing.assert_allclose(layer(X, training=False).detach(), expected)


def test_a_frozen_layer_freezes_the_module():
    layer = TorchModuleWrapper(module())
    layer.trainable = False
    assert not any(p.requires_grad for p in layer.module.parameters())
    assert layer.trainable_variables == []


def test_a_pure_call_uses_the_values_it_is_given():
    layer = TorchModuleWrapper(torch.nn.Linear(3, 2))
    layer(X)
    weight, bias = torch.zeros(2, 3), torch.tensor([1.0, 2.0])
    output, _ = layer.stateless_call([weight, bias], [], X)
    assert output.tolist() == [[1.0, 2.0]] * 8
    grads = ops.grad(lambda w: ops.sum(layer.stateless_call([w, bias], [], X)[0]))(weight)
    np.testing.assert_allclose(grads.numpy(), np.tile(X.sum(axis=0), (2, 1)), rtol=1e-5)


def test_the_output_spec_is_found_by_a_trial_that_leaves_no_trace():
    layer = TorchModuleWrapper(module())
    before = layer.module[1].running_mean.clone()
    layer.module[1].eval()
    symbolic = layer(ops.KerasTensor((None, 3)))
    assert (symbolic.shape, symbolic.dtype) == ((None, 4), "float32")
    assert bool((layer.module[1].running_mean == before).all())
    assert [part.training for part in layer.module] == [True, False, True]
    said = TorchModuleWrapper(module(), output_shape=(None, 4))(ops.KerasTensor((None, 3)))
    assert said.shape == (None, 4)


def test_what_can_not_be_done_is_said():
    with pytest.raises(ArgumentError, match="which is code and can not be written as data"):
        TorchModuleWrapper(module()).get_config()
    with pytest.raises(ArgumentError, match="the current backend, torch, has no modules such as a int"):
        TorchModuleWrapper(3)
    with (
        ops.use_backend("numpy"),
        pytest.raises(
            ArgumentError,
            match="the current backend, numpy, has no modules such as a Sequential\n  fix: make the layer on",
        ),
    ):
        TorchModuleWrapper(module())


class Normalizing(Model):
    """A model whose `call` reaches a native module's parts as well as the module."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(3)
        self.deep = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
        self.head = Dense(1)

    def call(self, x, training=None):
        x = self.deep.get_submodule("1")(self.deep.get_submodule("0")(self.norm(x, training=training)))
        return self.head(x)

    def batches(self):
        return int(self.norm.num_batches_tracked), int(self.deep.module[1].num_batches_tracked)


def test_trial_runs_are_not_counted():
    model = Normalizing()
    assert model(ops.KerasTensor((None, 3))).shape == (None, 1)
    assert model.compute_output_shape((7, 3)) == (7, 1)
    assert model.batches() == (0, 0)
    assert model.norm.training
    model(X, training=True)
    assert model.batches() == (1, 1)
    mean = model.norm.running_mean.clone()
    model(ops.KerasTensor((5, 3)))
    assert model.batches() == (1, 1)
    assert torch.equal(mean, model.norm.running_mean)


def test_what_a_pure_call_does_to_buffers_is_in_the_new_state():
    layer = TorchModuleWrapper(torch.nn.BatchNorm1d(3, momentum=1.0))
    layer(X, training=False)
    trainable = [v.value for v in layer.trainable_variables]
    before = [v.value.clone() for v in layer.non_trainable_variables]
    given = [v.value for v in layer.non_trainable_variables]
    _, (mean, _, count) = layer.stateless_call(trainable, given, X, training=True)
    np.testing.assert_allclose(mean.numpy(), X.mean(0), rtol=1e-5, atol=1e-6)
    assert int(count) == 1
    assert all(map(torch.equal, before, given))
    assert all(map(torch.equal, before, [v.value for v in layer.non_trainable_variables]))


def test_a_wrapped_module_answers_for_its_own_attributes():
    host = Host()
    host.conv = torch.nn.Conv2d(3, 2, 5)
    assert host.conv.weight is host.conv.module.weight
    assert host.conv.kernel_size == (5, 5)
    assert host.conv.name.startswith("torch_module_wrapper")  # the layer's own come first
    with pytest.raises(AttributeError, match="'Conv2d' object has no attribute 'kernel'"):
        _ = host.conv.kernel
    assert not hasattr(TorchModuleWrapper(module()), "weight")


def test_attributes_of_a_wrapped_module_can_be_set():
    layer = TorchModuleWrapper(torch.nn.Linear(3, 2))
    layer.bias = torch.nn.Parameter(torch.ones(2))
    layer.weight = torch.nn.Parameter(torch.zeros(2, 3))
    assert layer(X[:1]).tolist() == [[1.0, 1.0]]
    assert layer.weights[0].value is layer.module.weight
    assert [name for name, _ in layer.named_parameters()] == ["module.weight", "module.bias"]
    layer.weight = torch.nn.Parameter(torch.zeros(5, 3))
    layer.bias = None
    assert [tuple(v.shape) for v in layer.weights] == [(5, 3)]
    layer.own = 3
    assert not hasattr(layer.module, "own")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])  # noqa: S301
@pytest.mark.parametrize("is_built", [False, True])
def test_a_copy_of_a_model_has_native_modules_of_its_own(copied, is_built):
    model = Normalizing()
    if is_built:
        model(X, training=True)
    other = copied(model)
    inputs = torch.as_tensor(X)
    np.testing.assert_array_equal(other.norm.weight.detach(), model.norm.weight.detach())
    other(inputs, training=True)
    assert other.batches()[0] == model.batches()[0] + 1
    names = [name for name, _ in other.named_parameters()]
    assert "norm.module.weight" in names
    assert len(names) == len(other.trainable_variables) == len(list(other.parameters()))
    with torch.no_grad():
        other.norm.weight.zero_()
    assert float(other.norm.get_weights()[0].sum()) == 0
    assert float(model.norm.weight.detach().sum()) == 3
    np.testing.assert_array_equal(other.state_dict()["norm.module.weight"].numpy(), np.zeros(3))


def test_a_wrapped_module_is_saved_to_files_with_its_host(tmp_path):
    model, other = Normalizing(), Normalizing()
    model(X, training=True), other(X, training=True)
    model.norm.weight = torch.nn.Parameter(torch.full((3,), 2.0))
    model.save_weights(tmp_path / "all.weights.h5")
    other.load_weights(tmp_path / "all.weights.h5")
    assert other.norm.weight.tolist() == [2.0] * 3
    for one, another in zip(other.state_dict().values(), model.state_dict().values(), strict=True):
        assert torch.equal(one, another)
    assert other.batches() == model.batches() == (1, 1)


def data_of(native):
    """Data of a layer as Keras 3.15.1 was seen to write it: the module as what `torch.save` makes of it, in base64."""
    contents = io.BytesIO()
    torch.save(native, contents)
    text = base64.b64encode(contents.getvalue()).decode()
    config = {"name": "wrapped", "trainable": True, "dtype": "float32", "module": text, "output_shape": None}
    return {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": config, "registered_name": None}


class Exploding(torch.nn.Module):
    def __reduce__(self):
        return exec, ("raise KeyboardInterrupt",)


def test_a_pickled_module_is_loaded_only_if_the_user_says_so():
    native = module().eval()
    layer = deserialize_keras_object(data_of(native), safe_mode=False)
    np.testing.assert_array_equal(layer(X, training=False).detach(), native(torch.as_tensor(X)).detach())
    for data in (data_of(native), data_of(Exploding())):
        for load in (deserialize_keras_object, lambda data: TorchModuleWrapper.from_config(data["config"])):
            with pytest.raises(
                SerializationError, match="a pickled module: code, which is not run in safe mode\n  fix: "
            ):
                load(data)


@pytest.mark.parametrize("text", ["", "AAAA", "no base64", base64.b64encode(pickle.dumps(3)).decode()])
def test_a_pickle_that_can_not_be_read_is_one_error(text):
    data = data_of(torch.nn.Linear(1, 1))
    data["config"]["module"] = text
    with pytest.raises(SerializationError, match="the pickled module can not be read: "):
        deserialize_keras_object(data, safe_mode=False)


def test_a_backend_without_modules_says_so_of_a_pickled_one():
    message = "a pickled module, and the current backend, numpy, has no modules\n  fix: load it on the backend of"
    with ops.use_backend("numpy"), pytest.raises(ArgumentError, match=message):
        deserialize_keras_object(data_of(torch.nn.Linear(1, 1)), safe_mode=False)


def test_files_have_a_modules_tensors_by_their_names_in_its_state_dict():
    layer, saved = TorchModuleWrapper(module()), {}
    layer.save_own_variables(saved)
    assert list(saved) == list(layer.module.state_dict())  # as in the files of Keras 3.15.1
    other = TorchModuleWrapper(module())
    other.load_own_variables(saved)
    np.testing.assert_array_equal(other(X, training=False).detach(), layer(X, training=False).detach())
    saved["9.bias"] = saved.pop("0.bias")
    with pytest.raises(
        ArgumentError, match="another than the file's, which lacks 0.bias and has 9.bias\n  fix: wrap a"
    ):
        other.load_own_variables(saved)
