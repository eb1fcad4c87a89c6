"""The student: a light two-dimensional stem (frames of 20 ms), gated residual blocks of grouped dilated
convolutions, aggregation of three depths, attentive statistics, 192 numbers out.

Everything after the stem is a two-dimensional convolution over (batch, channels, 1, frames): on processors
that layout, kept "channels last", trains about twice as fast as one-dimensional convolutions.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EMBEDDING_SIZE = 192
DILATIONS = ((1, 2), (3, 4), (1, 2))
"""Of the first two blocks of each third of the network; further blocks follow with FURTHER_DILATIONS."""
FURTHER_DILATIONS = (5, 6)
GROUPS = 4
GATE_CHANNELS = 64
STEM_CHANNELS = (16, 16, 32)


def dilations(blocks: int) -> list[int]:
    """Of every block, a third of them before each depth that is aggregated; blocks: 3, 6, 9 or 12."""
    return [dilation for third in DILATIONS for dilation in (*third, *FURTHER_DILATIONS)[: blocks // 3]]


def pointwise(inputs: int, outputs: int, bias: bool = False) -> nn.Conv2d:
    """A convolution of width one: the same linear map in every frame."""
    return nn.Conv2d(inputs, outputs, 1, bias=bias)


def along_time(inputs: int, outputs: int, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution over three frames, `dilation` apart, that keeps the number of frames."""
    return nn.Conv2d(inputs, outputs, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=groups, bias=False)


class StemBlock(nn.Module):
    """(batch, inputs, bands, frames) -> (batch, outputs, bands / 2, frames)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride=(2, 1), padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride=(2, 1), bias=False)
        self.shortcut_norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(y)) + self.shortcut_norm(self.shortcut(x)))


class TimeBlock(nn.Module):
    """Residual block over time, its branch gated by the mean of the whole utterance; keeps the shape."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.enter = pointwise(channels, channels)
        self.enter_norm = nn.BatchNorm2d(channels)
        self.context = along_time(channels, channels, dilation, GROUPS)
        self.context_norm = nn.BatchNorm2d(channels)
        self.leave = pointwise(channels, channels)
        self.leave_norm = nn.BatchNorm2d(channels)
        self.gate_in = pointwise(channels, GATE_CHANNELS, bias=True)
        self.gate_out = pointwise(GATE_CHANNELS, channels, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.enter_norm(self.enter(x)))
        y = F.relu(self.context_norm(self.context(y)))
        y = self.leave_norm(self.leave(y))
        gate = torch.sigmoid(self.gate_out(F.relu(self.gate_in(y.mean(3, keepdim=True)))))
        return F.relu(x + y * gate)


class AttentivePooling(nn.Module):
    """(batch, channels, 1, frames) -> (batch, 2 channels): weighted mean and deviation, the weights learnt.

    The attention sees each frame beside the plain mean and deviation of the utterance; the map from these
    two is applied once an utterance rather than once a frame."""

    def __init__(self, channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.channels = channels
        self.hidden = pointwise(3 * channels, hidden, bias=True)
        self.weights = pointwise(hidden, channels, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        x32 = x.float()
        mean = x32.mean(3, keepdim=True)
        deviation = ((x32 * x32).mean(3, keepdim=True) - mean * mean).clamp(min=1e-5).sqrt()
        own, common = torch.split(self.hidden.weight, [self.channels, 2 * self.channels], 1)
        hidden = F.conv2d(x, own) + F.conv2d(torch.cat([mean, deviation], 1), common, self.hidden.bias)
        attention = torch.softmax(self.weights(torch.tanh(hidden)).float(), 3)
        mean = (attention * x32).sum((2, 3))
        deviation = ((attention * x32 * x32).sum((2, 3)) - mean * mean).clamp(min=1e-5).sqrt()
        return torch.cat([mean, deviation], 1)


class Student(nn.Module):
    """(batch, frames, 80) mean-subtracted log-mel -> (batch, 192), not normalized."""

    def __init__(self, channels: int = 256, blocks: int = 6, frame_channels: int = 512) -> None:
        super().__init__()
        self.shape = (channels, blocks, frame_channels)
        one, two, three = STEM_CHANNELS
        self.input_norm = nn.BatchNorm1d(80)
        self.stem = nn.Conv2d(1, one, 3, stride=2, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(one)
        self.stem_block1 = StemBlock(one, two)
        self.stem_block2 = StemBlock(two, three)
        self.widen = along_time(three * 10, channels)
        self.widen_norm = nn.BatchNorm2d(channels)
        self.blocks = nn.ModuleList([TimeBlock(channels, dilation) for dilation in dilations(blocks)])
        self.every = blocks // 3
        self.aggregate = pointwise(3 * channels, frame_channels)
        self.aggregate_norm = nn.BatchNorm2d(frame_channels)
        self.pooling = AttentivePooling(frame_channels)
        self.pooled_norm = nn.BatchNorm1d(2 * frame_channels)
        self.embed = nn.Linear(2 * frame_channels, EMBEDDING_SIZE, bias=False)
        self.embed_norm = nn.BatchNorm1d(EMBEDDING_SIZE, affine=False)

    def frame_features(self, x: Tensor) -> Tensor:
        """(batch, frames, 80) -> (batch, frame_channels, 1, frames / 2 rounded up)."""
        x = self.input_norm(x.transpose(1, 2)).unsqueeze(1)
        x = F.relu(self.stem_norm(self.stem(x)))
        x = self.stem_block2(self.stem_block1(x))
        x = x.flatten(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last)
        x = F.relu(self.widen_norm(self.widen(x)))
        depths = []
        for number, block in enumerate(self.blocks, start=1):
            x = block(x)
            if number % self.every == 0:
                depths.append(x)
        return F.relu(self.aggregate_norm(self.aggregate(torch.cat(depths, 1))))

    def embedding(self, frames: Tensor) -> Tensor:
        """The output of `frame_features` -> (batch, 192)."""
        return self.embed_norm(self.embed(self.pooled_norm(self.pooling(frames))))

    def forward(self, x: Tensor) -> Tensor:
        return self.embedding(self.frame_features(x))


@torch.no_grad()
def grow(network: Student, blocks: int, branch: float = 0.0) -> Student:
    """A deeper network with more blocks at the end of each third, their branches scaled by `branch`. At 0 it answers as
    this one does, but hardly learns to use them within some hundred steps; trained blocks are near .7."""
    channels, had, frame_channels = network.shape
    deeper = Student(channels, blocks, frame_channels)
    state = deeper.state_dict()
    for name, value in network.state_dict().items():
        if name.startswith("blocks."):
            _, place, rest = name.split(".", 2)
            third, place_in_third = divmod(int(place), had // 3)
            name = f"blocks.{third * deeper.every + place_in_third}.{rest}"
        state[name] = value
    deeper.load_state_dict(state)
    for number, block in enumerate(deeper.blocks):
        if number % deeper.every >= had // 3:
            block.get_submodule("leave_norm").get_parameter("weight").fill_(branch)
    return deeper.eval()
