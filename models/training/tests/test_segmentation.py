"""The segmentation network's features, mixtures, losses and export."""

import numpy as np
import onnx
import pytest
import soundfile
import torch

from voice_prints_training.augment import set_level
from voice_prints_training.frontend import LogMel, mel_filter_bank
from voice_prints_training.segmentation import talk
from voice_prints_training.segmentation.export import METADATA, restore_network, settle_norms, write_onnx
from voice_prints_training.segmentation.mixtures import in_order_of
from voice_prints_training.segmentation.network import CLASS_ORDERS, SegmentationNetwork, powerset_classes
from voice_prints_training.segmentation.objectives import frame_errors, likeness_loss, order_free_loss, targets
from voice_prints_training.segmentation.rooms import simulate
from voice_prints_training.segmentation.scenes import HELD_OUT_ROOMS, PLACES, Scenes
from voice_prints_training.segmentation.sounds import level_control
from voice_prints_training.segmentation.talk import (
    CHUNK_FRAMES,
    CHUNK_SAMPLES,
    Manner,
    Voice,
    converse,
    cut_at_pauses,
    cut_short,
    keep_three,
    lay,
    sounding,
)
from voice_prints_training.segmentation.train import Mixtures, RestingLayers, Training
from voice_prints_training.segmentation.waveform import FIRST_BIN, LAST_BIN, WaveFeatures
from voice_prints_training.speaker.student import Student

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
    assert bank[:, :FIRST_BIN].sum() == 0 and bank[:, LAST_BIN + 1 :].sum() == 0


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


def two_tones():
    return [Voice((tone(2, hertz) * 32767).astype(np.int16), [(0, 32000)]) for hertz in (200, 700)]


def test_a_conversation_sounds_where_its_truth_says_so(monkeypatch):
    monkeypatch.setattr(talk, "laughter", lambda voiced, rng: np.zeros(1600, np.float32))
    rng = np.random.default_rng(3)
    for _ in range(8):
        tracks, activity = converse(two_tones(), rng)
        assert tracks.shape == (2, CHUNK_SAMPLES) and activity.shape == (CHUNK_FRAMES, 2)
        for track, active in zip(tracks, activity.T):
            level = np.sqrt(np.mean(track.reshape(CHUNK_FRAMES, -1) ** 2, axis=1))
            # pauses under .3 s count as speech; the edges of a piece lie within a frame of its truth
            assert (level[~active] < 0.02).mean() > 0.95
            assert not active.any() or np.median(level[active]) > 0.01


def test_laughter_is_heard_and_is_no_speech(monkeypatch):
    monkeypatch.setattr(talk.Manner, "draw", staticmethod(lambda rng: Manner(0, 0, 0.1, 1, laughs=1)))
    heard = 0
    for seed in range(4):
        tracks, activity = converse(two_tones(), np.random.default_rng(seed))
        level = np.sqrt(np.mean(tracks.sum(0).reshape(CHUNK_FRAMES, -1) ** 2, axis=1))
        heard += int((level[~activity.any(1)] > 0.01).sum())
    assert heard > 50


def test_of_six_voices_the_three_that_speak_most_are_kept():
    tracks = np.arange(6, dtype=np.float32)[:, None] * np.ones((1, CHUNK_SAMPLES), np.float32)
    activity = np.zeros((CHUNK_FRAMES, 6), bool)
    for voice, frames in enumerate((5, 90, 0, 30, 60, 20)):
        activity[:frames, voice] = True
    kept, active = keep_three(tracks, activity)
    assert kept[:, 0].tolist() == [1, 3, 4]
    assert active.sum(0).tolist() == [90, 30, 60]
    kept, active = keep_three(tracks[:1], activity[:, :1])
    assert kept.shape == (3, CHUNK_SAMPLES) and active.sum(0).tolist() == [5, 0, 0]


def test_a_backchannel_is_short_and_begins_and_ends_softly():
    word = cut_short(tone(3), 8000, np.random.default_rng(1))
    assert word.shape == (8000,) and word[0] == 0 and word[-1] == 0
    assert np.abs(word[2000:6000]).max() == pytest.approx(0.1, rel=0.01)


def test_simulated_rooms_reverberate_as_long_as_asked_and_fade_with_distance():
    for seed in range(3):
        responses, distances, reverberation = simulate(np.random.default_rng(seed))
        energy = np.square(responses)
        assert energy.sum(1).max() == pytest.approx(1)
        assert energy.sum(1).argmax() == distances.argmin()
        farthest = energy[distances.argmax()]
        left = np.cumsum(farthest[::-1])[::-1]
        decibels = 10 * np.log10(left / left[0] + 1e-12)
        measured = 3 * ((decibels < -25).argmax() - (decibels < -5).argmax()) / 16000
        assert measured == pytest.approx(reverberation, rel=0.3)


def test_levels_are_as_recorders_store_them():
    rng = np.random.default_rng(2)
    peaks = []
    for _ in range(40):
        stored = set_level(tone(1), rng) * 32768
        assert np.abs(stored - np.round(stored)).max() < 1e-3
        peaks.append(np.abs(stored).max() / 32768)
    assert min(peaks) < 0.01 and max(peaks) <= 1 and max(peaks) > 0.1


def test_level_control_brings_quiet_passages_up():
    samples = np.concatenate([tone(3), 0.05 * tone(5)])
    even = level_control(samples, np.random.default_rng(1))
    ratio = np.abs(samples[:40000]).max() / np.abs(samples[-16000:]).max()
    assert np.abs(even[20000:40000]).max() / np.abs(even[-16000:]).max() < 0.8 * ratio


@pytest.fixture
def scenes(tmp_path):
    for folder in ("noise", "rir"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "a.wav", np.random.default_rng(2).standard_normal(20000) * 0.1, 16000)
    rooms = np.zeros((HELD_OUT_ROOMS + 1, 6, 400), np.float16)
    rooms[..., 0] = 1
    np.savez(tmp_path / "rooms.npz", responses=rooms)
    return Scenes(tmp_path, tmp_path / "rooms.npz", held_out=False)


def test_every_scene_is_finite_and_within_full_scale_even_when_nobody_speaks(scenes):
    rng = np.random.default_rng(5)
    for talkers in range(4):
        for _ in range(12):
            tracks = np.zeros((3, CHUNK_SAMPLES), np.float32)
            for track in tracks[:talkers]:
                track[:] = tone(10)
            samples = scenes(tracks, rng)
            assert samples.shape == (CHUNK_SAMPLES,) and samples.dtype == np.float32
            assert np.isfinite(samples).all() and np.abs(samples).max() <= 1


@pytest.mark.parametrize("place", PLACES)
def test_voices_that_are_silent_stay_out_of_every_place(scenes, place):
    rng = np.random.default_rng(1)
    silent = np.zeros((3, 32000), np.float32)
    loud = silent.copy()
    loud[1] = tone(2)
    assert np.sqrt(np.mean(scenes.place(loud, place, rng) ** 2)) > 10 * np.sqrt(
        np.mean(scenes.place(silent, place, rng) ** 2)
    )


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
    features = WaveFeatures()(noise(10)[None]) + torch.randn(6, 80, 1000) * 0.5
    again = restore_network(path)
    with torch.no_grad():
        expected = network(features).exp()
        assert (again(features).exp() - expected).abs().max() < 0.002
        # norms that are measured anew answer as before, and in training nearly so
        settle_norms(again, features)
        assert (again(features).exp() - expected).abs().max() < 0.002
        torch.manual_seed(2)
        assert (again.train()(features).exp() - expected).abs().mean() < 0.02
    stored = onnx.load(path)
    assert {entry.key: entry.value for entry in stored.metadata_props} == METADATA
    assert sum(len(weight.raw_data) for weight in stored.graph.initializer) < 3e6


@pytest.fixture
def shards(tmp_path):
    generator = np.random.default_rng(4)
    activity = np.zeros((40, 100, 3), np.uint8)
    activity[:, :60, 0] = 1
    activity[:, 50:90, 1] = 1
    features = generator.standard_normal((40, 80, 200)).astype(np.float16)
    features[:, :40] += 2 * np.repeat(activity[:, :, 0], 2, 1)[:, None]
    features[:, 40:] += 2 * np.repeat(activity[:, :, 1], 2, 1)[:, None]
    teacher = np.full((40, 100, 7), 1 / 7, np.float16)
    np.savez(tmp_path / "1-000.npz", features=features, activity=activity, teacher=teacher)
    return Mixtures(tmp_path, "[0-9]*.npz")


def test_training_goes_on_where_it_was_saved_and_learns(tmp_path, shards):
    torch.manual_seed(5)
    training = Training(SegmentationNetwork(1, 16, 8), 5e-3)
    rows = shards.rows[:32]
    activity, teacher = shards.stack("activity", rows), shards.stack("teacher", rows).float()
    frames = RestingLayers(training.network, shards)(rows)
    losses = [training.learn(frames, activity, teacher, 1.0) for _ in range(60)]
    assert losses[-1] < 0.7 * losses[0]
    path = tmp_path / "state.pt"
    training.save(path)
    again = Training(SegmentationNetwork(1, 16, 8), 5e-3)
    again.load(path)
    torch.manual_seed(6)
    expected = training.learn(frames, activity, teacher, 1.0)
    torch.manual_seed(6)
    assert again.learn(frames, activity, teacher, 1.0) == pytest.approx(expected, abs=1e-4)
    assert again.step == 61


def test_resting_layers_answer_as_the_network_does(shards):
    network = SegmentationNetwork(1, 16, 8)
    rows = shards.rows[:4]
    resting = RestingLayers(network, shards)
    first = resting(rows)
    with torch.no_grad():
        expected = network.eval().lower_frames(shards.stack("features", rows).float())
    assert (first - expected).abs().max() < 0.05 * expected.abs().max()
    assert torch.equal(resting(rows[::-1]), first.flip(0))
