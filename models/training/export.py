"""export.py CHECKPOINT OUT.onnx: the student as ONNX with sherpa-onnx metadata, weights stored as fp16 (computed in fp32).

Beside OUT.onnx an OUT.fp32.onnx is written on request (--fp32). `restore` reads the weights back out of an
exported file, so that training can go on from a published model (distil.py --start OUT.onnx).
"""
import argparse
import os

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from frontend import student_log_mel, subtract_mean
from student import EMBEDDING_SIZE, Student, convert_first_student

MODEL_ID = "voice-prints-2"
METADATA = {
    "framework": "3d-speaker", "language": "multilingual", "sample_rate": "16000", "normalize_samples": "0",
    "feature_normalize_type": "global-mean", "output_dim": str(EMBEDDING_SIZE), "version": "2",
    "comment": "voice-prints speaker embedding, second model",
    "window_type": "povey", "low_freq": "20", "high_freq": "7600", "snip_edges": "0", "model_id": MODEL_ID,
}
SMALLEST_STORED_AS_HALF = 257
HALF_SUFFIX = "_half"
STATE_PREFIX = "state:"


def add_metadata(model, entries):
    """Write key-value pairs into an ONNX model."""
    for key, value in entries.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value


def store_as_half(model):
    """Keep larger float weights as fp16 with a cast to fp32 before their use; runtimes fold the cast when loading."""
    casts = []
    for weight in list(model.graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALLEST_STORED_AS_HALF:
            continue
        name = weight.name
        model.graph.initializer.remove(weight)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name + HALF_SUFFIX))
        casts.append(helper.make_node("Cast", [name + HALF_SUFFIX], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    return model


def load_student(path):
    """A student in evaluation mode from a checkpoint of distil.py, a plain state, the first student or an ONNX file."""
    if path.endswith(".onnx"):
        return restore(path)
    saved = torch.load(path, map_location="cpu", weights_only=False)
    shape = saved.get("shape", (256, 6, 512))
    state = saved.get("average") or saved
    if "n0.weight" in state:
        state = convert_first_student(state)
    network = Student(*shape)
    network.load_state_dict(state)
    return network.eval()


def restore(path):
    """A student with the weights of an exported file, at fp16 precision; training can go on from it."""
    model = onnx.load(path)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    network = Student(*[int(number) for number in entries["student_shape"].split(",")])
    stored = {}
    for weight in model.graph.initializer:
        name = weight.name[:-len(HALF_SUFFIX)] if weight.name.endswith(HALF_SUFFIX) else weight.name
        stored[name] = torch.from_numpy(numpy_helper.to_array(weight).astype(np.float32))
    for node in model.graph.node:
        # The exporter keeps equal weights once and names the others after them.
        if node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    state = network.state_dict()
    for name in state:
        if name in stored:
            state[name] = stored[name].reshape(state[name].shape)
        elif not name.endswith("num_batches_tracked"):
            raise ValueError(f"{path} holds no {name}")
    network.load_state_dict(state)
    return network.eval()


def write_onnx(network, path, half):
    """Export with every parameter and running statistic under its own name (nothing folded), so `restore` finds them."""
    example = torch.randn(2, 298, 80)
    torch.onnx.export(network, (example,), path, input_names=["x"], output_names=["embedding"],
                      dynamic_axes={"x": {0: "N", 1: "T"}, "embedding": {0: "N"}}, opset_version=17, dynamo=False,
                      do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE, keep_initializers_as_inputs=False)
    model = onnx.load(path)
    add_metadata(model, {**METADATA, "student_shape": ",".join(str(number) for number in network.shape)})
    if half:
        store_as_half(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def agreement(path, network):
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


def main():
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
