"""Makes ten-second conversations with their truth, to train the segmentation network on.

usage: mixtures.py CORPUS OUT [--chunks 6000] [--seed 1]
Voices are training speakers of the corpus only. Appends shards OUT/SEED-NNN.npz until there are enough chunks:
    features  (chunks, 1000, 80) float16, log-mel of the student's front end, mean not subtracted
    activity  (chunks, 500, 3) uint8, who of at most three voices speaks in each 20-ms frame, by first appearance
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from augment import Damage, read_mono  # noqa: E402
from frontend import SAMPLE_RATE, student_log_mel  # noqa: E402
from voices import training_rows  # noqa: E402

CHUNK_SAMPLES = 10 * SAMPLE_RATE
LABEL_SHIFT = 320
SHARD_CHUNKS = 200
VOICE_COUNTS, VOICE_SHARES = (1, 2, 3), (0.2, 0.5, 0.3)


@dataclass
class Voice:
    """One speaker's utterances in one session, mono at 16 kHz."""

    speech: np.ndarray
    utterances: list[tuple[int, int]]

    def draw(self, rng: np.random.Generator, seconds: float) -> np.ndarray:
        """A stretch of one utterance, at most `seconds` long, at a common level."""
        start, end = self.utterances[rng.integers(len(self.utterances))]
        wanted = min(end - start, int(seconds * SAMPLE_RATE))
        begin = start + int(rng.integers(end - start - wanted + 1))
        piece = self.speech[begin : begin + wanted].astype(np.float32) / 32768
        return piece / (np.sqrt(np.mean(piece**2)) + 1e-6) * 0.06


def read_voices(corpus: Path, rng: np.random.Generator, wanted: int) -> list[Voice]:
    """A random choice of labelled training speakers, one session each, held as int16."""
    rows = [row for row in training_rows(str(corpus)) if row["speaker"] is not None]
    voices = []
    for index in rng.permutation(len(rows))[:wanted]:
        row = rows[index]
        sessions: dict[str, list[tuple[int, int]]] = {}
        for start, end, *session in row["utterances"]:
            if end - start > SAMPLE_RATE // 3:
                sessions.setdefault(str(session), []).append((start, end))
        if not sessions:
            continue
        samples = read_mono(str(corpus / row["file"]))
        chosen = list(sessions.values())[rng.integers(len(sessions))]
        voices.append(Voice((samples * 32767).astype(np.int16), chosen))
    return voices


def sounding(piece: np.ndarray) -> np.ndarray:
    """Which 20-ms frames of a clean utterance hold sound: within 32 dB of its loud frames; pauses under .2 s count."""
    frames = len(piece) // LABEL_SHIFT
    level = 10 * np.log10(np.mean(piece[: frames * LABEL_SHIFT].reshape(frames, -1) ** 2, axis=1) + 1e-12)
    active = level > np.percentile(level, 95) - 32 if frames else np.zeros(0, bool)
    spoken = np.flatnonzero(active)
    for before, after in zip(spoken, spoken[1:]):
        if after - before <= 10:
            active[before:after] = True
    return active


def next_start(end: float, rng: np.random.Generator) -> float:
    """When the next turn starts, seconds: one in three overlaps the last, else a pause of up to 1.2 s."""
    return end - rng.uniform(0.2, 1.5) if rng.random() < 0.33 else end + rng.uniform(0, 1.2)


def conversation(voices: list[Voice], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten seconds of talk: samples (160000,) and activity (500, 3)."""
    chosen = rng.choice(len(voices), rng.choice(VOICE_COUNTS, p=VOICE_SHARES), replace=False)
    levels = rng.uniform(-5, 5, len(chosen))
    mixed = np.zeros(CHUNK_SAMPLES, np.float32)
    activity = np.zeros((CHUNK_SAMPLES // LABEL_SHIFT, 3), bool)
    time, local = rng.uniform(-2, 1), int(rng.integers(len(chosen)))
    while time < 10:
        piece = voices[chosen[local]].draw(rng, rng.choice([0.7, 1.5, 3, 6]))
        first = int(time * SAMPLE_RATE / LABEL_SHIFT) * LABEL_SHIFT
        spoken = sounding(piece)
        cut = max(0, -first)
        piece, spoken, first = piece[cut:], spoken[cut // LABEL_SHIFT :], max(0, first)
        length = min(len(piece), CHUNK_SAMPLES - first)
        mixed[first : first + length] += piece[:length] * np.float32(10 ** (levels[local] / 20))
        frame = first // LABEL_SHIFT
        span = min(len(spoken), len(activity) - frame)
        activity[frame : frame + span, local] |= spoken[:span]
        time = next_start(max((first + length) / SAMPLE_RATE, time + 0.3), rng)
        if len(chosen) > 1 and rng.random() < 0.75:
            local = int((local + rng.integers(1, len(chosen))) % len(chosen))
    return mixed, activity.astype(np.uint8)


def make_shard(voices: list[Voice], damage: Damage, rng: np.random.Generator) -> dict[str, np.ndarray]:
    features, activities = [], []
    for _ in range(SHARD_CHUNKS):
        samples, activity = conversation(voices, rng)
        damage.remember(samples)
        if rng.random() < 0.7:
            samples = damage(samples)
        gain = 0.5 / (np.abs(samples).max() + 1e-4)
        features.append(student_log_mel(torch.from_numpy(samples * np.float32(gain))[None])[0].half().numpy())
        activities.append(activity)
    return {"features": np.stack(features), "activity": np.stack(activities)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--chunks", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    damage = Damage(str(arguments.corpus), arguments.seed, telephone_share=0.25)
    for shard in range(-(-arguments.chunks // SHARD_CHUNKS)):
        path = arguments.out / f"{arguments.seed}-{shard:03d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng([arguments.seed, shard])
        np.savez(path, **make_shard(read_voices(arguments.corpus, rng, 60), damage, rng))
        print(f"{path.name}: {SHARD_CHUNKS} conversations", flush=True)


if __name__ == "__main__":
    main()
