"""What the network is asked for: the classes under the best order of the voices, and likeness of frames."""

from __future__ import annotations

import torch
from torch import Tensor

from voice_prints_training.segmentation.network import CLASS_ORDERS, POWERSET, powerset_classes

TEACHER_SHARE = 0.5
"""Share of the teacher in the target, where its answer agrees with the truth."""
DOUBTED, TRUSTED = 0.4, 0.7
"""Mean probability of the true classes below which the teacher is not heard, and from which it is heard in full."""


def targets(activity: Tensor, teacher: Tensor) -> Tensor:
    """activity (N, F, 3) zeros and ones, teacher (N, F, 7) probabilities -> probabilities of the classes (N, F, 7)."""
    truth = torch.nn.functional.one_hot(powerset_classes(activity), len(POWERSET)).float()
    agreement = (truth * teacher).sum(2).mean(1)
    share = TEACHER_SHARE * ((agreement - DOUBTED) / (TRUSTED - DOUBTED)).clamp(0, 1)[:, None, None]
    return truth * (1 - share) + teacher * share


def order_free_loss(log_probabilities: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy under the best order of the voices, chunk by chunk.

    log_probabilities, wanted: (N, F, 7).
    Returns the mean over frames and chunks, and the best orders (N,), rows of CLASS_ORDERS.
    """
    together = torch.einsum("nfi,nfj->nij", wanted, log_probabilities) / wanted.shape[1]
    rows = torch.arange(len(POWERSET))
    losses = torch.stack([-together[:, rows, order].sum(1) for order in CLASS_ORDERS])
    best = losses.min(0)
    return best.values.mean(), best.indices


def likeness_loss(vectors: Tensor, activity: Tensor) -> Tensor:
    """Deep clustering (Hershey et al., arXiv 1508.04306): frames of one voice alike, of two at right angles.

    vectors (N, F, D) of any length, activity (N, F, 3). Returns a scalar in [0, 1] or so.
    """
    solo = (activity.sum(2) == 1).float()[..., None]
    unit = torch.nn.functional.normalize(vectors.float(), dim=2) * solo
    voices = activity.float() * solo
    count = solo.sum((1, 2)).clamp(min=1)

    def size(left: Tensor, right: Tensor) -> Tensor:
        return torch.bmm(left.transpose(1, 2), right).square().sum((1, 2)) / count**2

    return (size(unit, unit) - 2 * size(unit, voices) + size(voices, voices)).mean()


def frame_errors(log_probabilities: Tensor, activity: Tensor) -> Tensor:
    """Voices missed, made up and confused, as counts of frames; shape (3,) after the frames that hold voices (1,)."""
    truth = torch.nn.functional.one_hot(powerset_classes(activity), len(POWERSET)).float()
    _, orders = order_free_loss(log_probabilities, truth)
    heard_class = torch.stack([row[:, CLASS_ORDERS[order]] for row, order in zip(log_probabilities, orders)]).argmax(2)
    members = torch.tensor([[voice in group for voice in range(3)] for group in POWERSET]).long()
    heard, said = members[heard_class], members[powerset_classes(activity)]
    more = heard.sum(2) - said.sum(2)
    wrong = torch.minimum(heard.sum(2), said.sum(2)) - (heard * said).sum(2)
    return torch.stack([said.sum(), (-more).clamp(min=0).sum(), more.clamp(min=0).sum(), wrong.sum()]).float()
