"""A kcore model where PyTorch's users want one: under `torch.optim`, inside a Module, under DistributedDataParallel.

KCORE_BACKEND=torch python examples/torch_native.py
"""

from __future__ import annotations

import gc
import os
import tempfile

import kcore as keras
import numpy as np
import torch

NUM_CLASSES = 3


def make_data() -> tuple[torch.Tensor, torch.Tensor]:
    """Three clouds of points, and the number of the cloud of each."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, NUM_CLASSES, 256)
    points = rng.normal(size=(256, 4)) + 3.0 * np.eye(NUM_CLASSES, 4)[labels]
    return torch.tensor(points, dtype=torch.float32), torch.tensor(labels)


def make_model() -> keras.Model:
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(NUM_CLASSES)]
    )


def own_loop(num_epochs: int = 20) -> list[float]:
    """Train with an optimizer and a loss of torch's; gives the losses."""
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loss_fn = torch.nn.CrossEntropyLoss()

    def train_step(inputs, targets):
        # Compute loss.
        logits = model(inputs, training=True)
        loss = loss_fn(logits, targets)

        # Compute gradients.
        model.zero_grad()
        loss.backward()

        # Update weights.
        optimizer.step()
        return loss

    dataset = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*make_data()), batch_size=64)
    losses = []
    for _ in range(num_epochs):
        for inputs, targets in dataset:
            loss = train_step(inputs, targets)
        losses.append(float(loss.detach()))
    return losses


class Classifier(torch.nn.Module):
    """A Module of torch's with a kcore model and a layer of torch's inside."""

    def __init__(self) -> None:
        super().__init__()
        self.features = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="relu")])
        self.head = torch.nn.Linear(16, NUM_CLASSES)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(inputs))


def inside_a_module(num_steps: int = 60) -> tuple[list[float], list[str]]:
    """Train the Module; gives the losses and the names of its parameters."""
    module = Classifier()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    inputs, targets = make_data()
    losses = []
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, [name for name, _ in module.named_parameters()]


def train_replica(rank: int, world_size: int, init_file: str, results: str, num_steps: int) -> None:
    """One of several processes: trains on its share of the data, with gradients averaged over all."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{init_file}", rank=rank, world_size=world_size)
    losses = replica_losses(rank, world_size, num_steps)
    if rank == 0:
        np.save(results, np.array(losses))
    # What still refers to the group keeps its threads alive, and the process then may abort when it ends.
    gc.collect()
    torch.distributed.destroy_process_group()


def replica_losses(rank: int, world_size: int, num_steps: int) -> list[float]:
    """Train one replica; gives the means of the losses of all."""
    keras.utils.set_random_seed(0)
    with keras.use_backend("torch"):
        model = make_model()
    replica = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(replica.parameters(), lr=0.1)
    inputs, targets = make_data()
    losses = []
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(replica(inputs[rank::world_size]), targets[rank::world_size])
        loss.backward()
        optimizer.step()
        mean = loss.detach()
        torch.distributed.all_reduce(mean)
        losses.append(float(mean) / world_size)
    return losses


def data_parallel(world_size: int, num_steps: int = 20) -> np.ndarray:
    """Give the losses of training in several processes."""
    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "losses.npy")
        arguments = (world_size, os.path.join(folder, "init"), results, num_steps)
        torch.multiprocessing.spawn(train_replica, arguments, nprocs=world_size)
        return np.load(results)


def main() -> None:
    keras.utils.set_random_seed(0)
    print("own loop:      ", own_loop()[-1])
    losses, names = inside_a_module()
    print("inside a Module:", losses[-1], names)
    print("one process:   ", data_parallel(1)[-1])
    print("two processes: ", data_parallel(2)[-1])


if __name__ == "__main__":
    with keras.use_backend("torch"):
        main()
