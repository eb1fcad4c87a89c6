"""Weights between two networks, statistics measured anew."""

import torch

from voice_prints_training.speaker.blend import blend, measure_statistics
from voice_prints_training.speaker.student import Student


def test_the_ends_are_the_networks_themselves():
    one, two = Student(32, 3, 32).state_dict(), Student(32, 3, 32).state_dict()
    for share, expected in ((0.0, one), (1.0, two)):
        found = blend(one, two, share)
        assert all(
            torch.allclose(found[name].float(), expected[name].float())
            for name in expected
            if one[name].is_floating_point()
        )


def test_statistics_are_those_of_the_batches():
    network = Student(32, 3, 32)
    batches = [torch.randn(4, 60, 80) * 3 + 2 for _ in range(3)]
    measure_statistics(network, batches)
    assert not network.training
    mean = torch.stack([batch.mean((0, 1)) for batch in batches]).mean(0)
    assert torch.allclose(network.input_norm.running_mean, mean, atol=1e-5)
