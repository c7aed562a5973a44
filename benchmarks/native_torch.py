"""The same models and loops as PyTorch's users write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from training_models import HEADS, VOCABULARY, WIDTH


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.top = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.top(self.lstm(x)[0][:, -1])


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(2)
        )
        self.top = nn.Linear(WIDTH, 10)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        return self.top(x.mean(1))


def _module(name: str) -> nn.Module:
    if name == "tiny":
        return nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))
    if name == "mlp":
        return nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    if name == "cnn":
        return nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(1600, 10),
        )  # fmt: skip
    return Recurrent() if name == "lstm" else Transformer()


class Loop:
    def __init__(self, case: Any) -> None:
        self.case = case
        self.module = _module(case.name)
        self.optimizer = torch.optim.Adam(self.module.parameters(), 1e-3)
        self.loss = nn.CrossEntropyLoss()

    def inputs(self, x: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(x)
        return tensor.permute(0, 3, 1, 2) if self.case.name == "cnn" else tensor

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        size, order = self.case.batch_size, np.random.permutation(len(x))
        total, correct = torch.zeros(()), torch.zeros(())
        for i in range(0, len(x), size):
            rows = order[i : i + size]
            targets = torch.from_numpy(y[rows]).long()
            self.optimizer.zero_grad()
            outputs = self.module(self.inputs(x[rows]))
            loss = self.loss(outputs, targets)
            loss.backward()
            self.optimizer.step()
            with torch.no_grad():
                total += loss * len(rows)
                correct += (outputs.argmax(-1) == targets).sum()
        self.results = float(total) / len(x), float(correct) / len(x)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return self.module(x)

    def predict(self, x: np.ndarray) -> np.ndarray:
        size = self.case.batch_size
        with torch.no_grad():
            parts = [self.module(self.inputs(x[i : i + size])).numpy() for i in range(0, len(x), size)]
        return np.concatenate(parts)
