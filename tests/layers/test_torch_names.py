"""Weights of plain PyTorch modules give layers that compute the same; ours are named as in `state_dict()`."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential, layers
from kcore_layers.files.tensor_names import named_variables
from kcore_ops.foundation.errors import ArgumentError
from safetensors.numpy import load_file

torch = pytest.importorskip("torch")
nn = torch.nn
rng = np.random.default_rng(0)


def randomized(module):
    """The module with other numbers in place of those it begins with, of which many are 0 or 1."""
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor.uniform_(0.1, 1)
    return module.eval()


class Plain(nn.Module):
    """A module that another one is all of."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


class First(nn.Module):
    """The first of what a recurrent module returns."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


class SelfAttention(nn.Module):
    """An attention of a sequence to itself."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, x, x)[0]


def attention(**kwargs):
    x = Input((5, 6))
    return Model(x, layers.MultiHeadAttention(2, 3, name="layer", **kwargs)(x, x))


def of(layer, shape, **kwargs):
    return lambda: Sequential([Input(shape, **kwargs), layer()])


RECURRENT = {"return_sequences": True, "name": "layer"}
# Each pair: the module, as it is inside another, and a model with the layer that it stands for.
PAIRS = {
    "Linear": (lambda: nn.Linear(3, 4), of(lambda: layers.Dense(4, name="layer"), (3,))),
    "Linear without bias": (
        lambda: nn.Linear(3, 4, bias=False), of(lambda: layers.Dense(4, use_bias=False, name="layer"), (3,))
    ),
    "Conv1d": (lambda: nn.Conv1d(3, 4, 3), of(lambda: layers.Conv1D(4, 3, name="layer"), (6, 3))),
    "Conv2d": (lambda: nn.Conv2d(3, 4, (3, 2)), of(lambda: layers.Conv2D(4, (3, 2), name="layer"), (6, 5, 3))),
    "Conv3d": (lambda: nn.Conv3d(3, 4, 2), of(lambda: layers.Conv3D(4, 2, name="layer"), (4, 3, 5, 3))),
    "Conv2d in groups": (
        lambda: nn.Conv2d(4, 6, 3, groups=2), of(lambda: layers.Conv2D(6, 3, groups=2, name="layer"), (6, 5, 4))
    ),
    "Conv2d of each channel": (
        lambda: nn.Conv2d(3, 6, 3, groups=3),
        of(lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, name="layer"), (6, 5, 3)),
    ),
    "Conv1d of each channel": (
        lambda: nn.Conv1d(3, 6, 3, groups=3),
        of(lambda: layers.DepthwiseConv1D(3, depth_multiplier=2, name="layer"), (6, 3)),
    ),
    "ConvTranspose1d": (
        lambda: nn.ConvTranspose1d(3, 4, 3, stride=2), of(lambda: layers.Conv1DTranspose(4, 3, 2, name="layer"), (6, 3))
    ),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(3, 4, (3, 2)), of(lambda: layers.Conv2DTranspose(4, (3, 2), name="layer"), (4, 5, 3))
    ),
    "ConvTranspose3d": (
        lambda: nn.ConvTranspose3d(2, 3, 2), of(lambda: layers.Conv3DTranspose(3, 2, name="layer"), (3, 4, 2, 2))
    ),
    "BatchNorm2d": (
        lambda: nn.BatchNorm2d(3), of(lambda: layers.BatchNormalization(epsilon=1e-5, name="layer"), (4, 5, 3))
    ),
    "BatchNorm1d without scale": (
        lambda: nn.BatchNorm1d(3, affine=False),
        of(lambda: layers.BatchNormalization(epsilon=1e-5, center=False, scale=False, name="layer"), (3,)),
    ),
    "LayerNorm": (lambda: nn.LayerNorm(4), of(lambda: layers.LayerNormalization(epsilon=1e-5, name="layer"), (5, 4))),
    "GroupNorm": (
        lambda: nn.GroupNorm(2, 4), of(lambda: layers.GroupNormalization(2, epsilon=1e-5, name="layer"), (3, 5, 4))
    ),
    "RMSNorm": (lambda: nn.RMSNorm(4, eps=1e-6), of(lambda: layers.RMSNormalization(name="layer"), (5, 4))),
    "PReLU": (lambda: nn.PReLU(3), of(lambda: layers.PReLU(shared_axes=[1, 2], name="layer"), (4, 5, 3))),
    "Embedding": (lambda: nn.Embedding(7, 3), of(lambda: layers.Embedding(7, 3, name="layer"), (4,), dtype="int32")),
    "LSTM": (lambda: nn.LSTM(3, 4, batch_first=True), of(lambda: layers.LSTM(4, **RECURRENT), (5, 3))),
    "GRU": (lambda: nn.GRU(3, 4, batch_first=True), of(lambda: layers.GRU(4, **RECURRENT), (5, 3))),
    "RNN": (lambda: nn.RNN(3, 4, batch_first=True), of(lambda: layers.SimpleRNN(4, **RECURRENT), (5, 3))),
    "LSTM without bias": (
        lambda: nn.LSTM(3, 4, batch_first=True, bias=False),
        of(lambda: layers.LSTM(4, use_bias=False, **RECURRENT), (5, 3)),
    ),
    **{
        f"{theirs.__name__} both ways": (
            lambda theirs=theirs: theirs(3, 4, batch_first=True, bidirectional=True),
            of(lambda ours=ours: layers.Bidirectional(ours(4, return_sequences=True), name="layer"), (5, 3)),
        )
        for theirs, ours in ((nn.LSTM, layers.LSTM), (nn.GRU, layers.GRU), (nn.RNN, layers.SimpleRNN))
    },
    "MultiheadAttention": (lambda: nn.MultiheadAttention(6, 2, batch_first=True), attention),
    "MultiheadAttention without bias": (
        lambda: nn.MultiheadAttention(6, 2, batch_first=True, bias=False), lambda: attention(use_bias=False)
    ),
}  # fmt: skip


def host(module):
    """A module that holds another one as its attribute `layer`, and gives one tensor."""
    if isinstance(module, nn.MultiheadAttention):
        return randomized(SelfAttention(module))
    if isinstance(module, nn.RNNBase):
        return randomized(First(module))
    return randomized(Plain(module))


def output_of(module, x, is_of_channels):
    """What a module gives for channels that come last, as ours do."""
    x = torch.from_numpy(x)
    y = module(x.movedim(-1, 1) if is_of_channels else x)
    return (y.movedim(1, -1) if is_of_channels else y).detach().numpy()


@pytest.mark.parametrize(("theirs", "ours"), PAIRS.values(), ids=PAIRS)
def test_a_layer_computes_what_the_module_does(backend, theirs, ours, tmp_path):
    from safetensors.torch import save_file

    module, model = host(theirs()), ours()
    save_file(module.state_dict(), tmp_path / "net.safetensors")
    shape = (2, *model.input_shape[1:])
    is_of_indices = isinstance(module.layer, nn.Embedding)
    x = rng.integers(0, 7, shape) if is_of_indices else rng.normal(size=shape).astype("float32")
    names = ("Conv", "BatchNorm", "GroupNorm", "PReLU")
    expected = output_of(module, x, type(module.layer).__name__.startswith(names))
    for source in (tmp_path / "net.safetensors", module.state_dict()):
        model.set_weights([np.zeros(w.shape) for w in model.weights])
        model.load_weights(source)
        found = ops.convert_to_numpy(model(x.astype("int32") if is_of_indices else x))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_an_attention_of_other_sizes_is_found_too(backend):
    module = randomized(nn.MultiheadAttention(6, 2, kdim=4, vdim=3, batch_first=True))
    shapes = ((5, 6), (7, 3), (7, 4))
    query, value, key = (Input(shape) for shape in shapes)
    model = Model([query, value, key], layers.MultiHeadAttention(2, 3, name="attention")(query, value, key))
    model.load_weights({f"attention.{name}": x for name, x in module.state_dict().items()})
    query, value, key = (rng.normal(size=(2, *shape)).astype("float32") for shape in shapes)
    expected = module(*map(torch.from_numpy, (query, key, value)))[0].detach().numpy()
    np.testing.assert_allclose(ops.convert_to_numpy(model([query, value, key])), expected, rtol=1e-5, atol=1e-5)


def test_a_sequential_takes_the_numbers_of_another(backend):
    module = randomized(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 2)))
    model = Sequential([Input((3,)), layers.Dense(4), layers.ReLU(), layers.BatchNormalization(epsilon=1e-5),
                        layers.Dense(2)])  # fmt: skip
    model.load_weights(module.state_dict())
    x = rng.normal(size=(5, 3)).astype("float32")
    expected = module(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ops.convert_to_numpy(model(x)), expected, rtol=1e-5, atol=1e-5)


def test_a_gru_that_resets_before_multiplying_has_no_counterpart(backend):
    model = Sequential([Input((5, 3)), layers.GRU(4, reset_after=False, name="gru")])
    values = {f"gru.{name}": x for name, x in nn.GRU(3, 4).state_dict().items()}
    with pytest.raises(
        ArgumentError,
        match=r"gru.bias_ih_l0 and gru.bias_hh_l0: shape \(12,\) and \(12,\) in the dict, which are \(2, 12\) here",
    ):
        model.load_weights(values)


def test_a_narrow_tensor_is_cast(backend):
    model = Sequential([Input((3,)), layers.Dense(4, name="fc")])
    module = nn.Linear(3, 4).to(torch.bfloat16)
    model.load_weights({f"fc.{name}": x for name, x in module.state_dict().items()})
    assert np.array_equal(model.layers[0].kernel.numpy(), module.weight.detach().float().numpy().T)


# Layers that are modules: on torch.


class Net(Model):
    """Layers in many places, a native module among them, and weights of its own."""

    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(3), layers.Dense(3)]
        self.tied = Sequential([self.blocks[0], layers.BatchNormalization()], name="other")
        self.native = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
        self.heads = {"a": Sequential([layers.Dense(2)])}
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        x = self.tied(self.blocks[1](self.blocks[0](x))) * self.scale
        return self.heads["a"](self.native(x))


def net():
    made = Net()
    made(np.ones((2, 3), "float32"))
    return made


def test_names_are_those_of_the_state_dict(tmp_path):
    from safetensors.torch import load_file as load_torch_file
    from safetensors.torch import save_file

    with ops.use_backend("torch"):
        model, other, third = net(), net(), net()
        for v in model.weights:
            v.assign(np.ones(v.shape) if v.dtype == "int64" else rng.uniform(0.5, 2, v.shape))
        assert list(named_variables(model)) == list(model.state_dict())
        model.save_weights(tmp_path / "ours.safetensors")
        other.load_state_dict(load_torch_file(tmp_path / "ours.safetensors"))
        save_file({name: x.clone() for name, x in model.state_dict().items()}, tmp_path / "theirs.safetensors")
        third.load_weights(tmp_path / "theirs.safetensors")
        ours, theirs = (load_file(tmp_path / f"{name}.safetensors") for name in ("ours", "theirs"))
        x = rng.normal(size=(4, 3)).astype("float32")
        outputs = [ops.convert_to_numpy(each(x, training=False)) for each in (model, other, third)]
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert np.array_equal(outputs[0], outputs[1])
    assert np.array_equal(outputs[0], outputs[2])


def test_a_checkpoint_goes_from_torch_to_any_backend_and_back(backend, tmp_path):
    def make():
        return Sequential([Input((3,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(2)])

    model = make()
    with ops.use_backend("torch"):
        on_torch = make()
    torch.save(on_torch.state_dict(), tmp_path / "net.pt")
    model.load_weights(torch.load(tmp_path / "net.pt", weights_only=True))
    x = rng.normal(size=(4, 3)).astype("float32")
    expected = ops.convert_to_numpy(on_torch(torch.from_numpy(x)))
    np.testing.assert_allclose(ops.convert_to_numpy(model(x)), expected, rtol=1e-5, atol=1e-6)
    on_torch.load_state_dict({name: torch.from_numpy(v.numpy().copy()) for name, v in named_variables(model).items()})
