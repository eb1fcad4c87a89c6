"""Exports the trained network, its front end in the graph, in the layout that sherpa-onnx reads.

usage: export_network.py CHECKPOINT.pt OUT.onnx
Weights are stored as fp16 and computed in fp32, as in the speaker models.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from scipy.signal import lfilter

from network import POWERSET, VOICES, SegmentationNetwork, WaveSegmentation

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from export import add_metadata, store_as_half  # noqa: E402

WINDOW_SAMPLES = 160_000
FRAME_SAMPLES = 320
LARGEST_DIFFERENCE = 0.02
"""Of a probability, between the file with its halved weights and the network in PyTorch."""
METADATA = {
    "model_type": "pyannote-segmentation-3.0",
    "version": "1",
    "model_author": "voice-prints",
    "maintainer": "voice-prints",
    "license": "Apache-2.0",
    "comment": "layout of pyannote segmentation-3.0; network and weights of voice-prints",
    "num_speakers": str(VOICES),
    "powerset_max_classes": "2",
    "num_classes": str(len(POWERSET)),
    "sample_rate": "16000",
    "window_size": str(WINDOW_SAMPLES),
    "receptive_field_size": str(FRAME_SAMPLES),
    "receptive_field_shift": str(FRAME_SAMPLES),
}


def load_network(checkpoint: str) -> SegmentationNetwork:
    """The averaged network of a checkpoint of train.py, in evaluation mode."""
    saved = torch.load(checkpoint, weights_only=True)
    network = SegmentationNetwork(*saved["shape"])
    network.load_state_dict(saved["average"])
    return network.eval()


def write_onnx(network: SegmentationNetwork, path: str) -> float:
    """Writes the file -> the largest difference of a probability to PyTorch over three windows."""
    whole = WaveSegmentation(network).eval()
    torch.onnx.export(
        whole, (torch.randn(1, 1, WINDOW_SAMPLES) * 0.05,), path, input_names=["x"], output_names=["y"], opset_version=17,
        dynamo=False, dynamic_axes={"x": {2: "T"}, "y": {1: "F"}},
    )
    model = onnx.load(path)
    add_metadata(model, METADATA)
    store_as_half(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(1)
    worst = 0.0
    for colour in (0.0, 0.9, 0.99):
        noise = torch.randn(1, 1, WINDOW_SAMPLES, generator=generator)
        audio = torch.from_numpy(one_pole(noise.numpy(), colour))
        with torch.no_grad():
            expected = whole(audio).exp()
        found = torch.from_numpy(session.run(None, {"x": audio.numpy()})[0]).exp()
        worst = max(worst, float((found - expected).abs().max()))
    return worst


def one_pole(noise: np.ndarray, colour: float) -> np.ndarray:
    """Noise with less and less treble, loud in its first half only."""
    coloured = lfilter([1 - colour], [1, -colour], noise, axis=2) * 0.1
    coloured[..., noise.shape[2] // 2 :] *= 0.01
    return coloured.astype(np.float32)


def main() -> None:
    checkpoint, out = sys.argv[1:3]
    torch.set_num_threads(1)
    difference = write_onnx(load_network(checkpoint), out)
    print(f"{out}: {os.path.getsize(out)} bytes, largest difference of a probability to PyTorch {difference:.4f}")
    if difference > LARGEST_DIFFERENCE:
        sys.exit("the exported graph does not equal the network")


if __name__ == "__main__":
    main()
