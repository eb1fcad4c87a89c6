"""Log-mel features exactly as sherpa-onnx computes them for its "3d-speaker" and "wespeaker" models.

Kaldi conventions: frames of 25 ms every 10 ms, centred (`snip_edges=false`, the signal mirrored at both
ends), DC removed, pre-emphasis .97, povey window, 512-point power spectrum, 80 triangular mel bands from
20 to 7600 Hz, natural logarithm, no dither. The samples are scaled by 32768 first (`normalize_samples=0`),
so that the logarithm's floor (2**-23) is reached by digital silence only.
"""

from __future__ import annotations

import math
from typing import overload

import torch
from torch import Tensor

SAMPLE_RATE = 16000
FRAME_LENGTH = 400
FRAME_SHIFT = 160
FFT_SIZE = 512
MEL_BANDS = 80
LOW_FREQUENCY = 20.0
HIGH_FREQUENCY = 7600.0
SAMPLE_SCALE = 32768.0
PRE_EMPHASIS = 0.97
LOG_FLOOR = 1.1920928955078125e-07


@overload
def hertz_to_mel(hertz: float) -> float: ...


@overload
def hertz_to_mel(hertz: Tensor) -> Tensor: ...


def hertz_to_mel(hertz: float | Tensor) -> float | Tensor:
    """Kaldi's mel scale; works on floats and tensors."""
    if isinstance(hertz, Tensor):
        return 1127.0 * torch.log(1.0 + hertz / 700.0)
    return 1127.0 * math.log(1.0 + hertz / 700.0)


def mel_filter_bank(low: float = LOW_FREQUENCY, high: float = HIGH_FREQUENCY, bands: int = MEL_BANDS) -> Tensor:
    """Triangles that are straight on the mel scale -> (bands, FFT_SIZE / 2 + 1). The Nyquist bin gets no weight."""
    edges = torch.linspace(hertz_to_mel(low), hertz_to_mel(high), bands + 2, dtype=torch.float64)
    bins = hertz_to_mel(torch.arange(FFT_SIZE // 2, dtype=torch.float64) * SAMPLE_RATE / FFT_SIZE)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    bank = torch.zeros(bands, FFT_SIZE // 2 + 1)
    bank[:, :-1] = torch.minimum(rising, falling).clamp(min=0).float()
    return bank


def povey_window(length: int = FRAME_LENGTH) -> Tensor:
    """A Hann window to the power .85, symmetric -> (length,)."""
    return torch.hann_window(length, periodic=False, dtype=torch.float64).pow(0.85).float()


class LogMel:
    """Callable: (batch, samples) in [-1, 1] -> (batch, frames, 80) log-mel, the mean NOT yet subtracted."""

    def __init__(
        self, low: float = LOW_FREQUENCY, high: float = HIGH_FREQUENCY, snip_edges: bool = False, device: str = "cpu"
    ) -> None:
        self.bank = mel_filter_bank(low, high).T.contiguous().to(device)
        self.window = povey_window().to(device)
        self.snip_edges = snip_edges

    def __call__(self, samples: Tensor) -> Tensor:
        frames = split_into_frames(samples * SAMPLE_SCALE, self.snip_edges)
        frames = frames - frames.mean(2, keepdim=True)
        first = frames[..., :1] * (1 - PRE_EMPHASIS)
        rest = frames[..., 1:] - PRE_EMPHASIS * frames[..., :-1]
        frames = torch.cat([first, rest], 2) * self.window
        power = torch.fft.rfft(frames, FFT_SIZE).abs().square()
        return (power @ self.bank).clamp(min=LOG_FLOOR).log()


def split_into_frames(samples: Tensor, snip_edges: bool) -> Tensor:
    """(batch, samples) -> (batch, frames, FRAME_LENGTH). Without snipping, frame i is centred on sample 160 i + 80."""
    if not snip_edges:
        count = (samples.shape[1] + FRAME_SHIFT // 2) // FRAME_SHIFT
        before = (FRAME_LENGTH - FRAME_SHIFT) // 2
        after = (count - 1) * FRAME_SHIFT + FRAME_LENGTH - before - samples.shape[1]
        parts = [samples[:, :before].flip(1), samples]
        if after > 0:
            parts.append(samples[:, -after:].flip(1))
        samples = torch.cat(parts, 1)
    return samples.unfold(1, FRAME_LENGTH, FRAME_SHIFT)


def subtract_mean(features: Tensor) -> Tensor:
    """(batch, frames, bands) -> the same less each band's mean over the utterance (`global-mean`)."""
    return features - features.mean(1, keepdim=True)


student_log_mel = LogMel()
teacher_log_mel = LogMel(high=8000.0, snip_edges=True)
