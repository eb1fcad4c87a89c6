"""Trains the student on the shards in WORK.

usage: python -m voice_prints_training.speaker.train CORPUS WORK OUT.pt --minutes 100 [--start MODEL]

The loss is a sum: towards the teacher's embedding, the teacher's neighbourhoods within the batch, the voices'
labels (additive angular margin), the teacher's frame features (through a linear layer that is thrown away).
OUT.pt is written every --save-every minutes and holds everything: called again with the same arguments, the
program goes on from there, up to --minutes (or --steps) of training in all. `average` in it is the averaged network
to use.

On a processor that is shared with other work, two workers of one thread (--workers 2 --rank 0 and 1, started
side by side; each steps by itself and their weights are averaged every tenth step) are far better than two threads,
which meet a thousand times a step.
"""

from __future__ import annotations

import argparse
import os
import queue
import threading
import time
from collections.abc import Sequence

import numpy as np
import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn

from voice_prints_training.precision import fast_precision
from voice_prints_training.speaker.export import load_student
from voice_prints_training.speaker.losses import additive_angular_margin, frame_hints, same_neighbours, towards_teacher
from voice_prints_training.speaker.optimiser import make_optimisers
from voice_prints_training.speaker.prepare import HINTS
from voice_prints_training.speaker.shards import Batch, Shards
from voice_prints_training.speaker.student import Student, grow
from voice_prints_training.voices import training_rows

WARM_UP_STEPS = 100
RESCAN_SECONDS = 90
MEET_EVERY = 50
AVERAGE_EVERY = 10
LABEL_MARGIN = 0.2
LABEL_SCALE = 30.0


class Training:
    """Everything that changes from step to step, and how to save and load it."""

    def __init__(self, classes: int, options: argparse.Namespace, device: str = "cpu") -> None:
        self.options, self.device = options, device
        torch.manual_seed(options.seed)
        if options.start:
            self.network = load_student(options.start)
            if options.grow:
                self.network = grow(self.network, options.grow, options.branch)
        else:
            self.network = Student(*options.shape)
        self.network = self.network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.centres = nn.Parameter(torch.zeros(classes, 192, device=device))
        self.begun = torch.zeros(classes, dtype=torch.bool)
        self.hint_layer = nn.Linear(self.network.shape[2], HINTS, device=device)
        others = [self.centres, *self.hint_layer.parameters()]
        self.optimisers = make_optimisers(self.network, others, options.optimiser)
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.step, self.seconds = 0, 0.0

    def meet(self, centres: Tensor, seen: Tensor) -> None:
        """Start the class centres of voices seen for the first time at the teacher's."""
        fresh = seen & ~self.begun
        with torch.no_grad():
            self.centres[fresh] = centres[fresh].to(self.device)
        self.begun |= fresh

    def progress(self) -> float:
        """0 at the beginning, 1 at the end."""
        done = self.step / self.options.steps if self.options.steps else self.seconds / (60 * self.options.minutes)
        return min(1.0, done)

    def learning_rate(self) -> float:
        """Warm-up, then half a cosine down to a hundredth."""
        decay = 0.5 * (1 + np.cos(np.pi * self.progress()))
        return self.options.rate * min(1, (self.step + 1) / WARM_UP_STEPS) * (0.99 * decay + 0.01)

    def learn(self, features: Tensor, target: Tensor, voice: Tensor, hint: Tensor, known: Tensor) -> list[float]:
        """One step -> the parts of the loss and the share of voices named rightly."""
        options = self.options
        self.network.train()
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.learning_rate()
            optimiser.zero_grad()
        features, target, voice, hint, known = [x.to(self.device) for x in (features, target, voice, hint, known)]
        with fast_precision(self.device):
            frames = self.network.frame_features(features)
            embedding = self.network.embedding(frames)
        embedding = F.normalize(embedding.float())
        teacher = towards_teacher(embedding, target)
        neighbours = same_neighbours(embedding, target, options.emphasis)
        begun = self.begun.to(self.device)
        labelled = (voice >= 0) & begun[voice]
        classes = torch.nonzero(begun).flatten()
        place = torch.full((len(self.centres),), -1, device=self.device)
        place[classes] = torch.arange(len(classes), device=self.device)
        cosines = embedding[labelled] @ F.normalize(self.centres[classes]).T
        margin = LABEL_MARGIN * min(1.0, self.progress() / 0.3)
        right = place[voice[labelled]]
        labels = additive_angular_margin(cosines, right, margin, LABEL_SCALE)
        loss = teacher + 0.25 * neighbours + options.labels * labels
        hints = torch.zeros(())
        weight = options.hints * (1 - self.progress())
        if weight > 0:
            with fast_precision(self.device):
                guessed = self.hint_layer(frames.squeeze(2).transpose(1, 2))
            hints = frame_hints(guessed.float(), hint, known)
            loss = loss + weight * hints
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        if self.step % AVERAGE_EVERY == 0:
            self.average_workers()
        self.follow()
        accuracy = (cosines.argmax(1) == right).float().mean()
        return [float(x.detach()) for x in (teacher, neighbours, labels, hints, accuracy)]

    @torch.no_grad()
    def average_workers(self) -> None:
        """Average weights, running statistics and the clock over the workers."""
        if not distributed.is_initialized():
            return
        shared = [value for value in self.network.state_dict().values() if value.is_floating_point()]
        shared += [self.centres.data, *self.hint_layer.state_dict().values()]
        joined = torch.cat([value.reshape(-1) for value in shared] + [torch.tensor([self.seconds], device=self.device)])
        distributed.all_reduce(joined)
        joined /= distributed.get_world_size()
        start = 0
        for value in shared:
            value.copy_(joined[start : start + value.numel()].view_as(value))
            start += value.numel()
        self.seconds = float(joined[-1])

    @torch.no_grad()
    def agree(self) -> None:
        """Give every worker the first one's voices and class centres."""
        if distributed.is_initialized():
            distributed.broadcast(self.centres.data, 0)
            distributed.broadcast(self.begun, 0)

    @torch.no_grad()
    def follow(self) -> None:
        """Move the averaged network towards the current one."""
        keep = min(0.998, 1 - 1 / (2 + self.step / 10))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)
            else:
                self.average[name].copy_(value)

    def save(self, path: str) -> None:
        state = {
            "shape": self.network.shape,
            "average": self.average,
            "network": self.network.state_dict(),
            "centres": self.centres.detach(),
            "begun": self.begun,
            "hint_layer": self.hint_layer.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "seconds": self.seconds,
            "random": torch.get_rng_state(),
        }
        torch.save(state, path + ".part")
        os.replace(path + ".part", path)

    def load(self, path: str) -> None:
        state = torch.load(path, map_location=self.device, weights_only=False)
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        with torch.no_grad():
            self.centres.copy_(state["centres"])
        self.begun = state["begun"].cpu()
        self.hint_layer.load_state_dict(state["hint_layer"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)
        self.step, self.seconds = state["step"], state["seconds"]
        torch.set_rng_state(state["random"].cpu())


def crop_frames(progress: float, crops: Sequence[int], last_crops: Sequence[int], rng: np.random.Generator) -> int:
    """The length of a batch's crops in frames: one of `crops`, in the last fifth one of `last_crops`."""
    return int(rng.choice(crops if progress < 0.8 else last_crops))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("work")
    parser.add_argument("out")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="length of the whole run")
    length.add_argument("--steps", type=int, help="the same in steps: runs that are compared learn equally much")
    parser.add_argument("--stop-after", type=float, default=1e9, help="leave after so many minutes of this call")
    parser.add_argument("--start", help="weights to begin from: a checkpoint or an exported model")
    parser.add_argument("--shape", type=int, nargs=3, default=(256, 6, 512), help="channels, blocks, frame channels")
    parser.add_argument("--grow", type=int, help="blocks, where --start has fewer: 9 or 12")
    parser.add_argument("--branch", type=float, default=0.0, help="how loud the new blocks begin: 0 to .7")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--optimiser", choices=("muon", "adamw"), default="muon")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--labels", type=float, default=0.5)
    parser.add_argument("--hints", type=float, default=0.2)
    parser.add_argument("--emphasis", type=float, help="of the teacher's neighbours that are other voices; try 1")
    parser.add_argument("--damaged", type=float, default=0.45)
    parser.add_argument("--crops", type=int, nargs="+", default=(100, 100, 150, 200), help="lengths in frames of 10 ms")
    parser.add_argument("--last-crops", type=int, nargs="+", default=(150, 200, 300, 400), help="in the last fifth")
    parser.add_argument("--hold-out", action="store_true", help="learn nothing of every twelfth speaker (held_out.py)")
    parser.add_argument("--save-every", type=float, default=4, help="minutes")
    parser.add_argument("--threads", type=int, default=1, help="of each worker")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that average their weights; start each")
    parser.add_argument("--rank", type=int, default=0, help="which of the workers this is, from 0")
    options = parser.parse_args()
    train(options.rank, options)


def train(rank: int, options: argparse.Namespace) -> None:
    """The whole run of one worker; the first one keeps the books."""
    torch.set_num_threads(options.threads)
    if options.workers > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29617")
        distributed.init_process_group("gloo", rank=rank, world_size=options.workers)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shards = Shards(options.work, training_rows(options.corpus), hold_out=options.hold_out)
    training = Training(shards.classes, options, device)
    if os.path.exists(options.out):
        training.load(options.out)
    training.meet(shards.centres, shards.seen)
    training.agree()
    if rank == 0:
        print(f"{device}: {len(shards)} chunks, {int(shards.seen.sum())} voices, from step {training.step}", flush=True)
    batches: queue.Queue[Batch] = queue.Queue(4)
    rng = np.random.default_rng([options.seed, training.step, rank])
    lengths = np.random.default_rng(
        [options.seed, training.step]
    )  # the same for all workers: none waits for longer crops

    def deal() -> None:
        scanned = time.time()
        while True:
            if time.time() - scanned > RESCAN_SECONDS:
                scanned = time.time()
                if shards.refresh() and rank == 0:
                    print(f"now {len(shards)} chunks, {int(shards.seen.sum())} voices", flush=True)
            frames = crop_frames(training.progress(), options.crops, options.last_crops, lengths)
            batches.put(shards.batch(options.batch, frames, options.damaged, rng, options.hints > 0))

    threading.Thread(target=deal, daemon=True).start()
    first = training.seconds
    saved = last = time.time()
    smooth, seen = None, 0
    finished = False
    while not finished:
        batch = batches.get()
        if training.step % MEET_EVERY == 0:
            training.meet(shards.centres, shards.seen)
            training.agree()
        parts = training.learn(*batch)
        if training.step % AVERAGE_EVERY == 0:  # the clock is alike in all workers now
            finished = training.progress() >= 1 or training.seconds - first > 60 * options.stop_after
        now = time.time()
        training.seconds += now - last
        last = now
        if rank > 0:
            continue
        seen += len(batch[0]) * options.workers
        smooth = parts if smooth is None else [0.98 * a + 0.02 * b for a, b in zip(smooth, parts)]
        if training.step % 50 == 0:
            print(
                f"step {training.step} {training.seconds / 60:.1f} min {seen / (training.seconds - first):.0f} crops/s "
                f"rate {training.learning_rate():.5f} cosine {1 - smooth[0]:.4f} neighbours {smooth[1]:.4f} "
                f"labels {smooth[2]:.3f} hints {smooth[3]:.4f} named {smooth[4]:.3f}",
                flush=True,
            )
        if now - saved > 60 * options.save_every:
            saved = now
            training.save(options.out)
    if rank == 0:
        training.save(options.out)


if __name__ == "__main__":
    main()
