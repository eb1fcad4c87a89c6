import {
  calibrationInStore,
  type ErrorCode,
  ModelStore,
  type Reembedded,
  removeModel,
  type SpeakerModel,
  useModel,
  useNoSegmentation,
  VoicePrintsError,
} from '../../index.js';
import type { Command, ParsedArguments, Terminal } from '../command.js';
import { openEngine } from '../options/openEngine.js';
import { hasFlag } from '../options/parseCommandLine.js';
import { storeFolder } from '../options/storeFolder.js';
import { storePlace } from '../options/storePlace.js';
import { catalogueOf } from '../output/modelCatalogueTable.js';
import { nameOf, segmentationSummary, speakerModelSummary, summaryOf } from '../output/modelSummary.js';
import { printResult, remark, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';
import { modelsAdd } from './modelsAdd.js';
import { modelsRecommend } from './modelsRecommend.js';

const openModels = (args: ParsedArguments, terminal: Terminal): Promise<ModelStore> =>
  ModelStore.openFor(storeFolder(args, terminal.env));

const list: Command = {
  name: 'models list',
  summary: 'List the models of this package and those added; --catalogue: those that models add knows by name',
  operands: '',
  arity: [0, 0],
  options: {
    catalogue: { about: 'List the published models that `models add NAME` fetches, with licence, size and address' },
  },
  example: `voice-prints models list
voice-prints models list --catalogue`,
  async run(args, terminal) {
    const store = await openModels(args, terminal);
    const speakerModels = (await store.list()).map((model) => speakerModelSummary(model, store));
    const others = (await store.listSegmentation()).map((model) => segmentationSummary(model, store));
    if (hasFlag(args, 'catalogue')) {
      const added = new Map([...speakerModels, ...others].map(({ id, sha256 }) => [sha256, id]));
      printResult(args, terminal, ...catalogueOf(added));
      return;
    }
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
    const { calibration, isOwnCalibration } = await calibrationInStore(storePlace(args, terminal.env), model);
    const calibratedBy = calibration ? (isOwnCalibration ? 'own' : 'built-in') : 'none';
    const answer = {
      ...speakerModelSummary({ ...model, calibration }, store),
      calibration: { from: calibratedBy, source: calibration?.source ?? null },
      frontEnd: model.frontEnd ?? null,
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
  none: 'none: names come with a careful default',
} as const;

function frontEndText({ frontEnd }: SpeakerModel): string {
  if (!frontEnd) return 'none: the network takes the waveform';
  const { melBands, windowType, lowFrequencyHz, highFrequencyHz, isSnippingEdges, amplitudeScale } = frontEnd;
  const edges = isSnippingEdges ? 'edges snipped' : 'edges mirrored';
  const mean = frontEnd.isMeanSubtracted ? 'mean subtracted' : 'mean kept';
  return `${melBands} bands, ${lowFrequencyHz} to ${highFrequencyHz} Hz, ${windowType} window, ${edges}, samples times ${amplitudeScale}, ${mean}`;
}

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
export const modelsCommands: readonly Command[] = [list, show, modelsAdd, use, remove, modelsRecommend];
