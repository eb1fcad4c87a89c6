"""Equal error rate, minDCF and minCllr over all pairs of rows.

usage: python -m voice_prints_training.speaker.evaluate MODEL MANIFEST... [--seconds 2] [--draws 100]
MODEL is a checkpoint of train.py, an ONNX file of ours (run in ONNX Runtime, as users run it) or the word `teacher`.
A manifest has a row a recording: file (relative to the manifest), speaker and, where it is a part, start and end in
seconds. Rows shorter than .75 s are left out. With --seconds only the middle of each row is heard. After the ± is the
standard deviation of the equal error rate over draws of half of the speakers, which is about that of the figure itself.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from voice_prints_training.augment import read_mono
from voice_prints_training.frontend import student_log_mel, subtract_mean, teacher_log_mel

Embedder = Callable[[Tensor], np.ndarray]
"""Samples (1, n) at 16 kHz -> embedding (192,)."""

SHORTEST = 12000
TARGET_PRIOR = 0.01


def equal_error_rate(same: np.ndarray, different: np.ndarray) -> float:
    """Scores of same-speaker and different-speaker pairs -> the rate (0 to 1) at which misses equal false accepts."""
    misses, accepts = error_curves(same, different)
    nearest = np.argmin(np.abs(misses - accepts))
    return float((misses[nearest] + accepts[nearest]) / 2)


def error_curves(same: np.ndarray, different: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At a threshold just below each score, ascending, and above all: share of misses and of false accepts."""
    same, different = np.sort(same), np.sort(different)
    thresholds = np.concatenate([np.unique(np.concatenate([same, different])), [np.inf]])
    misses = np.searchsorted(same, thresholds) / len(same)
    accepts = 1 - np.searchsorted(different, thresholds) / len(different)
    return misses, accepts


def min_detection_cost(same: np.ndarray, different: np.ndarray, prior: float = TARGET_PRIOR) -> float:
    """The lowest normalized cost over thresholds, misses and false accepts costing one each."""
    misses, accepts = error_curves(same, different)
    costs = prior * misses + (1 - prior) * accepts
    return float(costs.min() / min(prior, 1 - prior))


def cllr(same: np.ndarray, different: np.ndarray) -> float:
    """The cost of log-likelihood ratios (natural logarithm), in bits: 0 is perfect, 1 says nothing."""
    return float((np.logaddexp(0, -same).mean() + np.logaddexp(0, different).mean()) / (2 * np.log(2)))


def isotonic(values: Iterable[float], weights: Iterable[float]) -> np.ndarray:
    """The non-decreasing sequence nearest to `values` (pool adjacent violators)."""
    blocks = []
    for value, weight in zip(values, weights):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            value2, weight2, count2 = blocks.pop()
            value1, weight1, count1 = blocks.pop()
            total = weight1 + weight2
            blocks.append([(value1 * weight1 + value2 * weight2) / total, total, count1 + count2])
    return np.concatenate([np.full(count, value) for value, _, count in blocks])


def min_cllr(same: np.ndarray, different: np.ndarray) -> float:
    """Cllr after the best monotonic map from scores to ratios."""
    scores = np.concatenate([same, different])
    labels = np.concatenate([np.ones(len(same)), np.zeros(len(different))])
    _values, place = np.unique(scores, return_inverse=True)
    hits = np.bincount(place, labels)
    counts = np.bincount(place)
    weight_same, weight_different = 0.5 / len(same), 0.5 / len(different)
    weights = hits * weight_same + (counts - hits) * weight_different
    chance = isotonic(hits * weight_same / weights, weights)
    with np.errstate(divide="ignore"):
        ratios = np.log(chance) - np.log1p(-chance)
    ratios = np.clip(ratios, -60, 60)[place]
    return cllr(ratios[labels == 1], ratios[labels == 0])


def read_rows(manifest: str) -> Iterator[tuple[str, np.ndarray]]:
    """-> (speaker, samples) of each row"""
    files = {}
    folder = os.path.dirname(os.path.abspath(manifest))
    with open(manifest, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["file"] not in files:
                files[row["file"]] = read_mono(os.path.join(folder, row["file"]))
            samples = files[row["file"]]
            end = int(row["end"] * 16000) if "end" in row else len(samples)
            yield row["speaker"], samples[int(row.get("start", 0) * 16000) : end]


def middle(samples: np.ndarray, seconds: float) -> np.ndarray:
    """The middle of the samples, or all where they are shorter."""
    length = int(16000 * seconds)
    start = max(0, (len(samples) - length) // 2)
    return samples[start : start + length]


def make_embedder(model: str) -> Embedder:
    """-> a function from (1, samples) to (192,) numpy"""
    if model == "teacher":
        from voice_prints_training.speaker.teacher import load_teacher

        network = load_teacher()
        log_mel = teacher_log_mel
    elif model.endswith(".onnx"):
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        return lambda samples: session.run(None, {"x": subtract_mean(student_log_mel(samples)).numpy()})[0][0]
    else:
        from voice_prints_training.speaker.export import load_student

        network = load_student(model)
        log_mel = student_log_mel

    def embed(samples: Tensor) -> np.ndarray:
        with torch.no_grad():
            return network(subtract_mean(log_mel(samples)))[0].numpy()

    return embed


def embed_rows(embed: Embedder, manifest: str, seconds: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """-> unit vectors (n, 192) and speakers (n,)"""
    vectors, speakers = [], []
    for speaker, samples in read_rows(manifest):
        if len(samples) < SHORTEST:
            continue
        if seconds:
            samples = middle(samples, seconds)
        vector = embed(torch.from_numpy(samples)[None])
        vectors.append(vector / np.linalg.norm(vector))
        speakers.append(speaker)
    return np.array(vectors), np.array(speakers)


def pair_scores(unit: np.ndarray, speakers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of all pairs -> same speaker, different speakers."""
    first, second = np.triu_indices(len(speakers), 1)
    scores = (unit @ unit.T)[first, second]
    same = speakers[first] == speakers[second]
    return scores[same], scores[~same]


def spread(unit: np.ndarray, speakers: np.ndarray, draws: int, seed: int = 1) -> float:
    """Standard deviation of the equal error rate over draws of half of the speakers."""
    rng = np.random.default_rng(seed)
    people = np.unique(speakers)
    rates = []
    for _ in range(draws):
        drawn = np.isin(speakers, rng.choice(people, len(people) // 2, replace=False))
        same, different = pair_scores(unit[drawn], speakers[drawn])
        if len(same) > 0:
            rates.append(equal_error_rate(same, different))
    return float(np.std(rates))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("manifest", nargs="+")
    parser.add_argument("--seconds", type=float, nargs="*", default=[0, 2], help="0: the whole row")
    parser.add_argument("--draws", type=int, default=100, help="of half of the speakers, for the spread")
    parser.add_argument("--short", action="store_true", help="equal error rates only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    embed = make_embedder(options.model)
    for manifest in options.manifest:
        name = os.path.splitext(os.path.basename(manifest))[0]
        for seconds in options.seconds:
            unit, speakers = embed_rows(embed, manifest, seconds)
            same, different = pair_scores(unit, speakers)
            part = f"{seconds:g} s" if seconds else "whole"
            line = f"{name} {part}: EER {100 * equal_error_rate(same, different):.2f}"
            line += f" ± {100 * spread(unit, speakers, options.draws):.2f} %"
            if not options.short:
                line += (
                    f", minDCF(.01) {min_detection_cost(same, different):.3f}, minCllr {min_cllr(same, different):.3f}"
                )
            print(line, flush=True)


if __name__ == "__main__":
    main()
