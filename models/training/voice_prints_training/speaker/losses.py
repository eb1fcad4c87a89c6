"""What the student is asked to do: be near the teacher, keep its neighbourhoods, tell voices apart."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def towards_teacher(student: Tensor, teacher: Tensor) -> Tensor:
    """1 - cosine, mean over the batch; both (batch, 192) at unit length."""
    return (1 - (student * teacher).sum(1)).mean()


def same_neighbours(student: Tensor, teacher: Tensor, temperature: float = 0.1) -> Tensor:
    """Kullback-Leibler divergence between how each crop resembles the batch's targets, seen by teacher and student."""
    expected = F.softmax(teacher @ teacher.T / temperature, 1)
    found = F.log_softmax(student @ teacher.T / temperature, 1)
    return F.kl_div(found, expected, reduction="batchmean")


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
