"""The student as ONNX with sherpa-onnx metadata, weights stored as fp16 and computed in fp32.

usage: python -m voice_prints_training.speaker.export CHECKPOINT OUT.onnx [--fp32]
Beside OUT.onnx an OUT.fp32.onnx is written on request (--fp32). `restore` reads the weights back out of an
exported file, so that training can go on from a published model (train.py --start OUT.onnx).
"""

from __future__ import annotations

import argparse
import os

import onnx
import onnxruntime
import torch

from voice_prints_training.frontend import student_log_mel, subtract_mean
from voice_prints_training.onnx_files import add_metadata, store_as_half, stored_weights
from voice_prints_training.speaker.student import EMBEDDING_SIZE, Student

MODEL_ID = "voice-prints-2"
METADATA = {
    "framework": "3d-speaker",
    "language": "multilingual",
    "sample_rate": "16000",
    "normalize_samples": "0",
    "feature_normalize_type": "global-mean",
    "output_dim": str(EMBEDDING_SIZE),
    "version": "2",
    "comment": "voice-prints speaker embedding, second model",
    "window_type": "povey",
    "low_freq": "20",
    "high_freq": "7600",
    "snip_edges": "0",
    "model_id": MODEL_ID,
}


def load_student(path: str) -> Student:
    """A student in evaluation mode from a checkpoint of train.py, a plain state or an ONNX file."""
    if path.endswith(".onnx"):
        return restore(path)
    saved = torch.load(path, map_location="cpu", weights_only=False)
    shape = saved.get("shape", (256, 6, 512))
    state = saved.get("average") or saved
    network = Student(*shape)
    network.load_state_dict(state)
    return network.eval()


def restore(path: str) -> Student:
    """A student with the weights of an exported file, at fp16 precision; training can go on from it."""
    model = onnx.load(path)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    network = Student(*[int(number) for number in entries["student_shape"].split(",")])
    stored = stored_weights(model)
    state = network.state_dict()
    for name in state:
        if name in stored:
            state[name] = stored[name].reshape(state[name].shape)
        elif not name.endswith("num_batches_tracked"):
            raise ValueError(f"{path} holds no {name}")
    network.load_state_dict(state)
    return network.eval()


def write_onnx(network: Student, path: str, half: bool) -> None:
    """Export with every parameter and statistic under its own name (nothing folded), so that `restore` finds them."""
    example = torch.randn(2, 298, 80)
    torch.onnx.export(
        network,
        (example,),
        path,
        input_names=["x"],
        output_names=["embedding"],
        dynamic_axes={"x": {0: "N", 1: "T"}, "embedding": {0: "N"}},
        opset_version=17,
        dynamo=False,
        do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        keep_initializers_as_inputs=False,
    )
    model = onnx.load(path)
    add_metadata(model, {**METADATA, "student_shape": ",".join(str(number) for number in network.shape)})
    if half:
        store_as_half(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def agreement(path: str, network: Student) -> float:
    """The smallest cosine between the file and the network in PyTorch over noises of several lengths."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(1)
    worst = 1.0
    for batch, samples in ((1, 12345), (2, 32000), (3, 64000), (1, 240000)):
        audio = torch.cumsum(torch.randn(batch, samples, generator=generator), 1) * 0.01
        features = subtract_mean(student_log_mel(audio))
        with torch.no_grad():
            expected = network(features)
        found = torch.from_numpy(session.run(None, {"x": features.numpy()})[0])
        worst = min(worst, float(torch.nn.functional.cosine_similarity(found, expected).min()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--fp32", action="store_true", help="write OUT.fp32.onnx too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_student(options.checkpoint)
    targets = [(options.out, True)]
    if options.fp32:
        targets.append((options.out.replace(".onnx", ".fp32.onnx"), False))
    for path, half in targets:
        write_onnx(network, path, half)
        print(path, os.path.getsize(path), "bytes, cosine to PyTorch at least", agreement(path, network))
        again = restore(path)
        print("restored from the file: cosine at least", agreement(path, again))


if __name__ == "__main__":
    main()
