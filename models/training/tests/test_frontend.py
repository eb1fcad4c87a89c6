"""Our log-mel against kaldi-native-fbank, which sherpa-onnx uses."""

import kaldi_native_fbank
import numpy as np
import pytest
import torch

from voice_prints_training.frontend import LogMel, mel_filter_bank, split_into_frames, subtract_mean


def kaldi(samples, high, snip):
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = snip
    options.frame_opts.samp_freq = 16000
    options.mel_opts.num_bins = 80
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = high
    bank = kaldi_native_fbank.OnlineFbank(options)
    bank.accept_waveform(16000, (samples * 32768).tolist())
    bank.input_finished()
    return np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)])


def voice_like(length):
    time = np.arange(length) / 16000
    tone = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 40))
    noise = np.random.default_rng(1).standard_normal(length)
    return (0.05 * tone * (1 + np.sin(2 * np.pi * 3 * time)) + 0.003 * noise).astype(np.float32)


@pytest.mark.parametrize(("high", "snip"), [(7600.0, False), (8000.0, True)])
@pytest.mark.parametrize("length", [16000, 20011, 33333])
def test_same_as_kaldi(high, snip, length):
    samples = voice_like(length)
    expected = kaldi(samples, high - 8000, snip)
    found = LogMel(high=high, snip_edges=snip)(torch.from_numpy(samples)[None])[0].numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 5e-3
    assert np.abs(found - expected).mean() < 1e-4


def test_filter_bank_covers_its_range_only():
    bank = mel_filter_bank()
    assert bank.shape == (80, 257)
    frequencies = torch.arange(257) * 16000 / 512
    assert bank[:, frequencies > 7600].sum() == 0
    assert bank[:, -1].sum() == 0
    assert ((bank >= 0) & (bank <= 1)).all()


def test_centred_frames_mirror_both_ends():
    samples = torch.arange(800.0)[None]
    frames = split_into_frames(samples, snip_edges=False)
    assert frames.shape == (1, 5, 400)
    assert frames[0, 0, :3].tolist() == [119.0, 118.0, 117.0]
    assert frames[0, 0, 120:123].tolist() == [0.0, 1.0, 2.0]
    assert frames[0, 4, -1] == 799 - (4 * 160 - 120 + 400 - 800 - 1)


def test_level_does_not_matter_after_mean_subtraction():
    samples = torch.from_numpy(voice_like(16000))[None]
    log_mel = LogMel()
    loud, quiet = subtract_mean(log_mel(samples)), subtract_mean(log_mel(samples * 0.01))
    assert (loud - quiet).abs().max() < 1e-3
