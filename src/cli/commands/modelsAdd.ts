import { allowedHosts } from '../../core/allowedHosts.js';
import {
  type AddModelRequest,
  addModel,
  type CatalogueModel,
  inCatalogue,
  ModelStore,
  type SegmentationModel,
  type SpeakerModel,
} from '../../index.js';
import type { Command, Terminal } from '../command.js';
import { textOption, usageError } from '../options/parseCommandLine.js';
import { storeFolder } from '../options/storeFolder.js';
import { sizeText } from '../output/modelCatalogueTable.js';
import { nameOf, summaryOf } from '../output/modelSummary.js';
import { printResult, remark } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';

export const modelsAdd: Command = {
  name: 'models add',
  summary: 'Add a speaker or segmentation model to the store: by name from the catalogue, or an ONNX file of your own',
  operands: 'NAME|FILE|URL',
  arity: [1, 1],
  options: {
    id: { value: 'ID', about: "Id of the model: lower-case letters, digits, . _ - (default: the file's name)" },
    sha256: { value: 'HEX', about: 'Refuse a file, or an archive, with another SHA-256' },
    member: { value: 'NAME', about: 'The ONNX file that is meant, in an archive that holds several' },
  },
  example: `voice-prints models add campplus
voice-prints models add ./campplus.onnx --id campplus
voice-prints models use campplus`,
  notes: `NAME is one of models list --catalogue: published models with their licence, fetched from their publishers' addresses, which
nobody here controls. VOICE_PRINTS_MODEL_MIRROR=URL takes the files of the same names from a folder of your own. Where the
catalogue has a checksum, a file with another one is refused.
FILE and URL: one ONNX file of at most 512 MiB, or a zip or tar (gz, bz2) archive with it, with the metadata that sherpa-onnx writes for models
of WeSpeaker and 3D-Speaker (each gets the front end it was trained with), or one that takes the waveform (windows, samples). It is
tested before it is added. An added model is not calibrated: names come with a careful default, which finds fewer people, until
you run voice-prints calibrate. A segmentation model (in the layout of pyannote segmentation-3.0 for sherpa-onnx) is used for
recordings from then on, beside the speaker model: overlapping speech gets overlapping turns.
A URL is http or https; VOICE_PRINTS_ALLOWED_HOSTS=host,host allows hosts in a private network.`,
  async run(args, terminal) {
    const sha256 = textOption(args, 'sha256');
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
      throw usageError('--sha256 is not 64 hexadecimal digits; give the SHA-256 of the file');
    }
    const place = args.positionals[0]!;
    const published = inCatalogue(place);
    const storeDirectory = storeFolder(args, terminal.env);
    if (published) remark(args, terminal, `${published.about}; licence ${published.licence}, ${sizeText(published)}.`);
    using bar = new ProgressBar(args, terminal);
    const model = await addModel({
      storeDirectory,
      source: sourceOf(place, terminal),
      id: textOption(args, 'id'),
      sha256,
      member: textOption(args, 'member'),
      signal: terminal.signal,
      onBytes: (received) => bar.amount('receiving', `${(received / 2 ** 20).toFixed(1)} MiB`),
    });
    bar[Symbol.dispose]();
    const answer = summaryOf(model, await ModelStore.openFor(storeDirectory));
    const how = answer.inUse ? ' It is in use.' : ` Use it: voice-prints models use ${nameOf(model)}`;
    printResult(args, terminal, answer, `${nameOf(model)} was added (${checksumText(model, published)}).${how}`);
    if (!('kind' in model)) {
      const text = 'until then, names come with a careful default that finds fewer people';
      remark(args, terminal, `It is not calibrated: run voice-prints calibrate on recordings of yours; ${text}.`);
    }
  },
};

function sourceOf(place: string, { env }: Terminal): AddModelRequest['source'] {
  const allowHosts = allowedHosts(env);
  if (inCatalogue(place)) {
    return { kind: 'catalogue', name: place, mirror: env.VOICE_PRINTS_MODEL_MIRROR, allowHosts };
  }
  const isUrl = /^[a-z][a-z0-9+.-]+:\/\//i.test(place);
  return isUrl ? { kind: 'url', url: place, allowHosts } : { kind: 'file', path: place };
}

/** A checksum that was compared, or one to note down where nobody states any. */
function checksumText({ sha256 }: SpeakerModel | SegmentationModel, published: CatalogueModel | undefined): string {
  if (!published) return `SHA-256 ${sha256}`;
  if (published.sha256 === sha256) return `SHA-256 as in the catalogue: ${sha256}`;
  return `the catalogue has no SHA-256 of it; that of this file is ${sha256}`;
}
