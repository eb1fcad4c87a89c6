"""What both models' ONNX files have in common: metadata, weights stored as fp16, weights read back."""

from __future__ import annotations

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

SMALLEST_STORED_AS_HALF = 257
HALF_SUFFIX = "_half"


def add_metadata(model: onnx.ModelProto, entries: dict[str, str]) -> None:
    """Write key-value pairs into an ONNX model."""
    for key, value in entries.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value


def store_as_half(model: onnx.ModelProto) -> onnx.ModelProto:
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


def stored_weights(model: onnx.ModelProto) -> dict[str, Tensor]:
    """Every weight of a file under the name it had before `store_as_half`, as fp32."""
    stored = {}
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        stored[weight.name.removesuffix(HALF_SUFFIX)] = torch.from_numpy(np.array(values, np.float32))
    for node in model.graph.node:
        # The exporter keeps equal weights once and names the others after them.
        if node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    return stored
