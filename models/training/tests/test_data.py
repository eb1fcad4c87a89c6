"""Voices and their variations, cutting, damage, shards."""

import json

import numpy as np
import torch

from voice_prints_training.augment import Damage, a_law, lose_packets, mix_at, mu_law, power, telephone
from voice_prints_training.speaker.prepare import CHUNK, cut, sessions
from voice_prints_training.speaker.shards import Shards, roughen
from voice_prints_training.voices import (
    FASTEST,
    LEAST_UNLIKE,
    SLOWEST,
    SPEED_STEPS,
    VARIATIONS,
    VoiceNumbers,
    change_speed,
    draw_variation,
    held_out_speakers,
    move_formants,
    training_rows,
)


def tone(frequency, seconds=4.0):
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(int(16000 * seconds)) / 16000)).astype(np.float32)


def loudest_frequency(samples):
    return np.abs(np.fft.rfft(samples)).argmax() * 16000 / len(samples)


def test_every_speaker_in_every_variation_is_a_voice_of_its_own():
    numbers = VoiceNumbers([{"speaker": "b"}, {"speaker": "a"}, {"speaker": None}, {"speaker": "a"}])
    found = {numbers.number(speaker, variation) for speaker in "ab" for variation in range(VARIATIONS)}
    assert found == set(range(2 * VARIATIONS))
    assert numbers.count == 2 * VARIATIONS
    assert numbers.number(None, 0) == -1


def test_development_speakers_are_never_training_rows(tmp_path):
    rows = [
        {"speaker": "x", "split": "dev"},
        {"speaker": "y", "split": "train"},
        {"speaker": None, "split": "unlabelled"},
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    kept = training_rows(tmp_path)
    assert [row["split"] for row in kept] == ["train", "unlabelled"]
    assert [row["row"] for row in kept] == [1, 2]


def test_every_twelfth_speaker_is_held_out_in_all_variations():
    rows = [{"speaker": None}, *({"speaker": f"{number:02}"} for number in range(25))]
    assert held_out_speakers(rows) == {"00", "12", "24"}
    assert VoiceNumbers(rows).of({"12"}) == list(range(12 * VARIATIONS, 13 * VARIATIONS))


def write_shard(folder, voices):
    """A shard of noise: a chunk for each class number, all asked about."""
    rng = np.random.default_rng(1)
    folder.mkdir()
    for name in ("clean", "damaged"):
        np.save(folder / f"a0_0000.{name}.npy", rng.standard_normal((len(voices), 400, 80)).astype(np.float16))
    np.savez(
        folder / "a0_0000.npz",
        target=rng.standard_normal((len(voices), 192)).astype(np.float16),
        hint=np.zeros((len(voices), 200, 4), np.float16),
        hint_row=np.arange(len(voices), dtype=np.int32),
        voice=np.array(voices),
        group=np.array([f"{voice}/0" for voice in voices]),
        set=np.array(["librispeech"] * len(voices)),
    )


def test_no_chunk_of_a_voice_held_out_is_dealt(tmp_path):
    rows = [{"speaker": f"{number:02}"} for number in range(12)]
    held, varied, heard = 0, 3, VARIATIONS
    write_shard(tmp_path / "shards", [held, varied, heard])
    dealt = Shards(str(tmp_path), rows, hold_out=True).batch(64, 100, 0.5, np.random.default_rng(0))
    assert set(dealt[2].tolist()) == {heard}
    everything = Shards(str(tmp_path), rows).batch(64, 100, 0.5, np.random.default_rng(0))
    assert set(everything[2].tolist()) == {held, varied, heard}
    assert not Shards(str(tmp_path), rows, hold_out=True).seen[held]


def test_speed_moves_the_pitch_and_the_length():
    fast = change_speed(tone(500), 44)
    assert abs(len(fast) - 64000 * 40 / 44) < 2
    assert abs(loudest_frequency(fast) - 550) < 1
    assert np.array_equal(change_speed(tone(500), SPEED_STEPS), tone(500))


def centre(samples):
    """Of the spectrum between 800 and 2400 Hz, in Hz."""
    weight = np.abs(np.fft.rfft(samples))[3200:9600] ** 2
    return (weight * np.arange(3200, 9600) / 4).sum() / weight.sum()


def test_formants_move_and_the_pitch_stays():
    pulses = np.zeros(64000, np.float32)
    pulses[::160] = 1
    time = np.arange(400) / 16000
    resonance = np.exp(-1200 * time) * np.sin(2 * np.pi * 1500 * time)
    speech = np.convolve(pulses, resonance)[:64000].astype(np.float32)
    moved = move_formants(speech, 1.1)
    assert moved.shape == speech.shape and moved.dtype == np.float32
    assert abs(centre(speech) - 1500) < 60
    assert 90 < centre(moved) - centre(speech) < 200
    power_spectrum = np.abs(np.fft.rfft(moved[8000:40000])) ** 2
    assert power_spectrum[::200].sum() > 0.9 * power_spectrum.sum()  # still at multiples of 100 Hz
    assert np.abs(move_formants(speech, 1.0) - speech)[400:-400].max() < 1e-3


def test_a_variation_is_never_nearly_the_voice_as_recorded():
    rng = np.random.default_rng(1)
    for _ in range(200):
        fortieths, factor = draw_variation(rng)
        assert SLOWEST <= fortieths <= FASTEST and abs(fortieths - SPEED_STEPS) >= LEAST_UNLIKE
        assert 0.9 <= factor <= 1.12


def test_chunks_are_four_seconds_and_reach_the_end():
    assert list(cut(tone(100, 0.5))) == []
    assert [len(chunk) for chunk in cut(tone(100, 1.5))] == [CHUNK]
    assert len(list(cut(tone(100, 8)))) == 2
    assert len(list(cut(tone(100, 10)))) == 3
    assert len(list(cut(tone(100, 9)))) == 2


def test_sessions_are_joined_apart():
    row = {"speaker": "a", "utterances": [[0, 3, "x"], [4, 6, "y"], [7, 9, "x"]]}
    found = dict(sessions(row, np.arange(10)))
    assert found["x"].tolist() == [0, 1, 2, 7, 8] and found["y"].tolist() == [4, 5]


def test_companding_is_fine_near_zero_and_coarse_at_the_top():
    for law in (mu_law, a_law):
        values = np.linspace(-1, 1, 1001).astype(np.float32)
        coded = law(values)
        assert np.abs(coded - values).max() < 0.05
        assert np.abs(law(np.float32([0.001])) - 0.001).max() < 1e-3
        assert len(np.unique(coded)) <= 255


def test_noise_is_mixed_at_the_wanted_ratio():
    noise = np.random.default_rng(0).standard_normal(64000).astype(np.float32)
    speech = tone(300)
    added = mix_at(speech, noise, 10) - speech
    assert abs(10 * np.log10(power(speech) / power(added)) - 10) < 0.01


def test_a_telephone_has_no_high_frequencies():
    noise = np.random.default_rng(0).standard_normal(64000).astype(np.float32) * 0.1
    heard = telephone(noise, np.random.default_rng(3))
    assert heard.shape == noise.shape and heard.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(heard)) ** 2
    frequencies = np.fft.rfftfreq(64000, 1 / 16000)
    assert spectrum[frequencies > 4300].sum() < 0.02 * spectrum.sum()


def test_lost_packets_are_silent():
    heard = lose_packets(np.ones(8000, np.float32), 8000, np.random.default_rng(1))
    assert 0 < (heard == 0).sum() <= 4 * 160


def test_damage_keeps_length_and_repeats_with_its_seed(tmp_path):
    import soundfile

    for folder in ("noise", "rir"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "a.wav", np.random.default_rng(2).standard_normal(20000) * 0.1, 16000)
    once, twice = Damage(str(tmp_path), 4), Damage(str(tmp_path), 4)
    for _ in range(8):
        first, second = once(tone(200)), twice(tone(200))
        assert first.shape == (64000,) and np.isfinite(first).all()
        assert np.array_equal(first, second)


def test_roughened_features_stay_finite_and_are_mean_free_where_untouched():
    features = torch.randn(6, 100, 80) + 8
    plain = roughen(features.clone(), np.random.default_rng(0), 0, 0, 0, 0)
    assert plain.mean(1).abs().max() < 1e-5
    assert torch.isfinite(roughen(features, np.random.default_rng(0), 1, 1, 1, 1)).all()
