"""Damage for clean speech: rooms, equalisers, noise, babble, telephone channels, low-rate codecs, clipping.

Everything takes and returns float32 samples at 16 kHz, (samples,), and keeps the length.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

SAMPLE_RATE = 16000
ROOM_SAMPLES = 8000
LEVEL_RANGE_DB = (-60.0, -15.0)
MU = 255.0


def read_mono(path: str | Path) -> np.ndarray:
    """The first channel at 16 kHz of a file whose rate is a multiple of 16 kHz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return (
        resample_poly(samples[:, 0], 1, rate // SAMPLE_RATE).astype(np.float32)
        if rate != SAMPLE_RATE
        else samples[:, 0].copy()
    )


def read_folder(folder: str | Path) -> list[np.ndarray]:
    """All readable recordings under a folder."""
    found = []
    for parent, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            try:
                found.append(read_mono(os.path.join(parent, name)))
            except (soundfile.LibsndfileError, ZeroDivisionError):
                continue
    return found


def power(samples: np.ndarray) -> float:
    """Mean square; never zero."""
    return float(np.mean(np.square(samples, dtype=np.float64))) + 1e-10


def mix_at(speech: np.ndarray, noise: np.ndarray, snr: float) -> np.ndarray:
    """Speech plus noise, scaled for a signal-to-noise ratio in dB."""
    return speech + noise * np.float32(np.sqrt(power(speech) / power(noise) / 10 ** (snr / 10)))


def fit_length(samples: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of the wanted length, repeated where too short."""
    if len(samples) < length:
        samples = np.tile(samples, length // len(samples) + 1)
    start = rng.integers(len(samples) - length + 1)
    return samples[start : start + length]


def convolve(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Linear convolution, cut to the length of the samples."""
    size = 1 << (len(samples) + len(response) - 1).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)


def trim_room(response: np.ndarray) -> np.ndarray:
    """A measured room from its direct sound on, at unit energy."""
    peak = int(np.abs(response).argmax())
    response = response[max(0, peak - 16) : peak + ROOM_SAMPLES]
    return response / np.sqrt(np.sum(response**2) + 1e-9)


def invented_room(rng: np.random.Generator) -> np.ndarray:
    """Exponentially decaying noise behind a direct sound; reverberation time .15 to .8 s."""
    decay = rng.uniform(0.15, 0.8)
    length = int(SAMPLE_RATE * min(0.5, decay))
    response = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / (decay * SAMPLE_RATE))
    response *= rng.uniform(0.05, 0.5) / np.sqrt(np.sum(response**2) + 1e-9)
    response[0] += 1
    return (response / np.sqrt(np.sum(response**2))).astype(np.float32)


def shape_spectrum(
    samples: np.ndarray, gains: Sequence[float] | np.ndarray, frequencies: Sequence[float] | np.ndarray
) -> np.ndarray:
    """Multiply the spectrum by gains in dB given at frequencies in Hz."""
    spectrum = np.fft.rfft(samples)
    grid = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    spectrum *= 10 ** (np.interp(grid, frequencies, gains) / 20)
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def equalise(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random smooth frequency response, within 9 dB either way."""
    return shape_spectrum(samples, rng.uniform(-9, 9, 6), np.linspace(0, SAMPLE_RATE / 2, 6))


def mu_law(samples: np.ndarray) -> np.ndarray:
    """G.711 mu-law there and back: 8 bits on a logarithmic scale, for samples in [-1, 1]."""
    compressed = np.sign(samples) * np.log1p(MU * np.abs(samples)) / np.log1p(MU)
    compressed = np.round(compressed * 127) / 127
    return (np.sign(compressed) * np.expm1(np.abs(compressed) * np.log1p(MU)) / MU).astype(np.float32)


def a_law(samples: np.ndarray) -> np.ndarray:
    """G.711 A-law there and back, for samples in [-1, 1]."""
    slope = 87.6
    knee = 1 + np.log(slope)
    size = np.abs(samples)
    compressed = np.where(size < 1 / slope, slope * size / knee, (1 + np.log(np.maximum(slope * size, 1))) / knee)
    compressed = np.round(compressed * 127) / 127
    expanded = np.where(compressed < 1 / knee, compressed * knee / slope, np.exp(compressed * knee - 1) / slope)
    return (np.sign(samples) * expanded).astype(np.float32)


def through_file(samples: np.ndarray, rate: int, **options: str | float) -> np.ndarray:
    """Encode to a file in memory with libsndfile and decode again; the delay and length are repaired."""
    memory = io.BytesIO()
    soundfile.write(memory, samples, rate, **options)
    memory.seek(0)
    decoded, _ = soundfile.read(memory, dtype="float32")
    decoded = decoded[: len(samples)]
    return np.pad(decoded, (0, len(samples) - len(decoded)))


def lose_packets(samples: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Silence in one to four packets of 20 ms."""
    samples = samples.copy()
    packet = rate // 50
    for _ in range(rng.integers(1, 5)):
        start = rng.integers(len(samples) - packet)
        samples[start : start + packet] = 0
    return samples


def telephone(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A narrow-band call: handset response, 8 kHz, G.711 or GSM, line noise, now and then lost packets."""
    low = rng.choice([60.0, 150.0, 250.0, 300.0])
    high = rng.choice([3400.0, 3600.0, 3900.0])
    tilt = rng.uniform(-6, 6, 4)
    shaped = shape_spectrum(samples, [-40, 0, *tilt, 0, -50], [low * 0.5, low, 600, 1200, 2000, 2800, high, high + 300])
    narrow = resample_poly(shaped, 1, 2).astype(np.float32)
    narrow *= rng.uniform(0.08, 0.7) / (np.abs(narrow).max() + 1e-6)
    if rng.random() < 0.4:
        narrow = mix_at(narrow, rng.standard_normal(len(narrow)).astype(np.float32), rng.uniform(18, 40))
    codec = rng.random()
    if codec < 0.55:
        narrow = mu_law(narrow)
    elif codec < 0.8:
        narrow = a_law(narrow)
    else:
        narrow = through_file(narrow, 8000, format="WAV", subtype="GSM610")
    if rng.random() < 0.1:
        narrow = lose_packets(narrow, 8000, rng)
    wide = resample_poly(narrow, 2, 1).astype(np.float32)[: len(samples)]
    wide = np.pad(wide, (0, len(samples) - len(wide)))
    if rng.random() < 0.5:
        wide = np.round(wide * 32768) / 32768
    else:
        wide = wide + rng.standard_normal(len(wide)) * 10 ** rng.uniform(-5, -3.3)
    return wide.astype(np.float32)


def low_rate_codec(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Opus at 6.5 to 13 kbit/s or MP3 at 16 to 24 kbit/s."""
    if rng.random() < 0.3:
        return through_file(
            samples, SAMPLE_RATE, format="OGG", subtype="OPUS", compression_level=rng.uniform(0.97, 0.995)
        )
    return through_file(
        samples, SAMPLE_RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=rng.uniform(0.93, 0.995)
    )


def clip(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Overdriven by a factor of two to eight."""
    peak = np.abs(samples).max()
    return np.clip(samples * rng.uniform(2, 8), -peak, peak)


def set_level(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """At a level drawn from LEVEL_RANGE_DB of full scale (of the loudest tenth), in 16 bits as recorders store it."""
    loud = np.sqrt(np.mean(np.sort(samples**2)[-len(samples) // 10 :])) + 1e-9
    wanted = rng.uniform(*LEVEL_RANGE_DB) if rng.random() < 0.6 else rng.uniform(-35, LEVEL_RANGE_DB[1])
    scaled = samples * (10 ** (wanted / 20) / loud)
    return (np.round(np.clip(scaled, -1, 1) * 32767) / 32768).astype(np.float32)


class Damage:
    """Random damage; remembers recent speech to make babble from."""

    def __init__(
        self,
        corpus: str | Path,
        seed: int | list[int],
        telephone_share: float = 0.35,
        simulated_rooms: str | Path | None = None,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.noises = read_folder(os.path.join(corpus, "noise"))
        self.rooms = [trim_room(room) for room in read_folder(os.path.join(corpus, "rir"))]
        self.simulated = np.empty((0, 0))
        if simulated_rooms is not None:
            with np.load(simulated_rooms) as simulated:
                self.simulated = simulated["responses"].reshape(-1, simulated["responses"].shape[-1])
        self.recent: list[np.ndarray] = []
        self.telephone_share = telephone_share

    def remember(self, samples: np.ndarray) -> None:
        self.recent = ([*self.recent, samples])[-40:]

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """(samples,) -> (samples,)"""
        rng = self.rng
        length = len(samples)
        in_room = rng.random() < 0.4
        on_telephone = rng.random() < self.telephone_share
        if in_room:
            samples = convolve(samples, self.room())
        if rng.random() < 0.3:
            samples = equalise(samples, rng)
        kind = rng.random()
        if kind < 0.35 or not (in_room or on_telephone or kind < 0.65):
            noise = fit_length(self.noises[rng.integers(len(self.noises))], length, rng)
            samples = mix_at(samples, noise, rng.uniform(2, 20))
        elif kind < 0.5 and len(self.recent) >= 3:
            voices = [fit_length(self.recent[i], length, rng) for i in rng.integers(len(self.recent), size=3)]
            samples = mix_at(samples, np.sum(voices, axis=0), rng.uniform(8, 20))
        elif kind < 0.6:
            samples = mix_at(samples, rng.standard_normal(length).astype(np.float32), rng.uniform(10, 30))
        if rng.random() < 0.06:
            samples = clip(samples, rng)
        if on_telephone:
            samples = telephone(samples, rng)
        elif rng.random() < 0.18:
            samples = low_rate_codec(samples, rng)
        if len(self.simulated) > 0 and rng.random() < 0.3:
            samples = set_level(samples, rng)
        return samples.astype(np.float32)

    def room(self) -> np.ndarray:
        """Measured, simulated (where there are any) or invented."""
        kind = self.rng.random()
        if kind < 0.4:
            return self.rooms[self.rng.integers(len(self.rooms))]
        if kind < 0.8 and len(self.simulated) > 0:
            return trim_room(self.simulated[self.rng.integers(len(self.simulated))].astype(np.float32))
        return invented_room(self.rng)
