"""Layers made on torch are `torch.nn.Module`s as PyTorch's users expect them."""

from __future__ import annotations

import copy
import pickle
import threading

import kcore_ops as ops
import numpy as np
import pytest
import torch
from kcore_layers import Input, Model, Sequential
from kcore_layers.files.model_file import load_model
from kcore_layers.layers import BatchNormalization, Dense, Dropout

X = torch.ones(2, 3)


@pytest.fixture(autouse=True)
def _on_torch():
    with ops.use_backend("torch"):
        yield


def net():
    return Sequential([Input((3,)), Dense(4, name="first"), BatchNormalization(name="norm"), Dense(2, name="last")])


class Blocks(Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Dense(3), Dense(3)]
        self.head = Dense(1)

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def test_a_layer_is_a_module_with_parameters_and_buffers_by_path():
    model = net()
    assert isinstance(model, torch.nn.Module)
    assert [name for name, _ in model.named_parameters()] == [
        "first.kernel", "first.bias", "norm.gamma", "norm.beta", "last.kernel", "last.bias",
    ]  # fmt: skip
    assert [name for name, _ in model.named_buffers()] == ["norm.moving_mean", "norm.moving_variance"]
    assert list(model.parameters())[0] is model.layers[0].kernel.value
    built = Blocks()
    built(X)
    assert list(built.state_dict()) == [
        "blocks_0.kernel", "blocks_0.bias", "blocks_1.kernel", "blocks_1.bias", "head.kernel", "head.bias",
    ]  # fmt: skip


def test_state_dicts_are_loaded_into_the_variables():
    model, other = net(), net()
    other.load_state_dict(model.state_dict())
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    torch.testing.assert_close(model(X), other(X))


def test_an_optimizer_of_torch_trains_it():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ((model(X) - 3) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_train_and_eval_set_the_flag_of_calls_that_are_given_none():
    model = Sequential([Input((1000,)), Dropout(0.5)])
    ones = torch.ones(1, 1000)
    assert (model(ones) == 1).all()
    assert (model.train()(ones) == 0).any()
    assert (model(ones, training=False) == 1).all()
    assert (model.eval()(ones) == 1).all()


def test_to_changes_the_dtype_of_the_variables():
    model = net().to(torch.float64)
    assert {w.dtype for w in model.weights} == {"float64"}
    assert model.weights[0].value.dtype == torch.float64


def test_it_is_part_of_a_module_of_torch():
    outer = torch.nn.Sequential(torch.nn.Linear(3, 3), net(), torch.nn.ReLU())
    assert [name for name, _ in outer.named_parameters()][:3] == ["0.weight", "0.bias", "1.first.kernel"]
    outer(X).sum().backward()
    assert outer[1].layers[0].kernel.value.grad is not None


def test_a_module_of_torch_is_part_of_it():
    class Mixed(Model):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(3, 4)
            self.head = Dense(1)

        def call(self, x):
            return self.head(self.linear(x))

    model = Mixed()
    assert tuple(model(X).shape) == (2, 1)
    assert len(list(model.parameters())) == len(model.trainable_weights) == 4


def test_hooks_run_on_each_call():
    model = net()
    model(X)
    seen = []
    handle = model.layers[0].register_forward_hook(lambda module, args, output: seen.append(tuple(output.shape)))
    for _ in range(3):
        model(X)
    assert seen == [(2, 4)] * 3
    handle.remove()
    model(X)
    assert len(seen) == 3


def test_functional_call_puts_other_tensors_in_place_of_the_parameters():
    model = net()
    zeros = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    assert (torch.func.functional_call(model, zeros, (X,)) == 0).all()
    assert not (model(X) == 0).all()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_have_parameters_of_their_own(again):
    model = net()
    other = again(model)
    torch.testing.assert_close(other(X), model(X))
    assert list(other.state_dict()) == list(model.state_dict())
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert (other(X) == 0).all() and not (model(X) == 0).all()


def test_freezing_stops_gradients():
    model = net()
    model.layers[0].trainable = False
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True, True, True]


def test_a_model_loaded_from_its_file_has_the_same_state_dict(tmp_path):
    Dense(1), Blocks()  # so that counting does not begin with the model
    model = Sequential([Input((3,)), Dense(4), Dense(4), Sequential([Dense(2)])])
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert list(again.state_dict()) == list(model.state_dict())
    assert list(again.state_dict())[:2] == ["dense.kernel", "dense.bias"]
    again.load_state_dict(model.state_dict())


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])  # noqa: S301
def test_variables_of_dtypes_that_torch_can_not_unpickle_are_copied(again):
    for dtype in ("uint16", "uint32", "uint64", "float8_e5m2"):
        for value in (3, [1, 2]):
            variable = again(ops.Variable(np.array(value), dtype=dtype, trainable=False))
            assert (variable.dtype, variable.numpy().tolist()) == (dtype, value)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])  # noqa: S301
def test_the_tensors_of_a_copy_lie_in_its_own_dicts(again):
    model = again(net())
    assert model.layers[0].kernel._home is model.layers[0]._parameters
    model.double()
    assert {str(v.value.dtype) for v in model.weights} == {"torch.float64"}


def test_parameters_and_buffers_are_got_by_the_names_they_are_listed_by():
    model = Blocks()
    model(X)
    for name, parameter in model.named_parameters():
        assert model.get_parameter(name) is parameter
    norm = net()
    for name, buffer in norm.named_buffers():
        assert norm.get_buffer(name) is buffer
    with pytest.raises(AttributeError, match="kernels"):
        model.get_parameter("head.kernels")


def test_parameters_and_buffers_that_are_registered_are_weights_and_follow_the_module():
    class Native(Model):
        def __init__(self):
            super().__init__()
            self.register_parameter("scale", torch.nn.Parameter(torch.ones(3)))
            self.register_buffer("shift", torch.zeros(3))
            self.register_buffer("scratch", torch.zeros(1), persistent=False)
            self.frozen = torch.nn.Parameter(torch.ones(3), requires_grad=False)

        def call(self, x):
            return x * self.scale + self.shift + self.frozen

    model = Native()
    assert torch.equal(model(X), torch.full((2, 3), 2.0))
    assert [v.name for v in model.trainable_variables] == ["scale"]
    assert [v.name for v in model.non_trainable_variables] == ["frozen", "shift", "scratch"]
    assert list(model.state_dict()) == ["scale", "frozen", "shift"]
    model.double()
    assert model.shift.dtype == model.scale.dtype == torch.float64 and model.weights[0].dtype == "float64"
    model.float()
    torch.optim.SGD(model.parameters(), 1.0).step()
    model(X).sum().backward()
    torch.optim.SGD(model.parameters(), 1.0).step()
    assert np.allclose(model.weights[0].numpy(), -1.0)  # the gradient of each is 2


def test_a_module_inside_keeps_a_mode_of_its_own():
    model = Sequential([Input((64,)), Dense(64), Dropout(0.5)])
    x = torch.ones(4, 64)
    model.eval()
    assert torch.equal(model(x), model(x))
    model.layers[-1].train()
    for _ in range(3):
        assert not torch.equal(model(x), model(x))
    assert torch.equal(model(x, training=False), model(x, training=False))


def test_hooks_run_once_in_each_call_in_every_thread():
    layer, seen = Dense(2), []
    layer(X)
    layer.register_forward_hook(lambda *_: seen.append(threading.get_ident()))
    threads = [threading.Thread(target=lambda: [layer(X) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 80


def test_hooks_of_all_modules_run_while_they_are_registered():
    model, seen = net(), []
    model(X)
    model(X)
    handle = torch.nn.modules.module.register_module_forward_hook(lambda module, *_: seen.append(module.name))
    try:
        model(X)
    finally:
        handle.remove()
    model(X)
    assert seen == ["first", "norm", "last", model.name]


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore:`torch.jit.trace:DeprecationWarning")
def test_a_trace_gives_the_same_on_other_batches():
    model = net().eval()
    traced = torch.jit.trace(model, X)
    other = torch.rand(5, 3)
    assert torch.allclose(traced(other), model(other))
