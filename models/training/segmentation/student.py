"""The small segmentation network: who of up to three local voices speaks, frame by frame, overlap included."""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor, nn

VOICES = 3
POWERSET = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""The classes, in the order of pyannote segmentation-3.0."""
CLASS_OF_MASK = torch.tensor([0, 1, 2, 4, 3, 5, 6, 4])
"""Bit mask of active voices -> class; all three at once counts as the first two."""


class Block(nn.Module):
    """Depthwise dilated convolution, then a mix of channels, around a residual."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.depth = nn.Conv1d(width, width, 7, padding=3 * dilation, dilation=dilation, groups=width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, width, 1, bias=False)
        self.mix_norm = nn.BatchNorm1d(width)

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + torch.relu(self.mix_norm(self.mix(torch.relu(self.norm(self.depth(hidden))))))


class SegmentationStudent(nn.Module):
    """Mean-subtracted log-mel (N, T, 80) at 10 ms -> log-probabilities (N, T/2, 7) at 20 ms."""

    def __init__(self, width: int = 128, recurrent: int = 96, layers: int = 2) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(80)
        self.stem = nn.Conv1d(80, width, 5, stride=2, padding=2, bias=False)
        self.stem_norm = nn.BatchNorm1d(width)
        self.blocks = nn.Sequential(*[Block(width, dilation) for dilation in (1, 2, 4, 8)])
        self.memory = nn.LSTM(width, recurrent, num_layers=layers, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * recurrent, len(POWERSET))

    def forward(self, features: Tensor) -> Tensor:
        hidden = torch.relu(self.stem_norm(self.stem(self.norm(features.transpose(1, 2)))))
        hidden, _ = self.memory(self.blocks(hidden).transpose(1, 2))
        return self.out(hidden).float().log_softmax(-1)


def powerset_classes(activity: Tensor) -> Tensor:
    """(..., 3) zeros and ones -> class numbers (...)."""
    return CLASS_OF_MASK[(activity.long() * torch.tensor([1, 2, 4])).sum(-1)]


def permutation_free_loss(log_probabilities: Tensor, activity: Tensor) -> Tensor:
    """Cross-entropy under the best order of the voices, chunk by chunk.

    log_probabilities: (N, F, 7); activity: (N, F, 3) zeros and ones. Returns a scalar.
    """
    losses = []
    for order in permutations(range(VOICES)):
        classes = powerset_classes(activity[..., list(order)])
        losses.append(-log_probabilities.gather(2, classes[..., None])[..., 0].mean(1))
    return torch.stack(losses).min(0).values.mean()
