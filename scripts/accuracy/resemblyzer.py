"""Embeddings of resemblyzer (PyPI, Apache-2.0), for scripts/accuracy/ladder.mjs:
    python resemblyzer.py SOUNDS.f32 LENGTHS.json VECTORS.f32
Needs `pip install torch librosa webrtcvad-wheels` and `pip install --no-deps resemblyzer==0.1.4`. Each
sound is brought to its loudness, as its own preprocessing does; utterances of the corpus are trimmed already, so that
nothing is cut as silence."""

import json
import sys

import numpy as np
import torch

# This file's own name would hide the package: the folder of the script leaves the search path.
sys.path.pop(0)
from resemblyzer import VoiceEncoder  # noqa: E402
from resemblyzer.audio import normalize_volume  # noqa: E402

TARGET_DBFS = -30  # resemblyzer's hparams.audio_norm_target_dBFS


def main(sounds_path: str, lengths_path: str, vectors_path: str) -> None:
    with open(lengths_path, encoding="utf-8") as file:
        lengths = json.load(file)
    sounds = np.split(np.fromfile(sounds_path, dtype=np.float32), np.cumsum(lengths)[:-1])
    torch.set_num_threads(1)  # a small recurrent network: more threads only wait for each other
    encoder = VoiceEncoder("cpu", verbose=False)
    vectors = [encoder.embed_utterance(normalize_volume(sound, TARGET_DBFS, increase_only=True)) for sound in sounds]
    np.stack(vectors).astype(np.float32).tofile(vectors_path)


if __name__ == "__main__":
    main(*sys.argv[1:])
