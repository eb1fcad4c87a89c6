import { VoicePrintsError } from '../core/errors.js';

/** A graph input or output. `shape` has a number where the size is fixed and undefined where it is free. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly (number | undefined)[];
  /** TensorProto.DataType: 1 is float32; 0 where the file does not declare it. */
  readonly elementType: number;
}

/** Metadata of an ONNX file. Parsed here, since onnxruntime-node does not expose `metadata_props`. */
export interface OnnxMetadata {
  /** `metadata_props`: free key and value pairs. */
  readonly properties: ReadonlyMap<string, string>;
  /** Version of the default operator set; 0 where the file declares none. */
  readonly opset: number;
  /** Graph inputs without the initializers. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** True where weights are in other files, which are not supported. */
  readonly hasExternalWeights: boolean;
}

/** Largest model file read: the limit of one protobuf message. */
export const MAX_ONNX_BYTES = 2 ** 31 - 1;

// Field numbers of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
const MODEL = { graph: 7, opsetImport: 8, metadataProps: 14 } as const;
const GRAPH = { initializer: 5, input: 11, output: 12 } as const;

/** Reads the metadata of an ONNX model without reading its weights. Throws MODEL_INVALID for anything else. */
export function readOnnxMetadata(bytes: Uint8Array): OnnxMetadata {
  try {
    return readModel(bytes);
  } catch (cause) {
    if (cause instanceof VoicePrintsError) throw cause;
    throw new VoicePrintsError(
      'MODEL_INVALID',
      'the file is not an ONNX model; give the .onnx file of a speaker model',
      {
        cause,
      },
    );
  }
}

function readModel(bytes: Uint8Array): OnnxMetadata {
  const properties = new Map<string, string>();
  let opset = 0;
  let graph: Uint8Array | undefined;
  for (const { field, value } of fieldsOf(bytes)) {
    if (field === MODEL.graph && value instanceof Uint8Array) graph = value;
    if (field === MODEL.metadataProps && value instanceof Uint8Array)
      properties.set(textAt(value, 1), textAt(value, 2));
    if (field === MODEL.opsetImport && value instanceof Uint8Array && textAt(value, 1) === '')
      opset = numberAt(value, 2);
  }
  if (!graph) throw new RangeError('no graph');
  return { properties, opset, ...readGraph(graph) };
}

function readGraph(graph: Uint8Array): Omit<OnnxMetadata, 'properties' | 'opset'> {
  const initializers = new Set<string>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let hasExternalWeights = false;
  for (const { field, value } of fieldsOf(graph)) {
    if (!(value instanceof Uint8Array)) continue;
    if (field === GRAPH.initializer) {
      initializers.add(textAt(value, 8)); // TensorProto.name
      hasExternalWeights ||= numberAt(value, 14) === 1; // TensorProto.data_location: EXTERNAL
    }
    if (field === GRAPH.input) inputs.push(readValue(value));
    if (field === GRAPH.output) outputs.push(readValue(value));
  }
  // Files of IR version 3 list their weights among the inputs too.
  return { inputs: inputs.filter(({ name }) => !initializers.has(name)), outputs, hasExternalWeights };
}

/** ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { dim_value = 1 } } } }. */
function readValue(bytes: Uint8Array): OnnxValue {
  const tensorType = messageAt(messageAt(bytes, 2), 1);
  const shape: (number | undefined)[] = [];
  for (const { field, value } of fieldsOf(messageAt(tensorType, 2))) {
    if (field === 1 && value instanceof Uint8Array) shape.push(numberAt(value, 1) || undefined);
  }
  return { name: textAt(bytes, 1), shape, elementType: numberAt(tensorType, 1) };
}

interface Field {
  readonly field: number;
  /** A number for varints, the bytes for strings and messages; fixed-width fields are skipped. */
  readonly value: number | Uint8Array;
}

/** Walks one protobuf message. Throws RangeError where lengths do not fit the bytes. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(bytes, cursor);
    const field = Math.floor(tag / 8);
    if (field === 0) throw new RangeError('field number 0');
    switch (tag % 8) {
      case 0:
        yield { field, value: readVarint(bytes, cursor) };
        break;
      case 1:
        cursor.at += 8;
        break;
      case 2: {
        const length = readVarint(bytes, cursor);
        const end = cursor.at + length;
        if (end > bytes.length) throw new RangeError('a field runs past the end');
        yield { field, value: bytes.subarray(cursor.at, end) };
        cursor.at = end;
        break;
      }
      case 5:
        cursor.at += 4;
        break;
      default:
        throw new RangeError('unknown wire type');
    }
  }
  if (cursor.at > bytes.length) throw new RangeError('a field runs past the end');
}

/** Unsigned; negative int64 values are returned as large numbers, which suffices: only small values matter here. */
function readVarint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 70; scale *= 128) {
    const byte = bytes[cursor.at];
    if (byte === undefined) throw new RangeError('a number runs past the end');
    cursor.at += 1;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
  throw new RangeError('a number is too long');
}

const EMPTY = new Uint8Array();
const utf8 = new TextDecoder();

function lastAt(bytes: Uint8Array, number: number): number | Uint8Array | undefined {
  let found: number | Uint8Array | undefined;
  for (const { field, value } of fieldsOf(bytes)) if (field === number) found = value;
  return found;
}

function messageAt(bytes: Uint8Array, field: number): Uint8Array {
  const value = lastAt(bytes, field);
  return value instanceof Uint8Array ? value : EMPTY;
}

const textAt = (bytes: Uint8Array, field: number): string => utf8.decode(messageAt(bytes, field));

function numberAt(bytes: Uint8Array, field: number): number {
  const value = lastAt(bytes, field);
  return typeof value === 'number' ? value : 0;
}
