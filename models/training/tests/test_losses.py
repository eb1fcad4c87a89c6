"""The arithmetic of the losses on values known otherwise."""

import math

import pytest
import torch
import torch.nn.functional as F

from voice_prints_training.speaker.losses import additive_angular_margin, frame_hints, same_neighbours, towards_teacher


def test_without_margin_it_is_the_plain_softmax():
    cosines = torch.tensor([[0.5, 0.1, -0.2], [0.0, 0.9, 0.3]])
    voices = torch.tensor([0, 2])
    assert additive_angular_margin(cosines, voices, 0.0, 10.0) == pytest.approx(
        float(F.cross_entropy(cosines * 10, voices)), abs=1e-5
    )


def test_the_margin_is_an_angle():
    cosines = torch.tensor([[math.cos(1.0), 0.2]])
    expected = F.cross_entropy(torch.tensor([[math.cos(1.2), 0.2]]) * 30, torch.tensor([0]))
    assert additive_angular_margin(cosines, torch.tensor([0]), 0.2, 30.0) == pytest.approx(float(expected), rel=1e-5)


def test_loss_keeps_falling_with_the_cosine_near_opposite():
    values = [
        float(additive_angular_margin(torch.tensor([[c, 0.0]]), torch.tensor([0]), 0.2, 10.0))
        for c in (-0.999, -0.99, -0.97, -0.9)
    ]
    assert values == sorted(values, reverse=True)


def test_margin_loss_has_finite_gradients_at_the_ends():
    cosines = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    additive_angular_margin(cosines, torch.tensor([0, 0]), 0.2, 30.0).backward()
    assert torch.isfinite(cosines.grad).all()


def test_a_perfect_student_loses_nothing():
    teacher = F.normalize(torch.randn(8, 192), dim=1)
    assert float(towards_teacher(teacher, teacher)) == pytest.approx(0, abs=1e-6)
    assert float(same_neighbours(teacher, teacher)) == pytest.approx(0, abs=1e-5)


def test_hints_count_known_crops_only():
    frames, hints = torch.ones(2, 3, 4), torch.zeros(2, 3, 4)
    hints[1] = 5
    assert float(frame_hints(frames, hints, torch.tensor([True, False]))) == 1
    assert float(frame_hints(frames, hints, torch.tensor([False, False]))) == 0


def test_the_emphasis_weighs_the_other_voices_by_themselves():
    generator = torch.Generator().manual_seed(1)
    teacher = F.normalize(torch.randn(6, 16, generator=generator), dim=1)
    student = F.normalize(teacher + 0.3 * torch.randn(6, 16, generator=generator), dim=1)
    # split by hand: KL = own against others + (1 - own probability) x KL among the others
    probability = F.softmax(teacher @ teacher.T / 0.1, 1)
    guess = F.softmax(student @ teacher.T / 0.1, 1)
    own, own_guess = probability.diagonal(), guess.diagonal()
    first = own * (own / own_guess).log() + (1 - own) * ((1 - own) / (1 - own_guess)).log()
    off = ~torch.eye(6, dtype=torch.bool)
    rest = probability[off].view(6, 5) / (1 - own)[:, None]
    rest_guess = guess[off].view(6, 5) / (1 - own_guess)[:, None]
    among = (rest * (rest / rest_guess).log()).sum(1)
    assert float(same_neighbours(student, teacher)) == pytest.approx(
        float((first + (1 - own) * among).mean()), rel=1e-3
    )
    assert float(same_neighbours(student, teacher, 2.0)) == pytest.approx(float((first + 2 * among).mean()), rel=1e-3)
    assert float(same_neighbours(teacher, teacher, 1.0)) == pytest.approx(0, abs=1e-5)
