"""Makes ten-second conversations with their truth and the teacher's answer, to train the segmentation network on.

usage: mixtures.py CORPUS TEACHER.onnx OUT [--chunks 4000] [--seed 1] [--held-out]
TEACHER.onnx is what export_teacher.py writes. Voices are training speakers of the corpus only; every twelfth of them
speaks in the conversations of `--held-out` alone. Appends shards OUT/SEED-NNN.npz until there are enough chunks:
    features  (chunks, 80, 1000) float16, what the network's front end makes of the waveform
    activity  (chunks, 500, 3) uint8, who of at most three voices speaks in each 20-ms frame
    teacher   (chunks, 500, 7) float16, the teacher's probabilities, its voices in the order of the truth
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from network import CLASS_OF_MASK, CLASS_ORDERS
from pyannote import CLASSES, FRAME_SHIFT_SAMPLES, FRAME_SIZE_SAMPLES
from waveform import WaveFeatures

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from augment import Damage, read_mono  # noqa: E402
from frontend import SAMPLE_RATE  # noqa: E402
from voices import SPEED_STEPS, change_speed, draw_variation, training_rows  # noqa: E402

CHUNK_SAMPLES = 10 * SAMPLE_RATE
LABEL_SHIFT = 320
CHUNK_FRAMES = CHUNK_SAMPLES // LABEL_SHIFT
SHARD_CHUNKS = 200
VOICE_COUNTS, VOICE_SHARES = (1, 2, 3), (0.15, 0.55, 0.3)
SET_SHARES = {
    "speechocean762": 0.36, "wuw2": 0.27, "librispeech": 0.17, "gcompris": 0.08, "emodb": 0.04, "arabic_sc": 0.04,
    "aishell_sample": 0.02, "fsdd": 0.02,
}
MIXED_SHARE = 0.15
"""Conversations whose voices come from several sets; elsewhere nobody is known by the microphone."""
HELD_OUT_EVERY = 12
LONGEST_SECONDS = 7.0


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
    for before, after in zip(spoken, spoken[1:]):
        if after - before <= 15:
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

    wanted = int(rng.uniform(1.5, LONGEST_SECONDS - 1) * SAMPLE_RATE)
    start = int(rng.integers(len(utterance) - wanted))
    return utterance[quietest(start // LABEL_SHIFT) : quietest((start + wanted) // LABEL_SHIFT)]


@dataclass
class Voice:
    """One speaker's utterances in one session, played at one speed."""

    speech: np.ndarray
    utterances: list[tuple[int, int]]
    fortieths: int

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """An utterance, or a part of a long one, at a common level."""
        start, end = self.utterances[rng.integers(len(self.utterances))]
        piece = cut_at_pauses(self.speech[start:end].astype(np.float32) / 32768, rng)
        piece = change_speed(piece, self.fortieths)
        return piece / (np.sqrt(np.mean(piece**2)) + 1e-6) * 0.06


class Voices:
    """The corpus' labelled training speakers, read when they first speak and kept as int16."""

    def __init__(self, corpus: Path, held_out: bool) -> None:
        rows = [row for row in training_rows(str(corpus)) if row["speaker"] is not None]
        self.rows: dict[str, list[dict]] = {}
        for number, row in enumerate(rows):
            if (number % HELD_OUT_EVERY == 0) == held_out:
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
        fortieths = draw_variation(rng)[0] if rng.random() < 0.5 else SPEED_STEPS
        return Voice(self.speech[row["row"]], utterances, fortieths)


def next_turn(end: float, rng: np.random.Generator) -> float:
    """When somebody else begins, seconds: two in five break in, else after a pause of up to 1.2 s."""
    return end - rng.uniform(0.3, 2.5) if rng.random() < 0.4 else end + rng.uniform(0, 1.2)


def conversation(voices: list[Voice], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten seconds of talk: samples (160000,) and activity (500, 3)."""
    levels = rng.uniform(-4, 4, len(voices))
    mixed = np.zeros(CHUNK_SAMPLES, np.float32)
    activity = np.zeros((CHUNK_FRAMES, len(voices)), bool)
    time, local = rng.uniform(-5, 1), int(rng.integers(len(voices)))
    while time < 10:
        began = time
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            piece = voices[local].draw(rng) * np.float32(10 ** ((levels[local] + rng.uniform(-3, 3)) / 20))
            time = lay(piece, time, mixed, activity[:, local]) + rng.uniform(0.05, 0.5)
        time = max(next_turn(time, rng), began + 0.3)
        if len(voices) > 1:
            local = int((local + rng.integers(1, len(voices))) % len(voices))
    return mixed, np.pad(activity, ((0, 0), (0, 3 - len(voices)))).astype(np.uint8)


def lay(piece: np.ndarray, time: float, mixed: np.ndarray, active: np.ndarray) -> float:
    """Adds a piece at a time in seconds, which may lie before the start -> when it ends."""
    first = round(time * SAMPLE_RATE / LABEL_SHIFT) * LABEL_SHIFT
    end = first + len(piece)
    spoken = sounding(piece)
    cut = max(0, -first)
    piece, spoken = piece[cut:], spoken[cut // LABEL_SHIFT :]
    first = max(0, first)
    length = max(0, min(len(piece), len(mixed) - first))
    mixed[first : first + length] += piece[:length]
    frame = first // LABEL_SHIFT
    span = max(0, min(len(spoken), len(active) - frame))
    active[frame : frame + span] |= spoken[:span]
    return end / SAMPLE_RATE


def spoil(samples: np.ndarray, activity: np.ndarray, damage: Damage, rng: np.random.Generator) -> np.ndarray:
    """Rooms, noise, channels for most; digital silence after the end of a recording for a few."""
    if rng.random() < 0.6:
        samples = damage(samples)
    elif rng.random() < 0.5:
        samples = samples + rng.standard_normal(len(samples)) * 10 ** rng.uniform(-4.5, -3)
    if rng.random() < 0.07:
        end = int(rng.uniform(0.2, 0.95) * CHUNK_FRAMES)
        samples = samples.copy()
        samples[end * LABEL_SHIFT :] = 0
        activity[end:] = 0
    gain = 10 ** rng.uniform(-1, 0) / (np.abs(samples).max() + 1e-4)
    return (samples * gain).astype(np.float32)


class Teacher:
    """The published network: samples (160000,) -> probabilities (500, 7), the frame nearest to each of 20 ms."""

    def __init__(self, path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        middles = (np.arange(CHUNK_FRAMES) + 0.5) * LABEL_SHIFT
        self.rows = np.round((middles - FRAME_SIZE_SAMPLES / 2) / FRAME_SHIFT_SAMPLES).astype(int)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        answer = np.exp(self.session.run(None, {"x": samples[None, None]})[0][0])
        return answer[np.clip(self.rows, 0, len(answer) - 1)]


def in_order_of(activity: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """The teacher's answer with its voices in the order that agrees best with the truth."""
    truth = CLASS_OF_MASK.numpy()[activity.astype(int) @ [1, 2, 4]]
    orders = [answer[:, order] for order in CLASS_ORDERS.numpy()]
    return max(orders, key=lambda one: float(np.take_along_axis(one, truth[:, None], 1).sum()))


def make_shard(voices: Voices, damage: Damage, teacher: Teacher, rng: np.random.Generator) -> dict[str, np.ndarray]:
    front = WaveFeatures()
    features = np.empty((SHARD_CHUNKS, 80, CHUNK_SAMPLES // 160), np.float16)
    activities = np.empty((SHARD_CHUNKS, CHUNK_FRAMES, 3), np.uint8)
    answers = np.empty((SHARD_CHUNKS, CHUNK_FRAMES, CLASSES), np.float16)
    for chunk in range(SHARD_CHUNKS):
        count = int(rng.choice(VOICE_COUNTS, p=VOICE_SHARES))
        samples, activity = conversation(voices.draw(rng, count), rng)
        damage.remember(samples)
        samples = spoil(samples, activity, damage, rng)
        features[chunk] = front(torch.from_numpy(samples)[None, None])[0].numpy()
        activities[chunk] = activity
        answers[chunk] = in_order_of(activity, teacher(samples))
    return {"features": features, "activity": activities, "teacher": answers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("teacher")
    parser.add_argument("out", type=Path)
    parser.add_argument("--chunks", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    damage = Damage(str(arguments.corpus), arguments.seed, telephone_share=0.25)
    voices, teacher = Voices(arguments.corpus, arguments.held_out), Teacher(arguments.teacher)
    name = "held-out" if arguments.held_out else str(arguments.seed)
    for shard in range(-(-arguments.chunks // SHARD_CHUNKS)):
        path = arguments.out / f"{name}-{shard:03d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng([arguments.seed, shard])
        made = make_shard(voices, damage, teacher, rng)
        unfinished = path.with_suffix(".part")
        with open(unfinished, "wb") as file:
            np.savez(file, **made)
        unfinished.rename(path)
        print(f"{path.name}: {SHARD_CHUNKS} conversations", flush=True)


if __name__ == "__main__":
    main()
