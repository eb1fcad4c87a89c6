/** Writes just enough protobuf to make ONNX files by hand. */
const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
};

export const numberField = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];

export const bytesField = (field: number, value: readonly number[] | string): number[] => {
  const bytes = typeof value === 'string' ? [...new TextEncoder().encode(value)] : value;
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
};

/** A ValueInfoProto: 0 stands for a free dimension. */
export const valueInfo = (name: string, dims: readonly number[]): number[] => {
  const shape = dims.flatMap((dim) => bytesField(1, dim > 0 ? numberField(1, dim) : bytesField(2, 'N')));
  return [...bytesField(1, name), ...bytesField(2, bytesField(1, [...numberField(1, 1), ...bytesField(2, shape)]))];
};

export interface HandMadeModel {
  readonly properties?: Readonly<Record<string, string>>;
  readonly input?: readonly number[];
  readonly output?: readonly number[];
  readonly opset?: number;
  /** Its weight is said to lie in another file. */
  readonly isExternal?: boolean;
}

/** A file that says of itself what a speaker model says; it has no nodes, so it can be read but not run. */
export function onnxFile(model: HandMadeModel = {}): Uint8Array {
  const { properties = {}, input = [0, 0, 80], output = [0, 192], opset = 17, isExternal = false } = model;
  const place = isExternal ? numberField(14, 1) : [];
  const weight = bytesField(5, [...bytesField(8, 'weight'), ...bytesField(9, [1, 2, 3, 4]), ...place]);
  const graph = [
    ...weight,
    ...bytesField(11, valueInfo('x', input)),
    ...bytesField(11, valueInfo('weight', [1])),
    ...bytesField(12, valueInfo('embedding', output)),
  ];
  const props = Object.entries(properties).flatMap(([key, value]) =>
    bytesField(14, [...bytesField(1, key), ...bytesField(2, value)]),
  );
  return Uint8Array.from([
    ...numberField(1, 8),
    ...bytesField(7, graph),
    ...bytesField(8, numberField(2, opset)),
    ...props,
  ]);
}

const node = (
  operation: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly number[] = [],
) =>
  bytesField(1, [
    ...inputs.flatMap((name) => bytesField(1, name)),
    ...outputs.flatMap((name) => bytesField(2, name)),
    ...bytesField(4, operation),
    ...attributes,
  ]);

/** An AttributeProto; `type` 4 is a tensor, 5 a graph, 7 a list of integers. */
const attribute = (name: string, type: number, value: readonly number[]) =>
  bytesField(5, [...bytesField(1, name), ...value, ...numberField(20, type)]);

/** A single value: 7 is an integer, 9 a truth value. */
const scalar = (name: string, type: number) => [
  ...bytesField(1, name),
  ...bytesField(2, bytesField(1, [...numberField(1, type), ...bytesField(2, [])])),
];

/** A speaker model in every respect, whose network goes round and round: `while (true) {}`. */
export function loopingModel(): Uint8Array {
  const [INTEGER, TRUTH] = [7, 9];
  const body = [
    ...node('Identity', ['on'], ['goesOn']),
    ...node('Identity', ['carried'], ['carriedOn']),
    ...bytesField(2, 'body'),
    ...bytesField(11, scalar('round', INTEGER)),
    ...bytesField(11, scalar('on', TRUTH)),
    ...bytesField(11, valueInfo('carried', [0, 80])),
    ...bytesField(12, scalar('goesOn', TRUTH)),
    ...bytesField(12, valueInfo('carriedOn', [0, 80])),
  ];
  const isTrue = [...numberField(2, TRUTH), ...bytesField(9, [1])];
  const graph = [
    ...node('Constant', [], ['true'], attribute('value', 4, bytesField(5, isTrue))),
    ...node(
      'ReduceMean',
      ['x'],
      ['mean'],
      [...attribute('axes', 7, numberField(8, 1)), ...attribute('keepdims', 2, numberField(3, 0))],
    ),
    ...node('Loop', ['', 'true', 'mean'], ['embedding'], attribute('body', 5, bytesField(6, body))),
    ...bytesField(2, 'looping'),
    ...bytesField(11, valueInfo('x', [0, 0, 80])),
    ...bytesField(12, valueInfo('embedding', [0, 80])),
  ];
  const properties = Object.entries({ framework: 'wespeaker', output_dim: '80', sample_rate: '16000' });
  return Uint8Array.from([
    ...numberField(1, 8),
    ...bytesField(7, graph),
    ...bytesField(8, numberField(2, 17)),
    ...properties.flatMap(([key, value]) => bytesField(14, [...bytesField(1, key), ...bytesField(2, value)])),
  ]);
}

/** A speaker model that takes the waveform: eight filters of 400 samples, and the mean of what each lets through. No metadata. */
export function waveformModel(): Uint8Array {
  const [FLOAT, INTEGER] = [1, 7];
  const taps = Array.from({ length: 8 * 400 }, (_, i) =>
    Math.cos((2 * Math.PI * (1 + Math.floor(i / 400)) * (i % 400)) / 80),
  );
  const tensor = (dims: readonly number[], type: number, raw: ArrayBuffer) =>
    bytesField(5, [
      ...dims.flatMap((dim) => numberField(1, dim)),
      ...numberField(2, type),
      ...bytesField(9, [...new Uint8Array(raw)]),
    ]);
  const constant = (name: string, value: readonly number[]) =>
    node('Constant', [], [name], attribute('value', 4, value));
  const graph = [
    ...constant('axis', tensor([1], INTEGER, BigInt64Array.of(1n).buffer)),
    ...constant('filters', tensor([8, 1, 400], FLOAT, Float32Array.from(taps).buffer)),
    ...node('Unsqueeze', ['wav', 'axis'], ['one']),
    ...node('Conv', ['one', 'filters'], ['bands'], attribute('strides', 7, numberField(8, 160))),
    ...node('Abs', ['bands'], ['strength']),
    ...node(
      'ReduceMean',
      ['strength'],
      ['emb'],
      [...attribute('axes', 7, numberField(8, 2)), ...attribute('keepdims', 2, numberField(3, 0))],
    ),
    ...bytesField(2, 'waveform'),
    ...bytesField(11, valueInfo('wav', [0, 0])),
    ...bytesField(12, valueInfo('emb', [0, 8])),
  ];
  return Uint8Array.from([...numberField(1, 8), ...bytesField(7, graph), ...bytesField(8, numberField(2, 17))]);
}
