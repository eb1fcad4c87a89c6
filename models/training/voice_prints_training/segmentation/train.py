"""Trains the segmentation network on mixtures; goes on from its last checkpoint.

usage: python -m voice_prints_training.segmentation.train MIXTURES START.onnx CHECKPOINT.pt --minutes 25
       [--head-minutes 5] [--rate 2e-3] [--threads 1]
START.onnx is a speaker model whose lower layers it begins with, or a segmentation model that it goes on from. The lower
layers rest for --head-minutes, and what they make of a recording is computed once. Minutes are the processor's, so that
a run on a busy machine takes longer and learns the same. Shards may appear while it runs. Those named held-out-NNN.npz
are not trained on: their loss and error are printed now and then.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from voice_prints_training.precision import fast_precision
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
SAVE_SECONDS = 180
"""By the wall clock, between checkpoints."""
REPORT_MINUTES = 2
"""Of the processor, between measurements on the held-out recordings."""
Row = tuple[Path, int]


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
        self.rows: list[Row] = [
            (path, row) for path, shard in self.shards.items() for row in range(len(shard["activity"]))
        ]

    def stack(self, name: str, rows: list[Row]) -> Tensor:
        """`features` (N, 80, T), `activity` (N, F, 3) or `teacher` (N, F, 7) of these rows."""
        return torch.from_numpy(np.stack([self.shards[path][name][row] for path, row in rows]))

    def batches(self, rng: np.random.Generator) -> Iterator[list[Row]]:
        """Every chunk once before any comes again, without end; new shards join with the next pass."""
        while True:
            self.refresh()
            order = rng.permutation(len(self.rows))
            for first in range(0, len(order) - BATCH + 1, BATCH):
                yield [self.rows[i] for i in order[first : first + BATCH]]


class RestingLayers:
    """What the lower layers make of each recording as long as they rest, computed once."""

    def __init__(self, network: SegmentationNetwork, mixtures: Mixtures) -> None:
        self.network, self.mixtures = copy.deepcopy(network).eval(), mixtures
        self.known: dict[Row, Tensor] = {}

    @torch.no_grad()
    def __call__(self, rows: list[Row]) -> Tensor:
        new = [row for row in rows if row not in self.known]
        if new:
            with fast_precision("cpu"):
                frames = self.network.lower_frames(self.mixtures.stack("features", new).float())
            self.known.update(zip(new, frames.bfloat16()))
        return torch.stack([self.known[row] for row in rows]).float()


def mask_bands(features: Tensor, rng: np.random.Generator) -> Tensor:
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
    for first in range(0, len(mixtures.rows), 50):
        rows = mixtures.rows[first : first + 50]
        features = mixtures.stack("features", rows).float()
        activity, teacher = mixtures.stack("activity", rows), mixtures.stack("teacher", rows).float()
        predicted = network(features)
        losses.append(order_free_loss(predicted, targets(activity, teacher))[0])
        own += frame_errors(predicted, activity)
        published += frame_errors((teacher + 1e-6).log(), activity)
    return f"held out {float(torch.stack(losses).mean()):.3f}, {told(own)}; teacher {told(published)}"


def told(errors: Tensor) -> str:
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
    settle_norms(network, training.stack("features", training.rows[:SETTLING_CHUNKS]).float())
    return network


class Training:
    """Everything that changes from step to step, and how it is saved and loaded."""

    def __init__(self, network: SegmentationNetwork, rate: float) -> None:
        self.network = network
        self.average = copy.deepcopy(network)
        self.likeness = nn.Linear(2 * network.shape[2], 32)
        self.lower = network.lower()
        upper = [parameter for module in network.upper_modules() for parameter in module.parameters()]
        groups = [
            {"params": [*upper, *self.likeness.parameters()], "peak": rate},
            {"params": self.lower, "peak": rate * LOWER_SHARE},
        ]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=1e-2)
        self.step, self.minutes = 0, 0.0

    def learn(self, frames: Tensor, activity: Tensor, teacher: Tensor, rate_share: float) -> float:
        """One step from what the lower layers made of the recordings -> the loss before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate_share * min(1, (self.step + 1) / WARM_UP_STEPS)
        with fast_precision("cpu"):
            predicted, half_way = self.network.remembered(frames)
            vectors = self.likeness(half_way)
        loss, _ = order_free_loss(predicted, targets(activity, teacher))
        self.optimizer.zero_grad(set_to_none=True)
        (loss + LIKENESS * likeness_loss(vectors, activity)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        self.follow()
        return float(loss.detach())

    @torch.no_grad()
    def follow(self) -> None:
        """Moves the averaged network towards the current one."""
        keep = min(1 - 1 / AVERAGE_STEPS, self.step / (self.step + 10))
        for mine, new in zip(self.average.state_dict().values(), self.network.state_dict().values()):
            mine.lerp_(new, 1 - keep) if mine.is_floating_point() else mine.copy_(new)

    def save(self, path: Path) -> None:
        unfinished = path.with_suffix(".part")
        state = {"minutes": self.minutes, "step": self.step, "shape": self.network.shape}
        for name in ("network", "average", "likeness", "optimizer"):
            state[name] = getattr(self, name).state_dict()
        torch.save(state, unfinished)
        unfinished.rename(path)

    def load(self, path: Path) -> None:
        saved = torch.load(path, weights_only=True)
        for name in ("network", "average", "likeness", "optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        self.minutes, self.step = saved["minutes"], saved["step"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixtures", type=Path)
    parser.add_argument("start")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--minutes", type=float, default=25, help="of the processor, of the whole run")
    parser.add_argument("--head-minutes", type=float, default=5)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    train(arguments)


def train(arguments: argparse.Namespace) -> None:
    mixtures, validation = Mixtures(arguments.mixtures, "[0-9]*.npz"), Mixtures(arguments.mixtures, "held-out-*.npz")
    training = Training(begin(arguments.start, mixtures), arguments.rate)
    if arguments.checkpoint.exists():
        training.load(arguments.checkpoint)
    print(f"{sum(p.numel() for p in training.network.parameters()) / 1e6:.2f} M parameters", flush=True)
    resting = RestingLayers(training.network, mixtures)
    rng = np.random.default_rng(training.step + 1)
    mean_loss = 0.0
    spent, began = training.minutes, time.process_time()
    saved, reported = time.monotonic(), spent
    for steps, rows in enumerate(mixtures.batches(rng), start=1):
        training.minutes = spent + (time.process_time() - began) / 60 / arguments.threads
        share = min(1.0, training.minutes / arguments.minutes)
        rests = training.minutes < arguments.head_minutes
        training.network.train()
        for parameter in training.lower:
            parameter.requires_grad_(not rests)
        if rests:
            frames = resting(rows)
        else:
            features = mask_bands(mixtures.stack("features", rows).float(), rng)
            with fast_precision("cpu"):
                frames = training.network.lower_frames(features)
        activity, teacher = mixtures.stack("activity", rows), mixtures.stack("teacher", rows).float()
        loss = training.learn(frames, activity, teacher, 0.5 + 0.5 * math.cos(math.pi * share))
        mean_loss += (loss - mean_loss) * max(0.02, 1 / steps)
        if share >= 1 or time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            training.save(arguments.checkpoint)
        if share >= 1 or training.minutes - reported > REPORT_MINUTES:
            reported = training.minutes
            held = held_out(training.average, validation)
            print(
                f"{training.minutes:.1f} min, step {training.step}, {len(mixtures.rows)} chunks: "
                f"loss {mean_loss:.3f}, {held}",
                flush=True,
            )
        if share >= 1:
            return


if __name__ == "__main__":
    main()
