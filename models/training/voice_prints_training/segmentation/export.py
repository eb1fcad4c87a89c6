"""Exports the trained network, its front end in the graph, in the layout that sherpa-onnx reads.

usage: python -m voice_prints_training.segmentation.export CHECKPOINT.pt OUT.onnx
Weights are stored as fp16 and computed in fp32, as in the speaker models. `restore_network` reads an exported file
back, so that training can go on from a published model.
"""

from __future__ import annotations

import os
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from scipy.signal import lfilter
from torch import nn

from voice_prints_training.onnx_files import add_metadata, store_as_half, stored_weights
from voice_prints_training.segmentation.network import POWERSET, VOICES, SegmentationNetwork, WaveSegmentation

WINDOW_SAMPLES = 160_000
FRAME_SAMPLES = 320
LARGEST_DIFFERENCE = 0.02
"""Of a probability, between the file with its halved weights and the network in PyTorch."""
NORM_EPSILON = nn.BatchNorm2d(1).eps
SHAPE = (2, 128, 96)
"""Blocks, width, recurrent width of the published networks."""
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


def restore_network(path: str, shape: tuple[int, int, int] = SHAPE) -> SegmentationNetwork:
    """The network of an exported file, in evaluation mode; training goes on from it once `settle_norms` has run.

    The exporter folds each norm into the convolution before it. Here the convolution keeps the folded weights and the
    norm adds the folded bias.
    """
    model = onnx.load(path)
    graph, stored = model.graph, stored_weights(model)
    network = SegmentationNetwork(*shape)
    state = network.state_dict()
    for name in state:
        if f"network.{name}" in stored:
            state[name] = stored[f"network.{name}"]
    folded = [node for node in graph.node if node.op_type == "Conv" and node.input[1].startswith("onnx::")]
    convolutions = [
        name for name, module in network.named_modules() if isinstance(module, nn.Conv2d) and module.bias is None
    ]
    if len(folded) != len(convolutions):
        raise ValueError(f"{path} holds {len(folded)} convolutions where {len(convolutions)} are expected")
    for node, name in zip(folded, sorted(convolutions, key=running_order)):
        norm = f"{name}_norm"
        state[f"{name}.weight"] = stored[node.input[1]]
        state[f"{norm}.weight"] = torch.full_like(state[f"{norm}.weight"], (1 + NORM_EPSILON) ** 0.5)
        state[f"{norm}.bias"] = stored[node.input[2]]
        state[f"{norm}.running_mean"] = torch.zeros_like(state[f"{norm}.running_mean"])
        state[f"{norm}.running_var"] = torch.ones_like(state[f"{norm}.running_var"])
    for node, name in zip([node for node in graph.node if node.op_type == "LSTM"], ("memory1", "memory2")):
        inward, onward, bias = (stored[key] for key in node.input[1:4])
        for direction, suffix in enumerate(("", "_reverse")):
            state[f"{name}.weight_ih_l0{suffix}"] = gates_of_torch(inward[direction])
            state[f"{name}.weight_hh_l0{suffix}"] = gates_of_torch(onward[direction])
            own, other = bias[direction].chunk(2)
            state[f"{name}.bias_ih_l0{suffix}"], state[f"{name}.bias_hh_l0{suffix}"] = (
                gates_of_torch(own),
                gates_of_torch(other),
            )
    (product,) = [node for node in graph.node if node.op_type == "MatMul" and node.input[1].startswith("onnx::")]
    state["out.weight"] = stored[product.input[1]].T
    network.load_state_dict(state)
    return network.eval()


def running_order(name: str) -> tuple[int, ...]:
    """Where a convolution stands in the graph."""
    top, *rest = name.split(".")
    place = ["stem", "stem_block1", "stem_block2", "widen", "blocks", "narrow"].index(top)
    inner = ["first", "second", "shortcut", "enter", "context", "leave"]
    return (place, *(int(part) if part.isdigit() else inner.index(part) for part in rest))


def gates_of_torch(rows: torch.Tensor) -> torch.Tensor:
    """Rows of an ONNX LSTM (input, output, forget, cell) -> in the order of PyTorch (input, forget, cell, output)."""
    gate_in, gate_out, forget, cell = rows.chunk(4)
    return torch.cat([gate_in, forget, cell, gate_out])


@torch.no_grad()
def settle_norms(network: SegmentationNetwork, features: torch.Tensor) -> None:
    """Gives each norm the mean and deviation that its input has on these features, and undoes both in its weights.

    The network answers as before in evaluation mode, and in training mode nearly so."""

    def settle(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor], _: torch.Tensor) -> None:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        variance, mean = torch.var_mean(inputs[0].float(), dim=(0, 2, 3), unbiased=False)
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_((mean - norm.running_mean) * scale)
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)

    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    handles = [norm.register_forward_hook(settle) for norm in norms]
    network.eval()(features)
    for handle in handles:
        handle.remove()


def write_onnx(network: SegmentationNetwork, path: str) -> float:
    """Writes the file -> the largest difference of a probability to PyTorch over three windows."""
    whole = WaveSegmentation(network).eval()
    torch.onnx.export(
        whole,
        (torch.randn(1, 1, WINDOW_SAMPLES) * 0.05,),
        path,
        input_names=["x"],
        output_names=["y"],
        opset_version=17,
        dynamo=False,
        dynamic_axes={"x": {2: "T"}, "y": {1: "F"}},
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
