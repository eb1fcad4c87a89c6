"""Reads what prepare.py writes and deals out crops. Shards that appear later are picked up by `refresh`."""

from __future__ import annotations

import glob
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from voice_prints_training.voices import VoiceNumbers, held_out_speakers

Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]

SET_WEIGHT = {"wuw2": 1.5, "speechocean762": 1.3, "librispeech": 1.0, "fsdd": 0.5}
UNLABELLED_WEIGHT = 0.4
SEVERAL_CALLS_WEIGHT = 3.0  # besides the set's: only these voices tell what of a call is the voice and what the line
SEVERAL_SESSIONS_OWN_SHARE = 0.3  # of their targets: the mean of a voice over its sessions holds less of line and room
CALLS = "wuw2"  # in this set a voice heard in one session only is given no label: it would be the channel's
COMMONNESS = 0.4
CHUNK_FRAMES = 400
TELEPHONE_BAND = 57  # the first of the 80 mel bands above 3.4 kHz


class Shards:
    """All chunks of a work folder."""

    def __init__(self, work: str, rows: list[dict], own_share: float = 0.6, hold_out: bool = False) -> None:
        """own_share: how much of a labelled chunk's target is its own embedding; the rest is its voice's mean.
        hold_out: deal no chunk of `held_out_speakers`."""
        self.folder = os.path.join(work, "shards")
        numbers = VoiceNumbers(rows)
        self.classes = numbers.count
        self.held_out = numbers.of(held_out_speakers(rows)) if hold_out else []
        self.own_share = own_share
        self.known: dict[str, dict[str, np.ndarray]] = {}
        self.clean: list[np.ndarray] = []
        self.damaged: list[np.ndarray] = []
        self.hints: list[np.ndarray] = []
        self.refresh()

    def refresh(self) -> bool:
        """Load shards that are new -> whether there were any."""
        paths = [
            path for path in sorted(glob.glob(os.path.join(self.folder, "*.npz"))) if not path.endswith(".part.npz")
        ]
        new = [path for path in paths if path not in self.known]
        if not new:
            return False
        for path in new:
            table = dict(np.load(path))
            self.known[path] = table
            self.clean.append(np.load(path.replace(".npz", ".clean.npy"), mmap_mode="r"))
            self.damaged.append(np.load(path.replace(".npz", ".damaged.npy"), mmap_mode="r"))
            self.hints.append(table["hint"])
        self.index()
        return True

    def index(self) -> None:
        """Targets, classes and drawing weights of all chunks."""
        tables = list(self.known.values())
        voice = np.concatenate([table["voice"] for table in tables])
        target = np.concatenate([table["target"] for table in tables]).astype(np.float32)
        sets = np.concatenate([table["set"] for table in tables])
        asked = np.concatenate([table["hint_row"] >= 0 for table in tables])
        where = [(shard, row) for shard, table in enumerate(tables) for row in range(len(table["voice"]))]
        groups = np.concatenate([table["group"] for table in tables])
        sessions: dict[int, set[str]] = {}
        for number, group in zip(voice, groups):
            sessions.setdefault(int(number), set()).add(str(group))
        again = (voice >= 0) & np.array([len(sessions[int(number)]) > 1 for number in voice])
        calls = (sets == CALLS) & (voice >= 0)
        centres = np.zeros((self.classes, target.shape[1]), np.float32)
        held_out = np.isin(voice, self.held_out)
        labelled = asked & (voice >= 0) & ~held_out
        np.add.at(centres, voice[labelled], target[labelled])
        length = np.linalg.norm(centres, axis=1, keepdims=True)
        centres /= np.maximum(length, 1e-6)
        self.seen = torch.from_numpy(length[:, 0] > 0)
        for i in np.flatnonzero(voice >= 0):
            if asked[i]:
                share = SEVERAL_SESSIONS_OWN_SHARE if again[i] else self.own_share
                target[i] = share * target[i] + (1 - share) * centres[voice[i]]
            else:
                target[i] = centres[voice[i]]
        length = np.linalg.norm(target, axis=1, keepdims=True)
        usable = length[:, 0] > 0
        target /= np.maximum(length, 1e-6)
        count = np.bincount(voice[voice >= 0], minlength=self.classes)
        weight = np.array([SET_WEIGHT.get(name, 1.0) for name in sets], np.float64)
        weight[voice >= 0] /= count[voice[voice >= 0]] ** COMMONNESS
        weight[voice < 0] *= UNLABELLED_WEIGHT / 30**COMMONNESS
        weight[~usable | held_out] = 0
        weight[calls & again] *= SEVERAL_CALLS_WEIGHT
        voice = np.where(calls & ~again, -1, voice)
        self.centres, self.target, self.voice = (
            torch.from_numpy(centres),
            torch.from_numpy(target),
            torch.from_numpy(voice),
        )
        self.weight, self.where = weight / weight.sum(), where
        self.hint_row = np.concatenate([table["hint_row"] for table in tables])

    def __len__(self) -> int:
        return len(self.where)

    def batch(
        self, size: int, frames: int, damaged_share: float, rng: np.random.Generator, hints: bool = True
    ) -> Batch:
        """-> features (size, frames, 80) mean-subtracted, targets (size, 192), voices (size,),
        hints (size, frames / 2, H), known (size,)."""
        picked = rng.choice(len(self.where), size, p=self.weight)
        features = np.empty((size, frames, 80), np.float32)
        hint = np.zeros((size, frames // 2, self.hints[0].shape[2]), np.float32)
        known = np.zeros(size, bool)
        for row, chunk in enumerate(picked):
            shard, place = self.where[chunk]
            source = self.damaged if rng.random() < damaged_share else self.clean
            start = 2 * rng.integers((CHUNK_FRAMES - frames) // 2 + 1)
            features[row] = source[shard][place, start : start + frames]
            if hints and self.hint_row[chunk] >= 0:
                hint[row] = self.hints[shard][self.hint_row[chunk], start // 2 : start // 2 + frames // 2]
                known[row] = True
        rough = roughen(torch.from_numpy(features), rng)
        return rough, self.target[picked], self.voice[picked], torch.from_numpy(hint), torch.from_numpy(known)


def roughen(
    features: Tensor,
    rng: np.random.Generator,
    noise: float = 0.2,
    telephone: float = 0.06,
    bands: float = 0.2,
    frames: float = 0.2,
) -> Tensor:
    """Cheap damage to log-mel (batch, frames, 80) after the draw, each kind for a share of the crops: steady coloured
    noise added as energy, a telephone's empty upper bands, masked bands, masked frames. The mean is subtracted."""
    batch, length, width = features.shape
    generator = torch.Generator().manual_seed(int(rng.integers(1 << 31)))
    hit = torch.rand(batch, generator=generator) < noise
    if hit.any():
        count = int(hit.sum())
        level = torch.logsumexp(features[hit].flatten(1), 1) - float(np.log(length * width))
        level = level - (0.7 + 4.3 * torch.rand(count, generator=generator))
        shape = F.interpolate(
            3 * torch.rand(count, 1, 5, generator=generator) - 1.5, size=width, mode="linear", align_corners=True
        )
        speckle = torch.empty(count, length, width).exponential_(generator=generator).add_(1e-3).log_() * 0.7
        features[hit] = torch.logaddexp(features[hit], level[:, None, None] + shape + speckle)
    for row in np.flatnonzero(rng.random(batch) < telephone):
        floor = float(features[row].min())
        features[row, :, TELEPHONE_BAND + int(rng.integers(-1, 6)) :] = floor + float(rng.uniform(0, 2))
        features[row, :, : int(rng.integers(0, 6))] -= float(rng.uniform(0, 4))
    features = features - features.mean(1, keepdim=True)
    for row in np.flatnonzero(rng.random(batch) < bands):
        size = int(rng.integers(1, 9))
        start = int(rng.integers(width - size))
        features[row, :, start : start + size] = 0
    for row in np.flatnonzero(rng.random(batch) < frames):
        size = int(rng.integers(1, max(2, length // 10)))
        start = int(rng.integers(length - size))
        features[row, start : start + size] = 0
    return features
