"""kcore's optimizers on PyTorch's own parameters, and variables in PyTorch's graphs."""

from __future__ import annotations

import kcore_ops as ops
import pytest
import torch
from kcore_ops.foundation.errors import ArgumentError
from kcore_train.optimizers import SGD, Adam, LossScaleOptimizer


@pytest.fixture(autouse=True)
def _on_torch():
    with ops.use_backend("torch"):
        yield


def test_an_optimizer_takes_parameters_of_torch():
    module = torch.nn.Linear(3, 1)
    other = torch.nn.Linear(3, 1)
    other.load_state_dict(module.state_dict())
    ours, theirs = Adam(0.1, epsilon=1e-8), torch.optim.Adam(other.parameters(), 0.1)
    x = torch.ones(4, 3)
    for _ in range(3):
        for each in (module, other):
            each.zero_grad()
            (each(x) ** 2).mean().backward()
        ours.apply([p.grad for p in module.parameters()], module.parameters())
        theirs.step()
    for found, wanted in zip(module.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_parameters_of_torch_are_averaged_and_left_out_of_decay():
    one, two = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = SGD(1.0, weight_decay=0.5, use_ema=True, ema_momentum=0.5)
    optimizer.exclude_from_weight_decay([one])
    for _ in range(2):
        optimizer.apply([torch.zeros(2), torch.zeros(2)], [one, two])
    assert one.tolist() == [1.0, 1.0] and two.tolist() == [0.25, 0.25]
    optimizer.finalize_variable_values([one, two])
    assert two.tolist() == [0.375, 0.375]


def test_the_loss_of_parameters_of_torch_is_scaled():
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = LossScaleOptimizer(SGD(1.0), initial_scale=4.0)
    optimizer.scale_loss(parameter.sum()).backward()
    optimizer.apply([parameter.grad], [parameter])
    assert parameter.tolist() == [0.0, 0.0]


def test_what_is_no_variable_is_refused():
    computed = torch.ones(2, requires_grad=True) * 2
    with pytest.raises(ArgumentError, match="a Tensor is no variable"):
        SGD(1.0).apply([torch.ones(2)], [computed])


def test_a_state_assigned_to_after_it_was_read_leaves_the_gradient_in_a_loop_of_ones_own():
    state = ops.Variable([2.0], trainable=False)
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    loss = (weight * state.value).sum()
    state.assign([5.0])
    loss.backward()
    assert weight.grad.tolist() == [2.0]
    before = state.value
    state.assign([7.0])
    assert state.value is before and before.tolist() == [7.0]  # in place, where no graph is in the way
