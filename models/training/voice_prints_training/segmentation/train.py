"""Trains the segmentation network on mixtures; goes on from its last checkpoint.

usage: python -m voice_prints_training.segmentation.train MIXTURES START.onnx CHECKPOINT.pt --minutes 60
       [--head-minutes 10] [--rate 2e-3] [--threads 1]
START.onnx is a speaker model whose lower layers it begins with, or a segmentation model that it goes on from. The lower
layers stay as they are for --head-minutes. Shards may appear while it runs. Those named held-out-NNN.npz are not
trained on: with every checkpoint their loss and error are printed.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch

from voice_prints_training.segmentation.export import restore_network, settle_norms
from voice_prints_training.segmentation.network import SegmentationNetwork
from voice_prints_training.segmentation.objectives import frame_errors, likeness_loss, order_free_loss, targets
from voice_prints_training.speaker.export import restore

BATCH = 32
LOWER_SHARE = 0.25
"""Of the rate, for the layers that begin at the speaker model's."""
SETTLING_CHUNKS = 256
WARM_UP_STEPS = 100
LIKENESS = 0.5
AVERAGE_STEPS = 300
SAVE_MINUTES = 3


class Mixtures:
    """All shards of a folder, in memory."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self.folder, self.pattern = folder, pattern
        self.shards: dict[Path, dict[str, np.ndarray]] = {}
        self.refresh()

    def refresh(self) -> None:
        for path in sorted(self.folder.glob(self.pattern)):
            if path not in self.shards:
                with np.load(path) as shard:
                    self.shards[path] = {name: shard[name] for name in shard.files}
        self.rows = [(path, row) for path, shard in self.shards.items() for row in range(len(shard["activity"]))]

    def batch(self, rows: Iterable[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """-> features (N, 80, T), activity (N, F, 3), the teacher's probabilities (N, F, 7)."""
        chosen = [(self.shards[path], row) for path, row in (self.rows[i] for i in rows)]

        def stack(name: str) -> torch.Tensor:
            return torch.from_numpy(np.stack([shard[name][row] for shard, row in chosen]))

        return stack("features").float(), stack("activity"), stack("teacher").float()

    def endless(self, rng: np.random.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Every chunk once before any comes again; new shards join with the next pass."""
        while True:
            self.refresh()
            order = rng.permutation(len(self.rows))
            for first in range(0, len(order) - BATCH + 1, BATCH):
                features, activity, teacher = self.batch(order[first : first + BATCH])
                yield mask_bands(features, rng), activity, teacher


def mask_bands(features: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Blanks up to ten neighbouring mel bands in a third of the chunks, those above a telephone's in one of twelve."""
    for row in range(len(features)):
        kind = rng.random()
        if kind < 0.33:
            width = int(rng.integers(2, 11))
            start = int(rng.integers(80 - width))
            features[row, start : start + width] = 0
        elif kind < 0.41:
            features[row, int(rng.integers(56, 63)) :] = float(rng.uniform(-1, 0.5))
    return features


@torch.no_grad()
def held_out(network: SegmentationNetwork, mixtures: Mixtures) -> str:
    """Loss and errors on the held-out shards, the network's and the teacher's."""
    network.eval()
    losses, own, published = [], torch.zeros(4), torch.zeros(4)
    for rows in np.array_split(np.arange(len(mixtures.rows)), max(1, len(mixtures.rows) // 50)):
        features, activity, teacher = mixtures.batch(rows)
        predicted = network(features)
        losses.append(order_free_loss(predicted, targets(activity, teacher))[0])
        own += frame_errors(predicted, activity)
        published += frame_errors((teacher + 1e-6).log(), activity)
    return f"held out {float(torch.stack(losses).mean()):.3f}, {told(own)}; teacher {told(published)}"


def told(errors: torch.Tensor) -> str:
    voiced, *parts = errors.tolist()
    shares = [100 * part / voiced for part in parts]
    return f"error {sum(shares):.1f} % (missed / made up / confused {' / '.join(f'{share:.1f}' for share in shares)})"


def begin(start: str, training: Mixtures) -> SegmentationNetwork:
    """The network to train: with the lower layers of a speaker model, or a whole segmentation model."""
    kinds = {entry.key for entry in onnx.load(start).metadata_props}
    if "student_shape" in kinds:
        network = SegmentationNetwork()
        network.take_voices(restore(start))
        return network
    network = restore_network(start)
    settle_norms(network, training.batch(range(min(SETTLING_CHUNKS, len(training.rows))))[0])
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixtures", type=Path)
    parser.add_argument("start")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--head-minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    training, validation = Mixtures(arguments.mixtures, "[0-9]*.npz"), Mixtures(arguments.mixtures, "held-out-*.npz")
    network = begin(arguments.start, training)
    likeness = torch.nn.Linear(2 * network.shape[2], 32)
    lower = network.lower()
    known = {id(parameter) for parameter in lower}
    upper = [parameter for parameter in network.parameters() if id(parameter) not in known] + list(
        likeness.parameters()
    )
    optimizer = torch.optim.AdamW(
        [{"params": upper, "peak": arguments.rate}, {"params": lower, "peak": arguments.rate * LOWER_SHARE}],
        weight_decay=1e-2,
    )
    average = copy.deepcopy(network)
    spent, step = 0.0, 0
    if arguments.checkpoint.exists():
        saved = torch.load(arguments.checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        likeness.load_state_dict(saved["likeness"])
        optimizer.load_state_dict(saved["optimizer"])
        spent, step = saved["minutes"], saved["step"]
    print(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters", flush=True)
    started, mean_loss, next_save = time.monotonic(), 0.0, spent + SAVE_MINUTES
    network.train()
    for features, activity, teacher in training.endless(np.random.default_rng(step + 1)):
        minutes = spent + (time.monotonic() - started) / 60
        share = min(1.0, minutes / arguments.minutes)
        for parameter in lower:
            parameter.requires_grad_(minutes >= arguments.head_minutes)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * min(1, (step + 1) / WARM_UP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * share))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            predicted, half_way = network.remembered(features)
            vectors = likeness(half_way)
        loss, _ = order_free_loss(predicted, targets(activity, teacher))
        optimizer.zero_grad(set_to_none=True)
        (loss + LIKENESS * likeness_loss(vectors, activity)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            keep = min(1 - 1 / AVERAGE_STEPS, step / (step + 10))
            for mine, new in zip(average.state_dict().values(), network.state_dict().values()):
                mine.copy_(new) if not mine.is_floating_point() else mine.lerp_(new, 1 - keep)
        mean_loss += (float(loss.detach()) - mean_loss) * max(0.02, 1 / step)
        if minutes >= next_save or share >= 1:
            next_save = minutes + SAVE_MINUTES
            unfinished = arguments.checkpoint.with_suffix(".part")
            torch.save(
                {
                    "network": network.state_dict(),
                    "average": average.state_dict(),
                    "likeness": likeness.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "minutes": minutes,
                    "step": step,
                    "shape": network.shape,
                },
                unfinished,
            )
            unfinished.rename(arguments.checkpoint)
            print(
                f"{minutes:.1f} min, step {step}, {len(training.rows)} chunks: "
                f"loss {mean_loss:.3f}, {held_out(average, validation)}",
                flush=True,
            )
        if share >= 1:
            return


if __name__ == "__main__":
    main()
