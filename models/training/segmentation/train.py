"""Trains the segmentation student on mixtures; goes on from its last checkpoint.

usage: train.py MIXTURES CHECKPOINT.pt --minutes 40 [--threads 1]
The last shard is held out: its loss and frame error are printed with every checkpoint.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch

from student import SegmentationStudent, permutation_free_loss

BATCH = 32
PEAK_RATE = 1.5e-3


def subtract_mean(features: torch.Tensor) -> torch.Tensor:
    return features - features.mean(1, keepdim=True)


def load(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    with np.load(path) as shard:
        return torch.from_numpy(shard["features"]).float(), torch.from_numpy(shard["activity"])


def batches(shards: list[Path], rng: np.random.Generator):
    """Endless mini-batches, four shards mixed at a time."""
    while True:
        order = rng.permutation(len(shards))
        for first in range(0, len(order), 4):
            loaded = [load(shards[index]) for index in order[first : first + 4]]
            features = torch.cat([part[0] for part in loaded])
            activity = torch.cat([part[1] for part in loaded])
            for rows in torch.from_numpy(rng.permutation(len(features))).split(BATCH):
                if len(rows) == BATCH:
                    yield mask_bands(subtract_mean(features[rows]), rng), activity[rows]


def mask_bands(features: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Blanks up to ten neighbouring mel bands in a third of the chunks."""
    for row in range(len(features)):
        if rng.random() < 0.33:
            width = int(rng.integers(2, 11))
            start = int(rng.integers(80 - width))
            features[row, :, start : start + width] = 0
    return features


@torch.no_grad()
def held_out(network: SegmentationStudent, path: Path) -> float:
    features, activity = load(path)
    network.eval()
    losses = [permutation_free_loss(network(subtract_mean(f)), a) for f, a in zip(features.split(50), activity.split(50))]
    network.train()
    return float(torch.stack(losses).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixtures", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    shards = sorted(arguments.mixtures.glob("*.npz"))
    validation, shards = shards[-1], shards[:-1]
    network = SegmentationStudent()
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=1e-2)
    spent, step = 0.0, 0
    if arguments.checkpoint.exists():
        saved = torch.load(arguments.checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        spent, step = saved["minutes"], saved["step"]
    print(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters, {len(shards)} shards", flush=True)
    started, average, next_save = time.monotonic(), 0.0, spent + 4
    for features, activity in batches(shards, np.random.default_rng(step + 1)):
        minutes = spent + (time.monotonic() - started) / 60
        share = min(1.0, minutes / arguments.minutes)
        rate = PEAK_RATE * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            predicted = network(features)
        loss = permutation_free_loss(predicted, activity)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        step += 1
        average += (float(loss.detach()) - average) * max(0.02, 1 / step)
        if minutes >= next_save or share >= 1:
            next_save = minutes + 4
            torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict(), "minutes": minutes, "step": step}, arguments.checkpoint)
            print(f"{minutes:.1f} min, step {step}: loss {average:.3f}, held out {held_out(network, validation):.3f}", flush=True)
        if share >= 1:
            return


if __name__ == "__main__":
    main()
