"""What the student is asked to do: be near the teacher, keep its neighbourhoods, tell voices apart."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def towards_teacher(student: Tensor, teacher: Tensor) -> Tensor:
    """1 - cosine, mean over the batch; both (batch, 192) at unit length."""
    return (1 - (student * teacher).sum(1)).mean()


def same_neighbours(
    student: Tensor, teacher: Tensor, emphasis: float | None = None, temperature: float = 0.1
) -> Tensor:
    """Kullback-Leibler divergence between how each crop resembles the batch's targets, seen by teacher and student.

    With an emphasis the divergence is split in two: the crop's own target against all others, and the others among each
    other, which counts `emphasis` times instead of by the little probability that is theirs.
    Source: Truong et al., arXiv 2309.14838 (there over classes)."""
    expected = F.softmax(teacher @ teacher.T / temperature, 1)
    found = F.log_softmax(student @ teacher.T / temperature, 1)
    if emphasis is None:
        return F.kl_div(found, expected, reduction="batchmean")
    own = torch.eye(len(student), dtype=torch.bool, device=student.device)

    def own_or_other(logarithms: Tensor) -> Tensor:
        return torch.stack([logarithms[own], logarithms.masked_fill(own, -torch.inf).logsumexp(1)], 1)

    def others(logarithms: Tensor) -> Tensor:
        return logarithms[~own].view(len(student), -1).log_softmax(1)

    wanted = (teacher @ teacher.T / temperature).log_softmax(1)
    first = F.kl_div(own_or_other(found), own_or_other(wanted), reduction="batchmean", log_target=True)
    second = F.kl_div(others(found), others(wanted), reduction="batchmean", log_target=True)
    return first + emphasis * second


def additive_angular_margin(cosines: Tensor, voices: Tensor, margin: float, scale: float) -> Tensor:
    """Softmax over voices where the right one is made harder by an angle; mean over the batch.

    cosines (batch, classes) between embeddings and class centres, voices (batch,) the right classes,
    margin in radians. Beyond pi - margin, where the cosine would rise again, a straight line takes over."""
    right = cosines.gather(1, voices[:, None]).clamp(-0.9999, 0.9999)
    sine = (1 - right * right).sqrt()
    harder = right * math.cos(margin) - sine * math.sin(margin)
    harder = torch.where(right > -math.cos(margin), harder, right - margin * math.sin(margin))
    logits = cosines.scatter(1, voices[:, None], harder) * scale
    return F.cross_entropy(logits, voices)


def frame_hints(frames: Tensor, hints: Tensor, known: Tensor) -> Tensor:
    """Mean square between frame features (batch, frames, hints) and the teacher's, over the crops where `known`."""
    if not known.any():
        return frames.sum() * 0
    return (frames[known] - hints[known]).square().mean()
