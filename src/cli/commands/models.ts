import { allowedHosts } from '../../core/allowedHosts.js';
import {
  addModel,
  calibrationInStore,
  type ErrorCode,
  ModelStore,
  type Reembedded,
  removeModel,
  type SegmentationModel,
  type SpeakerModel,
  useModel,
  useNoSegmentation,
  VoicePrintsError,
} from '../../index.js';
import type { Command, ParsedArguments, Terminal } from '../command.js';
import { openEngine } from '../options/openEngine.js';
import { textOption, usageError } from '../options/parseCommandLine.js';
import { storeFolder } from '../options/storeFolder.js';
import { printResult, remark, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';

/** The id that the user types. */
const nameOf = ({ id, storedAs }: SpeakerModel | SegmentationModel): string => storedAs ?? id;

type InUse = Pick<ModelStore, 'defaultId' | 'segmentationId'>;

/** A model as `models` prints it; `model` is the id in answers and voiceprints. */
const summaryOf = (model: SpeakerModel | SegmentationModel, inUse: InUse) =>
  'kind' in model ? segmentationSummary(model, inUse) : speakerModelSummary(model, inUse);

const speakerModelSummary = (model: SpeakerModel, { defaultId }: InUse) => ({
  id: nameOf(model),
  kind: 'speaker',
  model: model.id,
  dimensions: model.dimensions,
  sampleRateHz: model.sampleRateHz,
  framework: model.framework,
  language: model.language,
  licence: model.licence,
  sha256: model.sha256,
  builtIn: model.isBuiltIn,
  calibrated: model.calibration !== undefined,
  inUse: nameOf(model) === defaultId,
});

const segmentationSummary = (model: SegmentationModel, { segmentationId }: InUse) => ({
  id: nameOf(model),
  kind: model.kind,
  model: model.id,
  sampleRateHz: model.sampleRateHz,
  windowSeconds: model.windowSamples / model.sampleRateHz,
  author: model.author,
  licence: model.licence,
  sha256: model.sha256,
  builtIn: model.isBuiltIn,
  inUse: nameOf(model) === segmentationId,
});

const openModels = (args: ParsedArguments, terminal: Terminal): Promise<ModelStore> =>
  ModelStore.openFor(storeFolder(args, terminal.env));

const list: Command = {
  name: 'models list',
  summary: 'List the models of this package and those added',
  operands: '',
  arity: [0, 0],
  options: {},
  example: 'voice-prints models list',
  async run(args, terminal) {
    const store = await openModels(args, terminal);
    const speakerModels = (await store.list()).map((model) => speakerModelSummary(model, store));
    const others = (await store.listSegmentation()).map((model) => segmentationSummary(model, store));
    const idOf = ({ id, inUse }: { id: string; inUse: boolean }) => (inUse ? `${id} (in use)` : id);
    const rows = [
      ...speakerModels.map((model) => [
        idOf(model),
        model.kind,
        String(model.dimensions),
        model.framework,
        model.language,
        model.licence,
        model.calibrated ? 'yes' : 'no',
      ]),
      ...others.map((model) => [idOf(model), model.kind, '', model.author, '', model.licence, '']),
    ];
    const head = ['ID', 'KIND', 'DIMENSIONS', 'FRAMEWORK', 'LANGUAGE', 'LICENCE', 'CALIBRATED'];
    printResult(args, terminal, [...speakerModels, ...others], table([head, ...rows]));
  },
};

const show: Command = {
  name: 'models show',
  summary: 'Show one model: kind, dimensions, origin, licence, checksum, front end, calibration',
  operands: 'ID|FILE',
  arity: [1, 1],
  options: {},
  example: 'voice-prints models show ./campplus.onnx',
  notes: 'FILE is an ONNX file with the metadata that sherpa-onnx writes; --model takes the same.',
  async run(args, terminal) {
    const store = await openModels(args, terminal);
    const model = await store.resolveEither(args.positionals[0]!);
    if ('kind' in model) {
      const answer = segmentationSummary(model, store);
      printResult(args, terminal, answer, table(Object.entries(answer).map(([name, value]) => [name, `${value}`])));
      return;
    }
    const { calibration, isOwnCalibration } = await calibrationInStore(storeFolder(args, terminal.env), model);
    const calibratedBy = calibration ? (isOwnCalibration ? 'own' : 'built-in') : 'none';
    const answer = {
      ...speakerModelSummary({ ...model, calibration }, store),
      calibration: { from: calibratedBy, source: calibration?.source ?? null },
      frontEnd: model.frontEnd,
    };
    const texts = { ...answer, calibration: CALIBRATION_TEXT[calibratedBy], frontEnd: frontEndText(model) };
    const rows = Object.entries(texts).map(([name, value]) => [name, `${value}`]);
    const source = calibration ? [['calibrated on', calibration.source]] : [];
    printResult(args, terminal, answer, table([...rows, ...source]));
  },
};

const CALIBRATION_TEXT = {
  own: "this store's own, kept by calibrate --write",
  'built-in': "the model's own",
  none: 'none: scores are rough guesses',
} as const;

function frontEndText({ frontEnd }: SpeakerModel): string {
  const { melBands, windowType, lowFrequencyHz, highFrequencyHz, isSnippingEdges, amplitudeScale } = frontEnd;
  const edges = isSnippingEdges ? 'edges snipped' : 'edges mirrored';
  const mean = frontEnd.isMeanSubtracted ? 'mean subtracted' : 'mean kept';
  return `${melBands} bands, ${lowFrequencyHz} to ${highFrequencyHz} Hz, ${windowType} window, ${edges}, samples times ${amplitudeScale}, ${mean}`;
}

const add: Command = {
  name: 'models add',
  summary: 'Add a speaker or segmentation model to the store: an ONNX file with sherpa-onnx metadata',
  operands: 'FILE|URL',
  arity: [1, 1],
  options: {
    id: { value: 'ID', about: "Id of the model: lower-case letters, digits, . _ - (default: the file's name)" },
    sha256: { value: 'HEX', about: 'Refuse a file with another SHA-256' },
  },
  example: `voice-prints models add ./campplus.onnx --id campplus
voice-prints models use campplus`,
  notes: `Models of WeSpeaker and 3D-Speaker, in one file of at most 512 MiB; each gets the front end it was trained with. It is
tested before it is added. An added model is not calibrated: its scores are rough guesses. A segmentation model (in the
layout of pyannote segmentation-3.0 for sherpa-onnx) is used for recordings from then on, beside the speaker model: overlapping
speech gets overlapping turns.
A URL is http or https; VOICE_PRINTS_ALLOWED_HOSTS=host,host allows hosts in a private network.`,
  async run(args, terminal) {
    const sha256 = textOption(args, 'sha256');
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
      throw usageError('--sha256 is not 64 hexadecimal digits; give the SHA-256 of the file');
    }
    const place = args.positionals[0]!;
    const isUrl = /^[a-z][a-z0-9+.-]+:\/\//i.test(place);
    const storeDirectory = storeFolder(args, terminal.env);
    using bar = new ProgressBar(args, terminal);
    const model = await addModel({
      storeDirectory,
      source: isUrl
        ? { kind: 'url', url: place, allowHosts: allowedHosts(terminal.env) }
        : { kind: 'file', path: place },
      id: textOption(args, 'id'),
      sha256,
      signal: terminal.signal,
      onBytes: (received) => bar.amount('receiving', `${(received / 2 ** 20).toFixed(1)} MiB`),
    });
    bar[Symbol.dispose]();
    const answer = summaryOf(model, await ModelStore.openFor(storeDirectory));
    const how = answer.inUse ? ' It is in use.' : ` Use it: voice-prints models use ${nameOf(model)}`;
    printResult(args, terminal, answer, `${nameOf(model)} was added (SHA-256 ${model.sha256}).${how}`);
  },
};

const use: Command = {
  name: 'models use',
  summary: 'Use this model where --model is not given; off: no segmentation model',
  operands: 'ID|off',
  arity: [1, 1],
  options: {},
  example: 'voice-prints models use campplus',
  notes: `The choice is kept in the store. Voiceprints made with another model are never compared. Where their audio was kept (enroll
--keep-audio), they are computed again now; the others are kept, and work again with their model, or after enrolling
again. Running engines keep the model they were started with.`,
  async run(args, terminal) {
    const storeDirectory = storeFolder(args, terminal.env);
    if (args.positionals[0] === 'off') {
      await useNoSegmentation(storeDirectory);
      printResult(args, terminal, { segmentation: null }, 'No segmentation model is in use.');
      return;
    }
    const model = await useModel(storeDirectory, args.positionals[0]!);
    const answer = summaryOf(model, await ModelStore.openFor(storeDirectory));
    if ('kind' in model) {
      printResult(args, terminal, answer, `${nameOf(model)} is in use.`);
      return;
    }
    const result = await reembedKeptAudio(args, terminal);
    const { reembedded, stale } = result ?? { reembedded: null, stale: null };
    const text = reembedded ? ` Voiceprints of ${reembedded} people were computed again from their kept audio.` : '';
    printResult(
      args,
      terminal,
      { ...answer, reembedded, staleVoiceprints: stale },
      `${nameOf(model)} is in use.${text}`,
    );
    if (stale === null)
      remark(args, terminal, 'The store is encrypted; with its key, speakers list shows whom to enrol again.');
    else if (stale > 0) {
      remark(
        args,
        terminal,
        `${stale} people were enrolled with another model and must be enrolled again to be recognised.`,
      );
    }
  },
};

/** Re-embeds kept audio with the model in use; undefined where the store is encrypted and its key was not given. */
async function reembedKeptAudio(args: ParsedArguments, terminal: Terminal): Promise<Reembedded | undefined> {
  try {
    await using engine = await openEngine(args, terminal, { model: undefined });
    using bar = new ProgressBar(args, terminal);
    const onPerson = (done: number, total: number) => bar.count('processing kept audio', done, total);
    return await engine.speakers().reembed({ signal: terminal.signal, onPerson });
  } catch (error) {
    const locked: readonly ErrorCode[] = ['REGISTRY_KEY_MISSING', 'REGISTRY_KEY_WRONG'];
    if (error instanceof VoicePrintsError && locked.includes(error.code)) return undefined;
    throw error;
  }
}

const remove: Command = {
  name: 'models remove',
  summary: 'Remove an added model and its file from the store',
  operands: 'ID',
  arity: [1, 1],
  options: {},
  example: 'voice-prints models remove campplus',
  notes:
    'The speaker model in use and those of the package cannot be removed. Voiceprints made with it stay, but match no more.',
  async run(args, terminal) {
    const id = args.positionals[0]!;
    await removeModel(storeFolder(args, terminal.env), id);
    printResult(args, terminal, { id, removed: true }, `${id} was removed.`);
  },
};

/** The `models` commands. */
export const modelsCommands: readonly Command[] = [list, show, add, use, remove];
