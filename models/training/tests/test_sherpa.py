"""sherpa-onnx loads an exported model by its metadata and gives the vectors that our own front end gives."""

import glob
import os

import numpy as np
import pytest
import torch

from tests.test_frontend import voice_like
from voice_prints_training.augment import read_mono
from voice_prints_training.speaker.evaluate import make_embedder
from voice_prints_training.speaker.export import write_onnx
from voice_prints_training.speaker.student import Student

sherpa_onnx = pytest.importorskip("sherpa_onnx")


def sherpa_embedding(path, samples):
    config = sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=path, num_threads=1)
    extractor = sherpa_onnx.SpeakerEmbeddingExtractor(config)
    stream = extractor.create_stream()
    stream.accept_waveform(16000, samples)
    stream.input_finished()
    return np.array(extractor.compute(stream))


def cosine(one, other):
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_same_vectors_from_a_small_student(tmp_path):
    torch.manual_seed(0)
    path = str(tmp_path / "small.onnx")
    write_onnx(Student(32, 3, 32).eval(), path, half=True)
    embed = make_embedder(path)
    for length in (16000, 40123):
        samples = voice_like(length)
        assert cosine(sherpa_embedding(path, samples), embed(torch.from_numpy(samples)[None])) > 0.9999


@pytest.mark.skipif(
    "MODEL" not in os.environ or "CORPUS" not in os.environ,
    reason="set MODEL to an exported file and CORPUS to the corpus",
)
def test_same_vectors_on_real_speech():
    path = os.environ["MODEL"]
    embed = make_embedder(path)
    worst = 1.0
    for name in ("librispeech", "speechocean762", "wuw2", "gcompris"):
        for recording in sorted(glob.glob(os.path.join(os.environ["CORPUS"], name, "*.opus")))[:3]:
            samples = read_mono(recording)
            for seconds in (1, 2, 7.7):
                part = samples[16000 : 16000 + int(16000 * seconds)]
                worst = min(worst, cosine(sherpa_embedding(path, part), embed(torch.from_numpy(part)[None])))
    print(f"smallest cosine {worst:.7f}")
    assert worst > 0.9999
