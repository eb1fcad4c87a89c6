"""One pass over the corpus: chunks of speech and what the teacher says of them.

usage: python -m voice_prints_training.speaker.prepare CORPUS WORK --name a
       [--variation 0] [--teach-every 1] [--part 0 --parts 2]
Speech of one voice and session is joined and cut into chunks of 4 s; each
chunk is written as log-mel, clean and damaged, beside what the teacher says of the clean chunk. A pass is split
over `parts` processes; shards appear in WORK/shards as they are filled, and a repeated call goes on after the last.

A shard is NAME.npz (targets, hints, labels) and NAME.clean.npy, NAME.damaged.npy:
    clean, damaged   (chunks, 400, 80) float16, log-mel, mean not subtracted
    target           (chunks, 192) float16, the teacher's embedding at unit length; zeros where it was not asked
    hint             (asked chunks, 200, HINTS) float16, the teacher's frame features in the hint basis
    hint_row         (chunks,) the chunk's row in `hint`, or -1
    voice            (chunks,) class number (voices.py), -1 where unlabelled
    group            (chunks,) names "row/session/variation": chunks of one voice in one session
    set              (chunks,) the corpus set
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from voice_prints_training.augment import Damage, read_mono
from voice_prints_training.frontend import student_log_mel
from voice_prints_training.speaker.teacher import Teacher
from voice_prints_training.voices import VoiceNumbers, draw_variation, training_rows, vary

CHUNK = 64000
SHORTEST = 16000
SHARD_CHUNKS = 256
TEACHER_BATCH = 16
HINTS = 64


def sessions(row: dict, samples: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The joined speech of each session of a labelled row, each utterance of an unlabelled one."""
    if row["speaker"] is None:
        for start, end, *_ in row["utterances"]:
            yield f"utterance {start}", samples[start:end]
        return
    joined: dict[str, list[np.ndarray]] = {}
    for start, end, *session in row["utterances"]:
        joined.setdefault(session[0] if session else "", []).append(samples[start:end])
    for session, parts in joined.items():
        yield session, np.concatenate(parts)


def cut(samples: np.ndarray, offset: int = 0) -> Iterator[np.ndarray]:
    """Chunks of 4 s from `offset` on, at half of full scale; short speech is repeated, a long rest is kept."""
    if len(samples) < SHORTEST:
        return
    samples = samples[offset:] if len(samples) >= CHUNK + offset else samples
    if len(samples) < CHUNK:
        samples = np.tile(samples, CHUNK // len(samples) + 1)[:CHUNK]
    starts = list(range(0, len(samples) - CHUNK + 1, CHUNK))
    if len(samples) - CHUNK - starts[-1] > CHUNK // 3:
        starts.append(len(samples) - CHUNK)
    for start in starts:
        chunk = samples[start : start + CHUNK]
        yield (chunk * (0.5 / (np.abs(chunk).max() + 1e-4))).astype(np.float32)


def hint_basis(frames: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(chunks, 512, frames) -> mean (512,) and the HINTS strongest directions (512, HINTS), of unit mean variance."""
    flat = frames.transpose(1, 2).reshape(-1, frames.shape[1]).double()
    mean = flat.mean(0)
    _, values, vectors = torch.linalg.svd(flat - mean, full_matrices=False)
    kept = values[:HINTS].square()
    print(f"hints keep {float(kept.sum() / values.square().sum()):.3f} of the variance", flush=True)
    scale = (kept.mean() / len(flat)).sqrt()
    return mean.float().numpy(), (vectors[:HINTS].T / scale).float().numpy()


def fit_hint_basis(path: str, rows: list[dict], corpus: str, teacher: Teacher) -> None:
    """Fit the basis once, on 96 chunks of all kinds, and keep it: all passes must agree on it."""
    rng = np.random.default_rng(5)
    chunks = []
    for index in rng.permutation(len(rows))[:96]:
        samples = read_mono(os.path.join(corpus, rows[index]["file"]))
        for _, speech in sessions(rows[index], samples):
            found = list(cut(speech))
            if found:
                chunks.append(found[rng.integers(len(found))])
                break
    frames = [teacher(torch.from_numpy(np.stack(chunks[i : i + 16])), align=True)[1] for i in range(0, len(chunks), 16)]
    mean, directions = hint_basis(torch.cat(frames))
    temporary = f"{path}.{os.getpid()}.npz"
    np.savez(temporary, mean=mean, directions=directions)
    os.replace(temporary, path)


class ShardWriter:
    """Collects chunks and writes a shard whenever SHARD_CHUNKS are together."""

    def __init__(self, prefix: str, teacher: Teacher, basis: Mapping[str, np.ndarray]) -> None:
        self.prefix = prefix
        self.teacher = teacher
        self.mean = torch.from_numpy(basis["mean"])[None, :, None]
        self.directions = torch.from_numpy(basis["directions"])
        self.number = 0
        self.empty()

    def empty(self) -> None:
        self.clean: list[np.ndarray] = []
        self.damaged: list[np.ndarray] = []
        self.asked: list[bool] = []
        self.labels: list[tuple[int, str, str]] = []

    def path(self, number: int) -> str:
        return f"{self.prefix}_{number:04d}.npz"

    def add(self, clean: np.ndarray, damaged: np.ndarray, ask: bool, voice: int, group: str, set_name: str) -> None:
        self.clean.append(clean)
        self.damaged.append(damaged)
        self.asked.append(ask)
        self.labels.append((voice, group, set_name))
        if len(self.clean) == SHARD_CHUNKS:
            self.write()

    def write(self) -> None:
        if not self.clean:
            return
        clean = torch.from_numpy(np.stack(self.clean))
        damaged = torch.from_numpy(np.stack(self.damaged))
        asked = np.flatnonzero(self.asked)
        target = np.zeros((len(clean), 192), np.float16)
        hint_row = np.full(len(clean), -1, np.int32)
        hint = np.zeros((len(asked), 200, self.directions.shape[1]), np.float16)
        for start in range(0, len(asked), TEACHER_BATCH):
            rows = asked[start : start + TEACHER_BATCH]
            embedding, frames = self.teacher(clean[rows], align=True)
            target[rows] = torch.nn.functional.normalize(embedding).numpy()
            projected = (frames[:, :, :200] - self.mean).transpose(1, 2) @ self.directions
            hint[start : start + len(rows)] = projected.numpy()
            hint_row[rows] = np.arange(start, start + len(rows))
        path = self.path(self.number)
        for name, samples in (("clean", clean), ("damaged", damaged)):
            features = torch.cat([student_log_mel(samples[i : i + 16]) for i in range(0, len(samples), 16)])
            np.save(path.replace(".npz", f".{name}.npy"), features.half().numpy())
        voices, groups, sets = zip(*self.labels)
        np.savez(
            path + ".part.npz",
            target=target,
            hint=hint,
            hint_row=hint_row,
            voice=np.array(voices),
            group=np.array(groups),
            set=np.array(sets),
        )
        os.replace(path + ".part.npz", path)
        self.number += 1
        self.empty()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("work")
    parser.add_argument("--name", required=True, help="of the pass; part of the shards' names and the random seed")
    parser.add_argument(
        "--variation",
        type=int,
        default=0,
        help="0: voices as recorded; 1 to 7: every recording another voice (voices.py)",
    )
    parser.add_argument(
        "--teach-every", type=int, default=1, help="ask the teacher about every n-th chunk of a labelled session"
    )
    parser.add_argument("--offset", type=float, default=0, help="seconds skipped before the first chunk")
    parser.add_argument(
        "--telephone", type=float, default=0.35, help="share of damaged chunks sent through a telephone"
    )
    parser.add_argument(
        "--rooms", help="simulated rooms (segmentation.rooms) for damaged chunks, and levels from -60 dB on"
    )
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = os.path.join(options.work, "shards")
    os.makedirs(folder, exist_ok=True)
    rows = training_rows(options.corpus)
    numbers = VoiceNumbers(rows)
    teacher = Teacher()
    basis_path = os.path.join(options.work, "hint_basis.npz")
    if not os.path.exists(basis_path):
        fit_hint_basis(basis_path, rows, options.corpus, teacher)
    seed = [sum(map(ord, options.name)), len(options.name)]
    order = np.random.default_rng(seed).permutation(len(rows))
    damage = Damage(options.corpus, [*seed, options.part], options.telephone, options.rooms)
    writer = ShardWriter(os.path.join(folder, f"{options.name}{options.part}"), teacher, np.load(basis_path))
    finished = 0
    while os.path.exists(writer.path(finished)):
        finished += 1
    skip = finished * SHARD_CHUNKS
    writer.number = finished
    began = time.time()
    chunks = 0
    for place in range(options.part, len(order), options.parts):
        row = rows[order[place]]
        variation = draw_variation(np.random.default_rng([*seed, row["row"]]))
        samples = read_mono(os.path.join(options.corpus, row["file"]))
        voice = numbers.number(row["speaker"], options.variation)
        for session, speech in sessions(row, samples):
            group = f"{row['row']}/{session}/{options.variation}"
            if options.variation and len(speech) >= SHORTEST:
                speech = vary(speech, *variation)
            for position, chunk in enumerate(cut(speech, int(options.offset * 16000))):
                chunks += 1
                if chunks <= skip:
                    continue
                ask = voice < 0 or position % options.teach_every == 0
                writer.add(chunk, damage(chunk), ask, voice, group, row["set"])
                damage.remember(chunk)
        if place % 50 < options.parts:
            print(
                f"{place}/{len(order)} recordings, {chunks * 4 / 3600:.2f} h in {time.time() - began:.0f} s", flush=True
            )
    writer.write()
    print(f"done: {chunks} chunks in {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
