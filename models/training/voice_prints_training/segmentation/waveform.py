"""The network's front end as part of its graph: a waveform in, log-mel features out, with nothing but a convolution.

Frames, mean removal, pre-emphasis, window and Fourier transform of `frontend.py` are linear, so that they are one
convolution with fixed weights. Level and channel of the recording are taken out; zeros between cut-together speech
look like faint noise.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from voice_prints_training.frontend import (
    FFT_SIZE,
    FRAME_LENGTH,
    FRAME_SHIFT,
    PRE_EMPHASIS,
    mel_filter_bank,
    povey_window,
)

FIRST_BIN, LAST_BIN = 1, 243
"""Bins of the spectrum below 20 and above 7600 Hz get no weight in any mel band."""
FLOOR_DB = -45.0
"""Level of the noise that is added, against the window's mean."""
SPEECH_SHARE = 0.03
"""Frames this far below the mean energy (-15 dB) count half in the mean that is subtracted."""
SILENCE = 1e-10
"""Mean square that counts as silence: -100 dB of full scale."""


def spectrum_kernel() -> Tensor:
    """Samples of a frame -> real and imaginary parts of the spectrum, shape (2 bins, FRAME_LENGTH)."""
    size = FRAME_LENGTH
    centred = torch.eye(size, dtype=torch.float64) - 1 / size
    emphasis = torch.eye(size, dtype=torch.float64) - PRE_EMPHASIS * torch.diag(
        torch.ones(size - 1, dtype=torch.float64), -1
    )
    emphasis[0, 0] = 1 - PRE_EMPHASIS
    bins = torch.arange(FIRST_BIN, LAST_BIN + 1, dtype=torch.float64)
    phase = 2 * math.pi / FFT_SIZE * bins[:, None] * torch.arange(size, dtype=torch.float64)
    waves = torch.cat([phase.cos(), -phase.sin()])
    return ((waves * povey_window().double()) @ emphasis @ centred).float()


class WaveFeatures(nn.Module):
    """Waveform (N, 1, T) at 16 kHz, any level -> features (N, 80, T / 160); loud frames are about zero on average."""

    kernel: Tensor
    bank: Tensor
    floor: Tensor

    def __init__(self) -> None:
        super().__init__()
        kernel = spectrum_kernel()
        bank = mel_filter_bank()[:, FIRST_BIN : LAST_BIN + 1]
        real, imaginary = kernel.square().sum(1).chunk(2)
        floor = bank @ (real + imaginary) * 10 ** (FLOOR_DB / 10)
        # Fixed. Rounded as they are stored, so that training hears what the product hears.
        self.register_buffer("kernel", kernel.half().float()[:, None])
        self.register_buffer("bank", bank.half().float())
        self.register_buffer("floor", floor[:, None].clone())

    def forward(self, waveform: Tensor) -> Tensor:
        level = (waveform.square().mean(2, keepdim=True) + SILENCE).sqrt()
        padding = (FRAME_LENGTH - FRAME_SHIFT) // 2
        spectrum = nn.functional.conv1d(waveform / level, self.kernel, stride=FRAME_SHIFT, padding=padding)
        real, imaginary = spectrum.square().chunk(2, 1)
        mel = torch.matmul(self.bank, real + imaginary) + self.floor
        energy = mel.sum(1, keepdim=True)
        weight = energy / (energy + SPEECH_SHARE * energy.mean(2, keepdim=True))
        logarithm = mel.log()
        return logarithm - (logarithm * weight).sum(2, keepdim=True) / weight.sum(2, keepdim=True)
