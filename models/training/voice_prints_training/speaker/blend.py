"""Weights between those before and after a run.

usage: python -m voice_prints_training.speaker.blend CORPUS WORK BEFORE AFTER OUT.pt [--share .7]

A run that began at trained weights moves them by a quarter of their length; points on the straight line between
keep what both ends know. The share is that of AFTER. Running statistics of normalizations are measured anew, on
training speech.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from voice_prints_training.speaker.export import load_student
from voice_prints_training.speaker.shards import Shards
from voice_prints_training.voices import training_rows

BATCHES = 12
State = dict[str, Tensor]


def blend(before: State, after: State, share: float) -> State:
    """Two states of one shape -> a state on the line between them; counters stay those of `after`."""
    return {
        name: torch.lerp(before[name], value, share) if value.is_floating_point() else value
        for name, value in after.items()
    }


@torch.no_grad()
def measure_statistics(network: nn.Module, batches: Iterable[Tensor]) -> nn.Module:
    """Replace the running mean and variance of every normalization by the plain average over batches."""
    network.train()
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
            module.momentum = None
    for features in batches:
        network(features)
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("work")
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("out")
    parser.add_argument("--share", type=float, default=0.7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    before, network = load_student(options.before), load_student(options.after)
    network.load_state_dict(blend(before.state_dict(), network.state_dict(), options.share))
    shards = Shards(options.work, training_rows(options.corpus))
    rng = np.random.default_rng(0)
    batches = [shards.batch(32, 250, 0.45, rng, hints=False)[0] for _ in range(BATCHES)]
    measure_statistics(network, batches)
    torch.save({"shape": network.shape, "average": network.state_dict()}, options.out)


if __name__ == "__main__":
    main()
