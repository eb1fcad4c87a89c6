"""The CAM++ teacher as a single ONNX file with sherpa-onnx metadata, checked against PyTorch.

usage: python -m voice_prints_training.speaker.export_teacher OUT.onnx
For use with this project's `models add`, as an example of somebody else's model. The file is Apache-2.0 work of
3D-Speaker; it is not part of this project. Its own front end: povey window, 20-8000 Hz, snipped edges, samples
x 32768. sherpa-onnx reads `normalize_samples=0` (x 32768) but applies 20-7600 Hz and centred frames to every model;
the keys window_type, low_freq, high_freq and snip_edges tell a program that reads them what the network was trained on.
"""

from __future__ import annotations

import argparse
import os

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from voice_prints_training.frontend import subtract_mean, teacher_log_mel
from voice_prints_training.onnx_files import add_metadata
from voice_prints_training.speaker.teacher import EMBEDDING_SIZE, load_teacher

METADATA = {
    "framework": "3d-speaker",
    "language": "Chinese, English",
    "sample_rate": "16000",
    "normalize_samples": "0",
    "feature_normalize_type": "global-mean",
    "output_dim": str(EMBEDDING_SIZE),
    "version": "1",
    "url": "https://github.com/modelscope/3D-Speaker",
    "comment": "CAM++ zh-en common advanced, 3D-Speaker, Apache-2.0",
    "window_type": "povey",
    "low_freq": "20",
    "high_freq": "8000",
    "snip_edges": "1",
}
TOLERANCE = 1e-4


class SegmentMeans(torch.nn.Module):
    """Means over stretches of 100 frames, handed back to each frame of its stretch, for any number of frames.

    The network's own version takes its lengths from the traced example; this one pads with zeros and counts."""

    length = 100

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames) -> the same shape"""
        frames = x.shape[2]
        missing = (self.length - frames % self.length) % self.length
        ones = torch.ones_like(x[:1, :1])
        padding = torch.zeros_like(x[:, :, :1]).expand(-1, -1, missing)
        padded = torch.cat([x, padding], 2).reshape(x.shape[0], x.shape[1], -1, self.length)
        counted = torch.cat([ones, padding[:1, :1]], 2).reshape(1, 1, -1, self.length)
        means = padded.sum(3, keepdim=True) / counted.sum(3, keepdim=True)
        return means.expand(-1, -1, -1, self.length).flatten(2)[:, :, :frames]


def make_exportable(network: nn.Module) -> nn.Module:
    """Replace the segment means of every layer by the version above."""
    for module in network.modules():
        if hasattr(module, "seg_pooling"):
            module.seg_pooling = SegmentMeans()
    return network


def compare(path: str, network: nn.Module) -> float:
    """The largest difference of unit vectors between the file and PyTorch, over several lengths and batch sizes."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    generator = torch.Generator().manual_seed(3)
    for batch, samples in ((1, 16000), (2, 32000), (1, 48123), (3, 64000), (1, 163000)):
        audio = torch.randn(batch, samples, generator=generator) * 0.1
        audio = torch.cumsum(audio, 1) * 0.05
        features = subtract_mean(teacher_log_mel(audio))
        with torch.no_grad():
            expected = torch.nn.functional.normalize(network(features)).numpy()
        found = session.run(None, {"x": features.numpy()})[0]
        found = found / np.linalg.norm(found, axis=1, keepdims=True)
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    temporary = options.out + ".part"
    torch.onnx.export(
        make_exportable(load_teacher()),
        (torch.randn(2, 298, 80),),
        temporary,
        input_names=["x"],
        output_names=["embedding"],
        dynamic_axes={"x": {0: "N", 1: "T"}, "embedding": {0: "N"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(temporary)
    add_metadata(model, METADATA)
    onnx.save(model, temporary)
    worst = compare(temporary, load_teacher())
    print(f"largest difference to PyTorch {worst:.2e}")
    if worst > TOLERANCE:
        raise SystemExit("the exported file differs from the network")
    os.replace(temporary, options.out)
    print(options.out, os.path.getsize(options.out), "bytes")


if __name__ == "__main__":
    main()
