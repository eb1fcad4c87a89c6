"""Voices: a speaker as recorded or varied. Speech played at another speed has another pitch and other formants, and
its formants can be moved once more by themselves: both make a voice that counts as another person.

Every pass of prepare.py but those of the recordings as they are varies each recording in its own way. The numbering
depends on the corpus manifest and the pass's variation number alone, so every shard and run agrees on it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import torch
from scipy.signal import resample_poly

VARIATIONS = 8  # 0: as recorded; 1 to 7: one a pass
SPEED_STEPS = 40  # speeds are whole fortieths: resampling by small ratios is cheap
SLOWEST, FASTEST = 32, 50  # .8 to 1.25
LEAST_UNLIKE = 3  # fortieths from the speed as recorded, or the voice would be nearly the same
FORMANT_RANGE = (0.9, 1.12)
WINDOW, HOP = 512, 128
ENVELOPE_TERMS = 30  # of the cepstrum: slower than any pitch below 530 Hz at 16 kHz
GREATEST_GAIN = 2.0  # nepers: the stop band of a telephone recording is not blown up


def training_rows(corpus: str | Path) -> list[dict]:
    """The rows of manifest.jsonl that may be trained on, each with its place in the file as `row`."""
    rows = []
    with open(os.path.join(corpus, "manifest.jsonl"), encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            row["row"] = number
            if row["split"] != "dev":
                rows.append(row)
    return rows


HELD_OUT_EVERY = 12


def held_out_speakers(rows: list[dict]) -> set[str]:
    """Every twelfth labelled speaker: to choose between networks by, and to calibrate the one chosen."""
    labelled = [row["speaker"] for row in rows if row["speaker"] is not None]
    return set(labelled[::HELD_OUT_EVERY])


class VoiceNumbers:
    """speaker and variation -> class number; unlabelled speech has class -1."""

    def __init__(self, rows: list[dict]) -> None:
        speakers = sorted({row["speaker"] for row in rows if row["speaker"] is not None})
        self.speakers = {speaker: number for number, speaker in enumerate(speakers)}
        self.count = len(speakers) * VARIATIONS

    def of(self, speakers: set[str]) -> list[int]:
        """The class numbers of these speakers in all variations."""
        return [self.number(speaker, variation) for speaker in sorted(speakers) for variation in range(VARIATIONS)]

    def number(self, speaker: str | None, variation: int) -> int:
        """variation: 0 to VARIATIONS - 1."""
        if speaker is None:
            return -1
        return self.speakers[speaker] * VARIATIONS + variation


def draw_variation(rng: np.random.Generator) -> tuple[int, float]:
    """-> speed in fortieths, and the factor by which formants move beyond what the speed does."""
    fortieths = [n for n in range(SLOWEST, FASTEST + 1) if abs(n - SPEED_STEPS) >= LEAST_UNLIKE]
    return int(rng.choice(fortieths)), float(rng.uniform(*FORMANT_RANGE))


def change_speed(samples: np.ndarray, fortieths: int) -> np.ndarray:
    """Resample so that the speech plays `fortieths` / 40 times as fast; pitch and formants move along."""
    if fortieths == SPEED_STEPS:
        return samples
    return resample_poly(samples, SPEED_STEPS, fortieths).astype(np.float32)


def move_formants(samples: np.ndarray, factor: float) -> np.ndarray:
    """Stretch the spectral envelope (the smooth part of the logarithmic spectrum) along frequency; the pitch stays.
    samples (n,) at 16 kHz, n >= WINDOW -> the same length."""
    window = torch.hann_window(WINDOW)
    spectrum = torch.stft(torch.from_numpy(samples), WINDOW, HOP, window=window, return_complex=True)
    cepstrum = torch.fft.irfft(spectrum.abs().clamp(min=1e-5).log(), dim=0)
    cepstrum[ENVELOPE_TERMS : WINDOW - ENVELOPE_TERMS + 1] = 0
    envelope = torch.fft.rfft(cepstrum, dim=0).real
    source = (torch.arange(len(envelope)) / factor).clamp(max=len(envelope) - 1)
    below = source.long()
    above = (below + 1).clamp(max=len(envelope) - 1)
    part = (source - below)[:, None]
    moved = envelope[below] * (1 - part) + envelope[above] * part
    gain = (moved - envelope).clamp(-GREATEST_GAIN, GREATEST_GAIN).exp()
    return torch.istft(spectrum * gain, WINDOW, HOP, window=window, length=len(samples)).numpy()


def vary(samples: np.ndarray, fortieths: int, factor: float) -> np.ndarray:
    """Another voice out of this one."""
    return move_formants(change_speed(samples, fortieths), factor)
