"""The segmentation network's features, mixtures, losses and export."""
import numpy as np
import onnx
import pytest
import torch
from export_network import METADATA, write_onnx
from frontend import LogMel, mel_filter_bank
from mixtures import CHUNK_FRAMES, CHUNK_SAMPLES, Voice, conversation, cut_at_pauses, in_order_of, lay, sounding
from network import CLASS_ORDERS, SegmentationNetwork, powerset_classes
from objectives import frame_errors, likeness_loss, order_free_loss, targets
from student import Student
from waveform import FIRST_BIN, LAST_BIN, WaveFeatures

SURE = 30.0


def noise(seconds, seed=1):
    return torch.randn(1, int(16000 * seconds), generator=torch.Generator().manual_seed(seed)) * 0.1


def tone(seconds, hertz=300):
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(int(16000 * seconds)) / 16000)).astype(np.float32)


def answer_of(activity):
    """Log-probabilities of a network that is sure of this activity."""
    return (SURE * torch.nn.functional.one_hot(powerset_classes(activity), 7).float()).log_softmax(-1)


@pytest.fixture
def two_voices():
    """Four chunks of 50 frames: voice 0, both, voice 2, nobody."""
    activity = torch.zeros(4, 50, 3, dtype=torch.uint8)
    activity[:, :25, 0] = 1
    activity[:, 20:40, 2] = 1
    return activity


def test_the_convolution_is_the_front_end_of_the_speaker_model():
    samples = noise(2)
    front = WaveFeatures()
    front.floor.zero_()
    wanted = LogMel()(samples)[0].T
    found = front(samples[None])[0]
    difference = (found - wanted)[:, 2:-2]
    # one offset a band, the mean that is subtracted: the same in all frames
    assert (difference - difference.mean(1, keepdim=True)).abs().max() < 0.02
    bank = mel_filter_bank()
    assert bank[:, :FIRST_BIN].sum() == 0 and bank[:, LAST_BIN + 1:].sum() == 0


def test_level_does_not_matter_and_silence_is_finite():
    front = WaveFeatures()
    samples = noise(2)[None]
    assert (front(samples) - front(samples * 0.01)).abs().max() < 0.01
    samples[..., 16000:] = 0
    half = front(samples)[0]
    # nothing lies more than 45 dB below the mean of the window, which is 3 dB below that of its first half
    assert half[:, 2:98].mean() - half[:, 110:].mean() == pytest.approx(np.log(10) * 4.8, abs=0.7)
    assert torch.isfinite(front(torch.zeros(1, 1, 32000))).all()


def test_orders_of_the_classes_follow_the_voices(two_voices):
    from itertools import permutations
    for row, order in zip(CLASS_ORDERS, permutations(range(3))):
        # voice i of the truth is voice order[i] of the answer: class c is found in column row[c]
        moved = torch.empty_like(two_voices)
        for voice in range(3):
            moved[..., order[voice]] = two_voices[..., voice]
        assert torch.equal(row[powerset_classes(two_voices)], powerset_classes(moved))


def test_the_order_of_voices_costs_nothing_and_errors_do(two_voices):
    wanted = targets(two_voices, torch.nn.functional.one_hot(powerset_classes(two_voices), 7).float())
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        loss, _ = order_free_loss(answer_of(two_voices[..., order]), wanted)
        assert loss < 1e-6
        assert frame_errors(answer_of(two_voices[..., order]), two_voices).tolist() == [180, 0, 0, 0]
    one_voice = two_voices.clone()
    one_voice[..., 0] |= one_voice[..., 2]
    one_voice[..., 2] = 0
    # of the second voice: 15 frames alone are taken for the first, 5 of both are missed
    assert frame_errors(answer_of(one_voice), two_voices).tolist() == [180, 20, 0, 60]
    assert frame_errors(answer_of(torch.zeros_like(two_voices)), two_voices).tolist() == [180, 180, 0, 0]


def test_a_teacher_that_contradicts_the_truth_is_not_heard(two_voices):
    truth = torch.nn.functional.one_hot(powerset_classes(two_voices), 7).float()
    assert torch.equal(targets(two_voices, truth.roll(1, 2)), truth)
    soft = 0.9 * truth + 0.1 / 7
    assert torch.allclose(targets(two_voices, soft), 0.5 * truth + 0.5 * soft)


def test_likeness_is_best_where_each_voice_has_a_direction(two_voices):
    apart = two_voices.float() @ torch.eye(3, 8) * 5
    alike = torch.ones(4, 50, 8)
    assert likeness_loss(apart, two_voices) == pytest.approx(0, abs=1e-6)
    assert likeness_loss(alike, two_voices) == pytest.approx(2 * 20 * 15 / 35**2, abs=1e-6)


def test_pauses_of_a_third_of_a_second_are_silence_and_shorter_ones_speech():
    silence = np.zeros(16000, np.float32)
    piece = np.concatenate([tone(1), silence[:3200], tone(1), silence[:9600], tone(1)])
    active = sounding(piece + 1e-5)
    assert active[:110].all() and not active[111:139].any() and active[141:].all()
    assert sounding(silence[:100]).shape == (0,)


def test_long_utterances_are_cut_where_they_are_quiet():
    quiet = np.zeros(1600, np.float32)
    utterance = np.concatenate([np.concatenate([tone(0.9), quiet]) for _ in range(20)])
    rng = np.random.default_rng(1)
    for _ in range(20):
        piece = cut_at_pauses(utterance, rng)
        assert 16000 * 0.9 < len(piece) <= 16000 * 8
        assert np.abs(piece[:320]).max() == 0
    assert cut_at_pauses(tone(3), rng) is not None and len(cut_at_pauses(tone(3), rng)) == 48000


def test_what_begins_before_the_chunk_and_ends_after_it_is_cut_with_its_truth():
    mixed, active = np.zeros(CHUNK_SAMPLES, np.float32), np.zeros(CHUNK_FRAMES, bool)
    assert lay(tone(3), -2, mixed, active) == pytest.approx(1)
    assert np.abs(mixed[:15900]).max() > 0.09 and not mixed[16001:].any()
    assert active[:50].all() and not active[50:].any()
    assert lay(tone(3), 9, mixed, active) == pytest.approx(12)
    assert active[450:].all() and not active[50:450].any()
    assert lay(tone(1), -3, mixed, active) == pytest.approx(-2)


def test_a_conversation_sounds_where_its_truth_says_so():
    rng = np.random.default_rng(3)
    voices = [Voice((tone(2, hertz) * 32767).astype(np.int16), [(0, 32000)], 40) for hertz in (200, 700)]
    for _ in range(5):
        mixed, activity = conversation(voices, rng)
        level = np.sqrt(np.mean(mixed.reshape(CHUNK_FRAMES, -1) ** 2, axis=1))
        assert activity.shape == (CHUNK_FRAMES, 3) and not activity[:, 2].any()
        spoken = activity.any(1)
        assert spoken.any()
        # the pauses that count as speech are the only silent frames with a voice
        assert (level[~spoken] < 0.02).mean() > 0.95
        assert np.median(level[spoken]) > 0.02


def test_the_teachers_voices_are_put_in_the_order_of_the_truth(two_voices):
    truth = two_voices[0].numpy()
    answer = answer_of(two_voices[0][:, [2, 0, 1]]).exp().numpy()
    again = in_order_of(truth, answer)
    assert (again.argmax(1) == powerset_classes(two_voices[0]).numpy()).all()


def test_lower_layers_begin_at_the_speaker_model_and_the_file_answers_as_the_network(tmp_path):
    torch.manual_seed(1)
    speaker, network = Student(), SegmentationNetwork()
    network.take_voices(speaker)
    assert torch.equal(network.blocks[1].leave.weight, speaker.blocks[1].leave.weight)
    assert torch.equal(network.stem.weight, speaker.stem.weight)
    lower = {id(parameter) for parameter in network.lower()}
    assert id(network.widen.weight) in lower and id(network.out.weight) not in lower
    path = str(tmp_path / "network.onnx")
    assert write_onnx(network.eval(), path) < 0.002
    stored = onnx.load(path)
    assert {entry.key: entry.value for entry in stored.metadata_props} == METADATA
    assert sum(len(weight.raw_data) for weight in stored.graph.initializer) < 3e6
