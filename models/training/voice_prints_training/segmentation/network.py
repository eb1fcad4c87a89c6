"""The segmentation network: who of up to three local voices speaks, frame by frame, overlap included.

Its lower layers are those of the speaker model of this package and begin at its weights: they know voices already.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor, nn

from voice_prints_training.segmentation.waveform import WaveFeatures
from voice_prints_training.speaker.student import Student

VOICES = 3
POWERSET = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""The classes, in the order of pyannote segmentation-3.0."""
CLASS_OF_MASK = torch.tensor([0, 1, 2, 4, 3, 5, 6, 4])
"""Bit mask of active voices -> class; all three at once counts as the first two."""
CLASS_ORDERS = torch.tensor(
    [
        [POWERSET.index(tuple(sorted(order[voice] for voice in group))) for group in POWERSET]
        for order in permutations(range(VOICES))
    ]
)
"""For each order of the voices: which class holds what was class i; shape (6, 7)."""


def powerset_classes(activity: Tensor) -> Tensor:
    """(..., 3) zeros and ones -> class numbers (...)."""
    return CLASS_OF_MASK[(activity.long() * torch.tensor([1, 2, 4])).sum(-1)]


class SegmentationNetwork(nn.Module):
    """Features of `WaveFeatures` (N, 80, T) at 10 ms -> log-probabilities (N, T/2, 7) at 20 ms."""

    def __init__(self, blocks: int = 2, width: int = 128, recurrent: int = 96) -> None:
        super().__init__()
        self.shape = (blocks, width, recurrent)
        speaker = Student()
        self.input_norm, self.stem, self.stem_norm = speaker.input_norm, speaker.stem, speaker.stem_norm
        self.stem_block1, self.stem_block2 = speaker.stem_block1, speaker.stem_block2
        self.widen, self.widen_norm = speaker.widen, speaker.widen_norm
        self.blocks = speaker.blocks[:blocks]
        self.narrow = nn.Conv2d(speaker.shape[0], width, 1, bias=False)
        self.narrow_norm = nn.BatchNorm2d(width)
        self.memory1 = nn.LSTM(width, recurrent, bidirectional=True, batch_first=True)
        self.memory2 = nn.LSTM(2 * recurrent, recurrent, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * recurrent, len(POWERSET))

    def take_voices(self, speaker: Student) -> None:
        """Begins at the lower layers of a speaker model of the default shape."""
        own = self.state_dict()
        own.update({name: value for name, value in speaker.state_dict().items() if name in own})
        self.load_state_dict(own)

    def lower(self) -> list[nn.Parameter]:
        """The parameters that begin at the speaker model's."""
        upper = {id(parameter) for module in self.upper_modules() for parameter in module.parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in upper]

    def upper_modules(self) -> list[nn.Module]:
        """The layers that begin at random weights where training begins at a speaker model."""
        return [self.narrow, self.narrow_norm, self.memory1, self.memory2, self.out]

    def lower_frames(self, features: Tensor) -> Tensor:
        """What the lower layers make of the features -> (N, 256, 1, T/2)."""
        hidden = self.input_norm(features).unsqueeze(1)
        hidden = torch.relu(self.stem_norm(self.stem(hidden)))
        hidden = self.stem_block2(self.stem_block1(hidden)).flatten(1, 2).unsqueeze(2)
        hidden = torch.relu(self.widen_norm(self.widen(hidden.contiguous(memory_format=torch.channels_last))))
        for block in self.blocks:
            hidden = block(hidden)
        return hidden

    def remembered(self, lower_frames: Tensor) -> tuple[Tensor, Tensor]:
        """-> log-probabilities (N, T/2, 7), and what is remembered half way up (N, T/2, 2 × recurrent)."""
        frames = torch.relu(self.narrow_norm(self.narrow(lower_frames)))
        half_way, _ = self.memory1(frames.squeeze(2).transpose(1, 2))
        hidden, _ = self.memory2(nn.functional.dropout(half_way, 0.1, self.training))
        return self.out(hidden).float().log_softmax(-1), half_way

    def forward(self, features: Tensor) -> Tensor:
        return self.remembered(self.lower_frames(features))[0]


class WaveSegmentation(nn.Module):
    """What is exported: waveform (N, 1, T) -> log-probabilities (N, T / 320, 7)."""

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self.front = WaveFeatures()
        self.network = network

    def forward(self, waveform: Tensor) -> Tensor:
        return self.network(self.front(waveform))
