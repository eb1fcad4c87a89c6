"""How people talk with each other: one to six people, monologues, pauses, interruptions, backchannels, parallel talk.

`Voices` reads the corpus' training speakers; `converse` lays their utterances on a timeline of ten seconds, one dry
track a voice, with the exact truth.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voice_prints_training.augment import read_mono
from voice_prints_training.frontend import SAMPLE_RATE
from voice_prints_training.segmentation.sounds import laughter
from voice_prints_training.voices import (
    SPEED_STEPS,
    WINDOW,
    change_speed,
    draw_variation,
    held_out_speakers,
    move_formants,
    training_rows,
)

CHUNK_SAMPLES = 10 * SAMPLE_RATE
LABEL_SHIFT = 320
CHUNK_FRAMES = CHUNK_SAMPLES // LABEL_SHIFT
VOICES = 3
SET_SHARES = {
    "speechocean762": 0.33,
    "wuw2": 0.26,
    "librispeech": 0.18,
    "gcompris": 0.08,
    "emodb": 0.04,
    "arabic_sc": 0.03,
    "commands": 0.04,
    "aishell_sample": 0.02,
    "fsdd": 0.02,
}
MIXED_SHARE = 0.2
"""Conversations whose voices come from several sets; elsewhere nobody is known by the microphone."""
LONGEST_SECONDS = 7.0
BRIDGED_FRAMES = 15
"""Pauses shorter than this (.3 s) count as speech."""
FADE_SAMPLES = 160


def sounding(piece: np.ndarray) -> np.ndarray:
    """Which 20-ms frames of a clean utterance hold sound, pauses under .3 s included; as the conversations that the
    product is measured on are labelled."""
    frames = len(piece) // LABEL_SHIFT
    if frames == 0:
        return np.zeros(0, bool)
    level = 10 * np.log10(np.mean(piece[: frames * LABEL_SHIFT].reshape(frames, -1) ** 2, axis=1) + 1e-12)
    quiet, loud = np.percentile(level, [5, 95])
    active = level > max(loud - 32, quiet + 6 if loud - quiet > 18 else -200)
    spoken = np.flatnonzero(active)
    for before, after in itertools.pairwise(spoken):
        if after - before <= BRIDGED_FRAMES:
            active[before:after] = True
    return active


def cut_at_pauses(utterance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A stretch of at most LONGEST_SECONDS that begins and ends where the utterance is quiet."""
    longest = int(LONGEST_SECONDS * SAMPLE_RATE)
    if len(utterance) <= longest:
        return utterance
    frames = len(utterance) // LABEL_SHIFT
    level = np.mean(utterance[: frames * LABEL_SHIFT].reshape(frames, -1) ** 2, axis=1)
    reach = SAMPLE_RATE // LABEL_SHIFT // 2

    def quietest(frame: int) -> int:
        low = max(0, frame - reach)
        return (low + int(np.argmin(level[low : frame + reach]))) * LABEL_SHIFT

    wanted = int(rng.uniform(1.0, LONGEST_SECONDS - 1) * SAMPLE_RATE)
    start = int(rng.integers(len(utterance) - wanted))
    return utterance[quietest(start // LABEL_SHIFT) : quietest((start + wanted) // LABEL_SHIFT)]


def cut_short(utterance: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A loud stretch of so many samples with soft edges: what a backchannel ("yes", "mm") sounds like."""
    if len(utterance) > samples:
        starts = rng.integers(len(utterance) - samples, size=4)
        start = max(starts, key=lambda start: float(np.sum(utterance[start : start + samples] ** 2)))
        utterance = utterance[start : start + samples]
    fade = np.minimum(1, np.minimum(np.arange(len(utterance)), np.arange(len(utterance))[::-1]) / FADE_SAMPLES)
    return (utterance * fade).astype(np.float32)


@dataclass
class Voice:
    """One speaker's utterances in one session, played at one speed and with the formants moved by one factor."""

    speech: np.ndarray
    utterances: list[tuple[int, int]]
    fortieths: int = SPEED_STEPS
    formants: float = 1.0

    def draw(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """An utterance, a part of a long one, or a cut of so many samples, at a common level."""
        start, end = self.utterances[rng.integers(len(self.utterances))]
        utterance = self.speech[start:end].astype(np.float32) / 32768
        piece = cut_at_pauses(utterance, rng) if samples is None else cut_short(utterance, samples, rng)
        piece = change_speed(piece, self.fortieths)
        if self.formants != 1 and len(piece) >= WINDOW:
            piece = move_formants(piece, self.formants)
        return piece / (np.sqrt(np.mean(piece**2)) + 1e-6) * 0.06


class Voices:
    """The corpus' labelled training speakers, read when they first speak and kept as int16."""

    def __init__(self, corpus: Path, held_out: bool) -> None:
        rows = [row for row in training_rows(str(corpus)) if row["speaker"] is not None]
        kept_apart = held_out_speakers(rows)
        self.rows: dict[str, list[dict]] = {}
        for row in rows:
            if (row["speaker"] in kept_apart) == held_out:
                self.rows.setdefault(row["set"], []).append(row)
        self.corpus = corpus
        self.speech: dict[int, np.ndarray] = {}

    def draw(self, rng: np.random.Generator, count: int) -> list[Voice]:
        """Different speakers of one set, now and then of several."""
        sets = [name for name in SET_SHARES if name in self.rows]
        shares = np.array([SET_SHARES[name] for name in sets]) / sum(SET_SHARES[name] for name in sets)
        chosen: list[dict] = []
        name = rng.choice(sets, p=shares)
        mixed = rng.random() < MIXED_SHARE or len(self.rows[name]) < count
        while len(chosen) < count:
            rows = self.rows[rng.choice(sets, p=shares) if mixed else name]
            row = rows[rng.integers(len(rows))]
            if all(row["speaker"] != other["speaker"] for other in chosen):
                chosen.append(row)
        return [self.voice(row, rng) for row in chosen]

    def voice(self, row: dict, rng: np.random.Generator) -> Voice:
        if row["row"] not in self.speech:
            self.speech[row["row"]] = (read_mono(str(self.corpus / row["file"])) * 32767).astype(np.int16)
        sessions: dict[str, list[tuple[int, int]]] = {}
        for start, end, *session in row["utterances"]:
            sessions.setdefault(str(session), []).append((start, end))
        utterances = list(sessions.values())[rng.integers(len(sessions))]
        fortieths, formants = draw_variation(rng) if rng.random() < 0.5 else (SPEED_STEPS, 1.0)
        return Voice(self.speech[row["row"]], utterances, fortieths, formants if rng.random() < 0.5 else 1.0)


@dataclass
class Manner:
    """How these people talk."""

    breaks_in: float
    """Share of turns that begin before the other's end."""
    backchannels: float
    """Mean number of short words of others during a turn."""
    pause_seconds: float
    """Mean pause between turns."""
    pieces: float
    """Mean number of utterances a turn."""
    laughs: float
    """Share of turns that end in laughter, which is nobody's speech in the truth."""

    @staticmethod
    def draw(rng: np.random.Generator) -> Manner:
        kind = rng.random()
        if kind < 0.25:  # an interview or a lecture: long turns, hardly any overlap
            return Manner(0.05, 0.3, rng.uniform(0.2, 1.0), rng.uniform(2, 6), 0.02)
        if kind < 0.65:  # a conversation
            return Manner(rng.uniform(0.1, 0.5), rng.uniform(0, 1), rng.uniform(0.1, 0.6), rng.uniform(1, 2.5), 0.06)
        if kind < 0.93:  # a lively meeting
            return Manner(rng.uniform(0.4, 0.9), rng.uniform(0.5, 2), rng.uniform(0.05, 0.3), rng.uniform(1, 2), 0.1)
        return Manner(0.2, 0.2, rng.uniform(1, 4), 1.0, 0.03)  # few words, much silence


def converse(voices: list[Voice], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten seconds out of a talk: dry tracks (voices, 160000) float32 and activity (500, voices)."""
    tracks = np.zeros((len(voices), CHUNK_SAMPLES), np.float32)
    activity = np.zeros((CHUNK_FRAMES, len(voices)), bool)
    levels = rng.uniform(-4, 4, len(voices))
    manner = Manner.draw(rng)
    streams = 2 if len(voices) >= 4 and rng.random() < 0.15 else 1
    for stream in range(streams):
        members = np.arange(len(voices))[stream::streams]
        time, local = rng.uniform(-8, 2 if rng.random() < 0.3 else 0), int(rng.choice(members))
        while time < 10:
            began, time = time, say_turn(voices, members, local, time, manner, levels, tracks, activity, rng)
            if rng.random() < manner.breaks_in:
                time = max(time - rng.uniform(0.2, 2.5), began + 0.3)
            else:
                time += rng.exponential(manner.pause_seconds)
            others = members[members != local]
            if len(others):
                local = int(rng.choice(others))
    return tracks, activity


def say_turn(
    voices: list[Voice],
    members: np.ndarray,
    local: int,
    time: float,
    manner: Manner,
    levels: np.ndarray,
    tracks: np.ndarray,
    activity: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """One turn of the voice `local`, and what the others say meanwhile -> when it ends, in seconds."""
    began = time
    for _ in range(1 + rng.poisson(manner.pieces - 1)):
        piece = voices[local].draw(rng, int(SAMPLE_RATE * rng.uniform(0.3, 1.5)) if rng.random() < 0.15 else None)
        piece = piece * np.float32(10 ** ((levels[local] + rng.uniform(-3, 3)) / 20))
        time = lay(piece, time, tracks[local], activity[:, local])
        if time > 10:
            break
        time += rng.uniform(0.05, 0.4) if rng.random() < 0.9 else rng.uniform(0.5, 2)
    others = members[members != local]
    for _ in range(rng.poisson(manner.backchannels) if len(others) else 0):
        other = int(rng.choice(others))
        word = voices[other].draw(rng, int(SAMPLE_RATE * rng.uniform(0.2, 0.8)))
        word = word * np.float32(10 ** ((levels[other] + rng.uniform(-8, 0)) / 20))
        lay(word, rng.uniform(began, max(time, began + 0.1)), tracks[other], activity[:, other])
    if rng.random() < manner.laughs:
        voiced = voices[local].draw(rng, SAMPLE_RATE // 2)
        laugh = laughter(voiced, rng) * np.float32(0.06 * 10 ** (rng.uniform(-10, 0) / 20))
        time = lay(laugh, time, tracks[local], np.zeros(CHUNK_FRAMES, bool))
    return time


def lay(piece: np.ndarray, time: float, track: np.ndarray, active: np.ndarray) -> float:
    """Adds a piece at a time in seconds, which may lie before the start or after the end -> when it ends."""
    first = round(time * SAMPLE_RATE / LABEL_SHIFT) * LABEL_SHIFT
    end = first + len(piece)
    spoken = sounding(piece)
    cut = max(0, -first)
    piece, spoken = piece[cut:], spoken[cut // LABEL_SHIFT :]
    first = max(0, first)
    length = max(0, min(len(piece), len(track) - first))
    track[first : first + length] += piece[:length]
    frame = first // LABEL_SHIFT
    span = max(0, min(len(spoken), len(active) - frame))
    active[frame : frame + span] |= spoken[:span]
    return end / SAMPLE_RATE


def keep_three(tracks: np.ndarray, activity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The three voices that speak most in the window, filled up with silence; of the others nothing is heard."""
    most = np.sort(np.argsort(-activity.sum(0), kind="stable")[:VOICES])
    missing = VOICES - len(most)
    return np.pad(tracks[most], ((0, missing), (0, 0))), np.pad(activity[:, most], ((0, 0), (0, missing)))
