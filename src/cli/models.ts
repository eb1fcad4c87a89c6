import { ModelStore, type SpeakerModel } from '../index.js';
import type { Command } from './command.js';
import { printResult, table } from './output.js';

/** What `models` tells of a model, with the contract's field names. */
const told = (model: SpeakerModel) => ({
  id: model.id,
  dimensions: model.dimensions,
  sampleRateHz: model.sampleRateHz,
  framework: model.framework,
  language: model.language,
  licence: model.licence,
  sha256: model.sha256,
  builtIn: model.isBuiltIn,
  calibrated: model.calibration !== undefined,
});

const list: Command = {
  name: 'models list',
  summary: 'The speaker models in this package',
  operands: '',
  arity: [0, 0],
  options: {},
  example: 'voice-prints models list',
  async run(args, terminal) {
    const store = await ModelStore.open();
    const models = await store.list();
    const rows = models.map((model) => [
      model.id === store.defaultId ? `${model.id} (default)` : model.id,
      String(model.dimensions),
      model.language,
      model.licence,
      model.calibration ? 'yes' : 'no',
    ]);
    const text = table([['ID', 'DIMENSIONS', 'LANGUAGE', 'LICENCE', 'CALIBRATED'], ...rows]);
    printResult(args, terminal, models.map(told), text);
  },
};

const show: Command = {
  name: 'models show',
  summary: 'One model: dimensions, origin, licence, checksum',
  operands: 'ID|FILE',
  arity: [1, 1],
  options: {},
  example: 'voice-prints models show ./campplus.onnx',
  notes: 'FILE is an ONNX file with the metadata that sherpa-onnx writes; --model takes the same.',
  async run(args, terminal) {
    const store = await ModelStore.open();
    const model = await store.resolve(args.positionals[0]);
    const rows = Object.entries(told(model)).map(([name, value]) => [name, String(value)]);
    const source = model.calibration ? [['calibrated on', model.calibration.source]] : [];
    printResult(args, terminal, told(model), table([...rows, ...source]));
  },
};

/** Everything about speaker models. */
export const modelsCommands: readonly Command[] = [list, show];
