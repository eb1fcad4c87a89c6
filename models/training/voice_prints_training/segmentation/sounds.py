"""Sounds that are nobody's speech (music, breath, laughter, hum), and what a recorder does to levels.

Everything takes and returns float32 samples at 16 kHz, (samples,).
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

SAMPLE_RATE_HZ = 16_000
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))


def note(hertz: float, samples: int, rng: np.random.Generator, overtones: int, fall: float) -> np.ndarray:
    """A tone with overtones, struck or blown: an attack of 5 to 80 ms and an exponential fall of `fall` seconds."""
    time = np.arange(samples) / SAMPLE_RATE_HZ
    tone = np.zeros(samples)
    for overtone in range(1, overtones + 1):
        if hertz * overtone < 7500:
            tone += np.sin(2 * np.pi * hertz * overtone * time + rng.uniform(0, 6.28)) / overtone ** rng.uniform(
                0.7, 1.6
            )
    return tone * np.minimum(1, time / rng.uniform(0.005, 0.08)) * np.exp(-time / fall)


def music(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Chords and a melody over a beat, at unit level: not beautiful, but harmonic, rhythmic and nobody's voice."""
    played = np.zeros(samples)
    scale, root = SCALES[rng.integers(len(SCALES))], 55 * 2 ** rng.uniform(0, 1.5)
    beat = int(SAMPLE_RATE_HZ * rng.uniform(0.28, 0.75))
    overtones, fall = int(rng.integers(2, 14)), rng.uniform(0.15, 2.5)
    drums, melody = rng.random() < 0.6, rng.random() < 0.8
    degree = 0
    for place, start in enumerate(range(0, samples, beat)):
        left = samples - start
        if place % 4 == 0:
            degree = int(rng.integers(len(scale)))
        sounding = []
        if place % 2 == 0:
            sounding += [(degree + third, 2 * beat, 0.5) for third in (0, 2, 4)]
        if melody:
            sounding.append((int(rng.integers(7, 15)), beat, 0.9))
        for step, length, gain in sounding:
            octave, tone = divmod(step, len(scale))
            length = min(left, length)
            played[start : start + length] += gain * note(
                root * 2 ** (octave + scale[tone] / 12), length, rng, overtones, fall
            )
        if drums:
            length = min(left, 2400)
            stroke = rng.standard_normal(length) * np.exp(-np.arange(length) / rng.uniform(150, 900))
            played[start : start + length] += stroke * (1.0 if place % 2 else 0.4)
    return (played / (np.sqrt(np.mean(played**2)) + 1e-9)).astype(np.float32)


def breath(rng: np.random.Generator) -> np.ndarray:
    """An audible breath of .2 to .7 s at unit level: noise through a mouth, rising and falling."""
    samples = int(SAMPLE_RATE_HZ * rng.uniform(0.2, 0.7))
    noise = resonate(rng.standard_normal(samples), rng.uniform(500, 1500), 0.93)
    noise += 0.5 * resonate(rng.standard_normal(samples), rng.uniform(1800, 4000), 0.9)
    noise *= np.sin(np.pi * np.linspace(0, 1, samples) ** rng.uniform(0.6, 1.6))
    return (noise / (np.sqrt(np.mean(noise**2)) + 1e-9)).astype(np.float32)


def laughter(voiced: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three to nine bursts at 3.5 to 6 Hz of a voice's own vowel and breath, growing weaker, at unit level.

    voiced: .1 s or more of that voice, loud."""
    period = int(SAMPLE_RATE_HZ / rng.uniform(3.5, 6))
    burst = min(len(voiced), int(period * rng.uniform(0.35, 0.6)))
    bursts = int(rng.integers(3, 10))
    laugh = np.zeros(period * bursts)
    shape = np.hanning(burst)
    for number in range(bursts):
        start = int(rng.integers(max(1, len(voiced) - burst)))
        vowel = voiced[start : start + burst] / (np.sqrt(np.mean(voiced**2)) + 1e-6)
        air = rng.standard_normal(burst) * rng.uniform(0.1, 0.5)
        laugh[number * period : number * period + burst] += (vowel + air) * shape * 0.85**number
    return (laugh / (np.sqrt(np.mean(laugh**2)) + 1e-9)).astype(np.float32)


def resonate(samples: np.ndarray, hertz: float, radius: float) -> np.ndarray:
    """A two-pole resonance."""
    return lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * hertz / SAMPLE_RATE_HZ), radius**2], samples)


def hum(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Mains hum with overtones, at unit level."""
    time = np.arange(samples) / SAMPLE_RATE_HZ
    mains = rng.choice([50.0, 60.0])
    tone = sum(rng.uniform(0, 1) * np.sin(2 * np.pi * mains * k * time + rng.uniform(0, 6.28)) for k in range(1, 9))
    return (tone / (np.sqrt(np.mean(tone**2)) + 1e-9)).astype(np.float32)


def level_control(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a recorder's automatic gain does: loud passages down at once, quiet ones up within a second or so."""
    block = SAMPLE_RATE_HZ // 50
    blocks = len(samples) // block
    levels = np.sqrt(np.mean(samples[: blocks * block].reshape(blocks, block) ** 2, axis=1)) + 1e-5
    rise = np.exp(-1 / (50 * rng.uniform(0.3, 3)))
    followed = np.empty(blocks)
    level = float(levels.mean())
    for place, now in enumerate(levels):
        level = max(now, level * rise + now * (1 - rise))
        followed[place] = level
    gain = (np.median(followed) / followed) ** rng.uniform(0.3, 0.9)
    return (samples * np.interp(np.arange(len(samples)), (np.arange(blocks) + 0.5) * block, gain)).astype(np.float32)
