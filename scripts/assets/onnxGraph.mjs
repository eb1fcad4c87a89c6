// Builds a small ONNX graph node by node, and reads constants out of an existing one. Field numbers: onnx.proto3
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
import { allOf, firstOf, message } from './protobuf.mjs';

const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;

const text = (bytes) => Buffer.from(bytes ?? []).toString();

/** All graphs of a model: its own and the branches in it, as bytes. */
export function* graphsOf(graph) {
  yield graph;
  for (const node of allOf(graph, 1)) {
    for (const attribute of allOf(node, 5)) {
      const branch = firstOf(attribute, 6);
      if (branch) yield* graphsOf(branch);
    }
  }
}

/** Constants of one graph by the name of their output: { shape, data: Float32Array }; other types are left out. */
export function constantsOf(graph) {
  const constants = new Map();
  for (const node of allOf(graph, 1)) {
    if (text(firstOf(node, 4)) !== 'Constant') continue;
    const tensor = firstOf(firstOf(node, 5), 5);
    if (!tensor || Number(firstOf(tensor, 2)) !== FLOAT) continue;
    const raw = firstOf(tensor, 9);
    if (!raw) continue;
    constants.set(text(firstOf(node, 2)), {
      shape: shapeOf(tensor),
      data: new Float32Array(new Uint8Array(raw).buffer),
    });
  }
  return constants;
}

/** `dims` may be packed into one field or repeated. */
function shapeOf(tensor) {
  return allOf(tensor, 1).flatMap((dims) => (typeof dims === 'bigint' ? [Number(dims)] : [...dims]));
}

/** Nodes and constants; every method adds one node and returns the name of its output. */
export class OnnxGraph {
  #nodes = [];
  #constants = [];

  floats(data, shape) {
    return this.#constant(FLOAT, Buffer.from(Float32Array.from(data).buffer), shape);
  }

  integers(...values) {
    return this.#constant(INT64, Buffer.from(BigInt64Array.from(values, BigInt).buffer), [values.length]);
  }

  #constant(type, raw, shape) {
    const name = `constant${this.#constants.length}`;
    this.#constants.push([...shape.map((size) => [1, size]), [2, type], [8, name], [9, raw]]);
    return name;
  }

  /** Attributes are integers or strings. */
  add(operation, inputs, { outputs = [`value${this.#nodes.length}`], ...attributes } = {}) {
    const named = Object.entries(attributes).map(([name, value]) => {
      const isText = typeof value === 'string';
      return [5, [[1, name], isText ? [4, value] : [3, value], [20, isText ? ATTRIBUTE_STRING : ATTRIBUTE_INT]]];
    });
    this.#nodes.push([
      ...inputs.map((name) => [1, name]),
      ...outputs.map((name) => [2, name]),
      [4, operation],
      ...named,
    ]);
    return outputs[0];
  }

  slice(value, [start, stop], axis, step = 1) {
    const bounds = [start, stop, axis, step].map((bound) => this.integers(bound));
    return this.add('Slice', [value, ...bounds]);
  }

  reshape(value, ...shape) {
    return this.add('Reshape', [value, this.integers(...shape)]);
  }

  /** value · matrix + bias; matrix row-major, shape (rows, columns). */
  dense(value, { data, shape }, bias) {
    const product = this.add('MatMul', [value, this.floats(data, shape)]);
    return this.add('Add', [product, this.floats(bias, [bias.length])]);
  }

  /** The file. Inputs and outputs: { name: shape }, a size given as a word is free. */
  model({ name, inputs, outputs, properties }) {
    const graph = [
      ...this.#nodes.map((node) => [1, node]),
      [2, name],
      ...this.#constants.map((constant) => [5, constant]),
      ...Object.entries(inputs).map((value) => [11, floatValue(value)]),
      ...Object.entries(outputs).map((value) => [12, floatValue(value)]),
    ];
    const described = Object.entries(properties).map(([key, value]) => [
      14,
      [
        [1, key],
        [2, value],
      ],
    ]);
    return message([[1, 8], [7, graph], [8, [[2, 16]]], ...described]);
  }
}

const floatValue = ([name, shape]) => {
  const sizes = shape.map((size) => [1, [typeof size === 'string' ? [2, size] : [1, size]]]);
  return [
    [1, name],
    [
      2,
      [
        [
          1,
          [
            [1, FLOAT],
            [2, sizes],
          ],
        ],
      ],
    ],
  ];
};
