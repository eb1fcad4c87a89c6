"""Where a conversation is heard: in a room with one microphone, over headsets, on the telephone, in a studio; what else
is heard there, and what the device and the line make of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voice_prints_training.augment import (
    clip,
    convolve,
    equalise,
    fit_length,
    invented_room,
    low_rate_codec,
    mix_at,
    power,
    read_folder,
    set_level,
    telephone,
    trim_room,
)
from voice_prints_training.segmentation.sounds import breath, hum, level_control, music

PLACES = ("room", "measured room", "headsets", "call", "studio")
PLACE_SHARES = (0.45, 0.12, 0.13, 0.18, 0.12)
HELD_OUT_ROOMS = 40
"""So many rooms at the end of the file are heard in held-out conversations only."""
BABBLE_MEMORY = 40


class Scenes:
    """Dry tracks -> one recording."""

    def __init__(self, corpus: Path, rooms: Path, held_out: bool) -> None:
        with np.load(rooms) as simulated:
            responses = simulated["responses"]
        self.rooms = responses[-HELD_OUT_ROOMS:] if held_out else responses[:-HELD_OUT_ROOMS]
        self.measured = [trim_room(response) for response in read_folder(str(corpus / "rir"))]
        self.noises = read_folder(str(corpus / "noise"))
        self.recent: list[np.ndarray] = []

    def __call__(self, tracks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """tracks (voices, samples), dry; may be silent -> samples, between -1 and 1."""
        place = rng.choice(PLACES, p=PLACE_SHARES)
        samples = self.place(tracks, place, rng)
        if power(samples) > 1e-8:
            self.recent = ([*self.recent, samples])[-BABBLE_MEMORY:]
        samples = self.surround(samples, quiet=place in ("studio", "headsets", "call"), rng=rng)
        return set_level(self.record(samples, narrow=place == "call", rng=rng), rng)

    def place(self, tracks: np.ndarray, place: str, rng: np.random.Generator) -> np.ndarray:
        """Each voice from its own mouth to the microphone, all of them together."""
        if place == "room":
            responses = self.rooms[rng.integers(len(self.rooms))].astype(np.float32)
            mouths = rng.permutation(len(responses))
            # who is far speaks up
            effort = rng.uniform(0, 0.6)
            heard = [
                convolve(track, response) * np.float32(np.sum(response**2) ** (-effort / 2))
                for track, response in zip(tracks, responses[mouths])
            ]
            return np.sum(heard, axis=0)
        if place == "measured room":
            common = rng.random() < 0.5
            responses = [self.measured[i] for i in rng.integers(len(self.measured), size=len(tracks))]
            heard = [convolve(track, responses[0] if common else own) for track, own in zip(tracks, responses)]
            return np.sum(heard, axis=0)
        if place == "headsets":
            gains = 10 ** (rng.uniform(-6, 6, len(tracks)) / 20)
            close = np.sum([equalise(track, rng) * np.float32(gain) for track, gain in zip(tracks, gains)], axis=0)
            # what the other headsets hear of the room
            return close + convolve(tracks.sum(0), invented_room(rng)) * np.float32(10 ** (rng.uniform(-35, -12) / 20))
        if place == "call":
            legs = [telephone(self.leg(track, rng), rng) for track in tracks]
            gains = 10 ** (rng.uniform(-6, 6, len(tracks)) / 20)
            return np.sum([leg * np.float32(gain) for leg, gain in zip(legs, gains)], axis=0)
        return tracks.sum(0)

    def leg(self, track: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One end of a call: now and then a room or noise behind the handset."""
        if rng.random() < 0.4:
            track = convolve(track, invented_room(rng))
        if rng.random() < 0.3 and power(track) > 1e-8:
            track = mix_at(track, self.noise(len(track), rng), rng.uniform(5, 30))
        return track

    def noise(self, samples: int, rng: np.random.Generator) -> np.ndarray:
        return fit_length(self.noises[rng.integers(len(self.noises))], samples, rng)

    def surround(self, samples: np.ndarray, quiet: bool, rng: np.random.Generator) -> np.ndarray:
        """Noise, babble, music, breath and hum, at levels below the speech; of all of them less in quiet places."""
        length, less = len(samples), 0.5 if quiet else 1.0
        level = np.sqrt(max(power(samples), 1e-6))

        def add(sound: np.ndarray, quietest: float, loudest: float) -> None:
            nonlocal samples
            gain = level / np.sqrt(power(sound)) * 10 ** (-rng.uniform(loudest, quietest) / 20)
            samples = samples + sound * np.float32(gain)

        if rng.random() < 0.5 * less:
            add(self.noise(length, rng), 30, 0)
        if rng.random() < 0.25 * less and len(self.recent) >= 6:
            chosen = rng.integers(len(self.recent), size=rng.integers(4, 9))
            voices = [fit_length(np.roll(self.recent[i], int(rng.integers(length))), length, rng) for i in chosen]
            add(convolve(np.sum(voices, axis=0), invented_room(rng)), 25, 6)
        if rng.random() < 0.15:
            add(music(length, rng), 30, 0)
        if rng.random() < 0.2:
            breaths = np.zeros(length, np.float32)
            for _ in range(rng.integers(1, 4)):
                sound = breath(rng)
                start = int(rng.integers(length - len(sound)))
                breaths[start : start + len(sound)] += sound
            add(breaths, 30, 10)
        if rng.random() < 0.15 * less:
            add(hum(length, rng), 40, 10)
        if rng.random() < 0.6:
            add(rng.standard_normal(length).astype(np.float32), 50, 12)
        return samples.astype(np.float32)

    def record(self, samples: np.ndarray, narrow: bool, rng: np.random.Generator) -> np.ndarray:
        """Microphone, gain control, overload, codec, line."""
        if rng.random() < 0.35:
            samples = equalise(samples, rng)
        if rng.random() < 0.15:
            samples = level_control(samples, rng)
        if rng.random() < 0.05:
            samples = clip(samples, rng)
        samples = samples * np.float32(0.5 / (np.abs(samples).max() + 1e-6))
        if not narrow and rng.random() < 0.1:
            samples = telephone(samples, rng)
        if rng.random() < 0.12:
            samples = low_rate_codec(samples, rng)
        return samples
