"""What a network knows of voices that the run did not hear: to choose networks without the development speakers.

usage: python -m voice_prints_training.speaker.held_out CORPUS WORK MODEL...
Reads the chunks of the speakers held out (train --hold-out) as recorded, from a pass of variation 0. Prints for each
set of the corpus, by clean and by damaged chunks of 4 s and their first 2 s: the mean cosine to the teacher's embedding
of the whole clean chunk, and the equal error rate over pairs of chunks, of different sessions where speakers have
several. A damaged chunk is compared with other clean ones.
"""

from __future__ import annotations

import argparse
import glob
import os

import numpy as np
import torch
from torch import Tensor

from voice_prints_training.frontend import subtract_mean
from voice_prints_training.speaker.evaluate import equal_error_rate
from voice_prints_training.speaker.export import load_student
from voice_prints_training.speaker.student import Student
from voice_prints_training.voices import VARIATIONS, VoiceNumbers, held_out_speakers, training_rows

SETS = {"speechocean762": 400, "librispeech": 400, "wuw2": 400, "gcompris": 400, "commands": 400}
"""Which are looked at, and the chunks of each at most."""
LENGTHS = (400, 200)
BATCH = 32
Chunks = dict[str, np.ndarray]


def read_chunks(corpus: str, work: str) -> Chunks:
    """Of voices held out, as recorded -> clean, damaged (n, 400, 80), target (n, 192), voice, group, set (n,)."""
    rows = training_rows(corpus)
    voices = [number for number in VoiceNumbers(rows).of(held_out_speakers(rows)) if number % VARIATIONS == 0]
    parts: dict[str, list[np.ndarray]] = {}
    for path in sorted(glob.glob(os.path.join(work, "shards", "*.npz"))):
        if path.endswith(".part.npz"):
            continue
        table = np.load(path)
        chosen = np.flatnonzero(np.isin(table["voice"], voices) & np.isin(table["set"], list(SETS)))
        if len(chosen) == 0:
            continue
        for name in ("target", "voice", "group", "set"):
            parts.setdefault(name, []).append(table[name][chosen])
        for name in ("clean", "damaged"):
            features = np.load(path.replace(".npz", f".{name}.npy"), mmap_mode="r")
            parts.setdefault(name, []).append(features[chosen])
    chunks = {name: np.concatenate(values) for name, values in parts.items()}
    kept: list[int] = []
    for name, most in SETS.items():
        found = np.flatnonzero(chunks["set"] == name)
        kept.extend(found[np.linspace(0, len(found) - 1, min(most, len(found))).astype(int)] if len(found) else [])
    return {name: values[kept] for name, values in chunks.items()}


@torch.no_grad()
def embed(network: Student, features: np.ndarray, frames: int) -> np.ndarray:
    """(n, 400, 80) -> unit vectors (n, 192) of the first `frames`."""
    vectors = []
    for start in range(0, len(features), BATCH):
        part: Tensor = torch.from_numpy(features[start : start + BATCH, :frames].astype(np.float32))
        vectors.append(torch.nn.functional.normalize(network(subtract_mean(part))).numpy())
    return np.concatenate(vectors)


def pair_rate(probes: np.ndarray, clean: np.ndarray, voice: np.ndarray, group: np.ndarray) -> float:
    """Equal error rate of every probe against every other clean chunk."""
    scores = probes @ clean.T
    other = ~np.eye(len(voice), dtype=bool)
    same = voice[:, None] == voice[None]
    apart = group[:, None] != group[None]
    several = (same & apart).any()
    wanted = same & other & (apart if several else True)
    return equal_error_rate(scores[wanted], scores[~same])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("work")
    parser.add_argument("model", nargs="+", help="checkpoints or exported models")
    options = parser.parse_args()
    torch.set_num_threads(1)
    chunks = read_chunks(options.corpus, options.work)
    asked = np.linalg.norm(chunks["target"].astype(np.float32), axis=1) > 0.5
    for model in options.model:
        network = load_student(model).eval()
        whole = embed(network, chunks["clean"], LENGTHS[0])
        parts = []
        for name in ("clean", "damaged"):
            for frames in LENGTHS:
                vectors = embed(network, chunks[name], frames)
                likeness = (vectors * chunks["target"]).sum(1)
                found = []
                for group in SETS:
                    own = chunks["set"] == group
                    if own.sum() == 0:
                        continue
                    rate = pair_rate(vectors[own], whole[own], chunks["voice"][own], chunks["group"][own])
                    found.append(f"{group} {likeness[own & asked].mean():.3f} {100 * rate:.2f} %")
                parts.append(f"  {name} {frames / 100:g} s: {likeness[asked].mean():.3f}; {', '.join(found)}")
        print(f"{model}, {len(asked)} chunks: cosine to the teacher, equal error rate", *parts, sep="\n", flush=True)


if __name__ == "__main__":
    main()
