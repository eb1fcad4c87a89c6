"""Makes ten-second recordings of conversations with their truth and the teacher's answer, to train on.

usage: python -m voice_prints_training.segmentation.mixtures CORPUS TEACHER.onnx ROOMS.npz OUT
       [--chunks 4000] [--seed 1] [--held-out]
TEACHER.onnx is what export_teacher.py writes, ROOMS.npz what rooms.py writes. Voices are training speakers of the
corpus only; every twelfth of them speaks in the recordings of `--held-out` alone. Appends shards OUT/SEED-NNN.npz
until there are enough chunks:
    features  (chunks, 80, 1000) float16, what the network's front end makes of the waveform
    activity  (chunks, 500, 3) uint8, who of at most three voices speaks in each 20-ms frame
    teacher   (chunks, 500, 7) float16, the teacher's probabilities, its voices in the order of the truth
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from voice_prints_training.segmentation.network import CLASS_OF_MASK, CLASS_ORDERS
from voice_prints_training.segmentation.pyannote import CLASSES, FRAME_SHIFT_SAMPLES, FRAME_SIZE_SAMPLES
from voice_prints_training.segmentation.scenes import Scenes
from voice_prints_training.segmentation.talk import (
    CHUNK_FRAMES,
    CHUNK_SAMPLES,
    LABEL_SHIFT,
    VOICES,
    Voices,
    converse,
    keep_three,
)
from voice_prints_training.segmentation.waveform import WaveFeatures

SHARD_CHUNKS = 100
VOICE_COUNTS, VOICE_SHARES = (0, 1, 2, 3, 4, 5, 6), (0.03, 0.14, 0.36, 0.23, 0.12, 0.07, 0.05)
ENDS_SHARE = 0.07
"""Conversations after whose end nothing but digital silence follows, as where a recording ends within a window."""


def mixture(voices: Voices, scenes: Scenes, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten seconds of a life-like recording: samples (160000,) and activity (500, 3) zeros and ones."""
    people = int(rng.choice(VOICE_COUNTS, p=VOICE_SHARES))
    if people:
        tracks, activity = keep_three(*converse(voices.draw(rng, people), rng))
    else:
        tracks, activity = np.zeros((VOICES, CHUNK_SAMPLES), np.float32), np.zeros((CHUNK_FRAMES, VOICES), bool)
    samples = scenes(tracks, rng)
    if rng.random() < ENDS_SHARE:
        end = int(rng.uniform(0.2, 0.95) * CHUNK_FRAMES)
        samples[end * LABEL_SHIFT :] = 0
        activity[end:] = False
    return samples, activity.astype(np.uint8)


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


def make_shard(voices: Voices, scenes: Scenes, teacher: Teacher, rng: np.random.Generator) -> dict[str, np.ndarray]:
    front = WaveFeatures()
    features = np.empty((SHARD_CHUNKS, 80, CHUNK_SAMPLES // 160), np.float16)
    activities = np.empty((SHARD_CHUNKS, CHUNK_FRAMES, VOICES), np.uint8)
    answers = np.empty((SHARD_CHUNKS, CHUNK_FRAMES, CLASSES), np.float16)
    for chunk in range(SHARD_CHUNKS):
        samples, activity = mixture(voices, scenes, rng)
        features[chunk] = front(torch.from_numpy(samples)[None, None])[0].numpy()
        activities[chunk] = activity
        answers[chunk] = in_order_of(activity, teacher(samples))
    return {"features": features, "activity": activities, "teacher": answers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("teacher")
    parser.add_argument("rooms", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--chunks", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    voices, teacher = Voices(arguments.corpus, arguments.held_out), Teacher(arguments.teacher)
    scenes = Scenes(arguments.corpus, arguments.rooms, arguments.held_out)
    name = "held-out" if arguments.held_out else str(arguments.seed)
    for shard in range(-(-arguments.chunks // SHARD_CHUNKS)):
        path = arguments.out / f"{name}-{shard:03d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng([arguments.seed, shard])
        made = make_shard(voices, scenes, teacher, rng)
        unfinished = path.with_suffix(".part")
        with open(unfinished, "wb") as file:
            np.savez(file, **made)  # type: ignore[arg-type]
        unfinished.rename(path)
        print(f"{path.name}: {SHARD_CHUNKS} conversations", flush=True)


if __name__ == "__main__":
    main()
