"""The networks' equivalences, resuming, exporting and coming back."""

from argparse import Namespace

import numpy as np
import onnx
import pytest
import torch

from voice_prints_training.speaker.export import restore, write_onnx
from voice_prints_training.speaker.optimiser import orthogonal
from voice_prints_training.speaker.prepare import HINTS
from voice_prints_training.speaker.student import Student, grow
from voice_prints_training.speaker.train import Training

SMALL = (32, 3, 32)


def options(**changes):
    values = {
        "seed": 1,
        "start": None,
        "shape": SMALL,
        "optimiser": "muon",
        "minutes": 10,
        "steps": None,
        "rate": 1e-3,
        "labels": 0.5,
        "hints": 0.2,
        "emphasis": None,
        "grow": None,
        "branch": 0.0,
    }
    return Namespace(**{**values, **changes})


def batch(seed):
    generator = torch.Generator().manual_seed(seed)
    target = torch.nn.functional.normalize(torch.randn(8, 192, generator=generator), dim=1)
    voices = torch.tensor([0, 1, 2, 3, 0, 1, -1, 2])
    known = torch.tensor([True] * 5 + [False] * 3)
    return (
        torch.randn(8, 60, 80, generator=generator),
        target,
        voices,
        torch.randn(8, 30, HINTS, generator=generator),
        known,
    )


def begin():
    training = Training(5, options())
    seen = torch.tensor([True, True, True, True, False])
    training.meet(
        torch.nn.functional.normalize(torch.randn(5, 192, generator=torch.Generator().manual_seed(9)), dim=1), seen
    )
    return training


def test_resuming_continues_as_if_never_stopped(tmp_path):
    path = str(tmp_path / "state.pt")
    training = begin()
    for seed in range(3):
        training.learn(*batch(seed))
    training.seconds = 60.0
    training.save(path)
    training.learn(*batch(7))
    other = Training(5, options(seed=99))
    other.load(path)
    assert other.step == 3 and other.seconds == 60.0
    other.learn(*batch(7))
    for name, value in training.network.state_dict().items():
        assert torch.allclose(value, other.network.state_dict()[name], atol=1e-6), name
    for name, value in training.average.items():
        assert torch.allclose(value, other.average[name], atol=1e-6), name
    assert torch.allclose(training.centres, other.centres, atol=1e-6)


def test_learning_lowers_the_loss():
    training = begin()
    training.options.rate = 3e-3
    first = training.learn(*batch(0))
    for _ in range(120):
        last = training.learn(*batch(0))
    assert last[0] < first[0] * 0.8


def test_unseen_voices_do_not_compete():
    training = begin()
    before = training.centres.detach().clone()
    training.learn(*batch(0))
    assert torch.equal(before[4], training.centres.detach()[4])


def test_orthogonal_updates_have_singular_values_near_one():
    values = torch.linalg.svdvals(orthogonal(torch.randn(2, 24, 40)))
    assert values.min() > 0.6 and values.max() < 1.3


def test_a_network_that_grew_answers_as_before_and_its_new_blocks_learn():
    torch.manual_seed(3)
    network = Student(32, 6, 32).eval()
    deeper = grow(network, 9)
    features = torch.randn(2, 60, 80)
    assert deeper.shape == (32, 9, 32)
    with torch.no_grad():
        assert torch.allclose(deeper(features), network(features), atol=1e-6)
    deeper(features).square().sum().backward()
    for number in (2, 5, 8):
        assert deeper.blocks[number].leave_norm.weight.grad.abs().max() > 0


def test_pooling_applies_one_linear_map_to_frame_mean_and_deviation():
    network = Student(*SMALL).eval()
    frames = torch.rand(2, 32, 1, 11)
    pooling = network.pooling
    mean = frames.mean(3, keepdim=True)
    deviation = ((frames - mean).square().mean(3, keepdim=True)).clamp(min=1e-5).sqrt()
    joined = torch.cat([frames, mean.expand_as(frames), deviation.expand_as(frames)], 1)
    attention = torch.softmax(pooling.weights(torch.tanh(pooling.hidden(joined))), 3)
    expected = (attention * frames).sum((2, 3))
    assert torch.allclose(pooling(frames)[:, :32], expected, atol=1e-5)


@pytest.mark.parametrize("half", [False, True])
def test_an_exported_file_gives_the_same_vectors_and_the_weights_back(tmp_path, half):
    import onnxruntime

    torch.manual_seed(0)
    network = Student(*SMALL).eval()
    path = str(tmp_path / "model.onnx")
    write_onnx(network, path, half)
    features = torch.randn(2, 77, 80)
    expected = network(features).detach().numpy()
    found = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": features.numpy()})[0]
    again = restore(path)(features).detach().numpy()
    for vectors in (found, again):
        cosines = (vectors * expected).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(expected, axis=1)
        assert cosines.min() > 0.9999
    keys = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert keys["framework"] == "3d-speaker" and keys["normalize_samples"] == "0" and keys["high_freq"] == "7600"
