import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openRecording } from '../../src/audio/openRecording.js';
import { dot, unit } from '../../src/core/vector.js';
import { wholeRecording } from '../../src/engine/recording/wholeRecording.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { SpeakerEmbedder } from '../../src/inference/speakerEmbedder.js';
import type { FrontEnd, SpeakerModel } from '../../src/inference/speakerModel.js';
import { speak, TEXTS } from '../support/fliteVoices.js';

/** The part of sherpa-onnx-node that is used here; the package has no types of its own. */
interface SherpaOnnx {
  SpeakerEmbeddingExtractor: new (config: {
    model: string;
    numThreads: number;
  }) => {
    createStream(): {
      acceptWaveform(wave: { sampleRate: number; samples: Float32Array }): void;
      inputFinished(): void;
    };
    compute(stream: object, enableExternalBuffer?: boolean): Float32Array;
  };
}
const sherpa = createRequire(import.meta.url)('sherpa-onnx-node') as SherpaOnnx;

/** One file, one vector, there and here. */
const LEAST_COSINE = 0.9999;
/**
 * A model trained on another front end than sherpa-onnx's gets less there. voice-prints-1 (20 to 8000 Hz, edges
 * snipped, samples times 32768) has .81 at least and .86 on average over ten recorded voices, .88 and .90 over four
 * synthetic ones.
 */
const LEAST_COSINE_OF_ANOTHER_FRONT_END = 0.8;

const LIMITS = { maxBytes: 2 ** 28, maxDurationMs: 120_000, maxDecodeMs: 60_000 };
const corpus = process.env.VOICE_PRINTS_CORPUS ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url));
const hasCorpus = existsSync(join(corpus, 'dev-learner.jsonl'));
const folder = mkdtempSync(join(tmpdir(), 'voice-prints-sherpa-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const models = await (await ModelStore.open()).list();

/** What sherpa-onnx feeds to every WeSpeaker and 3D-Speaker model (its features.cc), whatever that was trained on. */
function isSherpaFrontEnd(frontEnd: FrontEnd | undefined): boolean {
  const { windowType, lowFrequencyHz, highFrequencyHz, isSnippingEdges } = frontEnd ?? {};
  return windowType === 'povey' && lowFrequencyHz === 20 && highFrequencyHz === 7600 && isSnippingEdges === false;
}

const samplesOf = async (path: string): Promise<Float32Array<ArrayBuffer>> =>
  wholeRecording(await openRecording({ kind: 'file', path }, LIMITS, new AbortController().signal));

/** Ten utterances of ten people. */
function corpusFiles(): string[] {
  const rows = readFileSync(join(corpus, 'dev-learner.jsonl'), 'utf8').trim().split('\n');
  const bySpeaker = new Map<string, string>();
  for (const row of rows) {
    const { speaker, file } = JSON.parse(row) as { speaker: string; file: string };
    if (bySpeaker.size < 10 && !bySpeaker.has(speaker)) bySpeaker.set(speaker, join(corpus, file));
  }
  return [...bySpeaker.values()];
}

/** Cosines between our vector of each utterance and sherpa-onnx's. */
async function cosines(model: SpeakerModel, utterances: readonly Float32Array<ArrayBuffer>[]): Promise<number[]> {
  const embedder = await SpeakerEmbedder.open(model);
  const extractor = new sherpa.SpeakerEmbeddingExtractor({ model: model.path, numThreads: 1 });
  const found: number[] = [];
  for (const samples of utterances) {
    const [ours] = await embedder.embed([{ samples, windows: [{ startSample: 0, endSample: samples.length }] }]);
    const stream = extractor.createStream();
    stream.acceptWaveform({ sampleRate: 16_000, samples });
    stream.inputFinished();
    found.push(dot(ours!, unit(extractor.compute(stream, false))));
  }
  return found;
}

function expectAgreement(model: SpeakerModel, found: readonly number[]): void {
  const least = Math.min(...found);
  if (isSherpaFrontEnd(model.frontEnd)) expect(least).toBeGreaterThanOrEqual(LEAST_COSINE);
  else {
    expect(least).toBeGreaterThanOrEqual(LEAST_COSINE_OF_ANOTHER_FRONT_END);
    expect(least, 'this model has earned the stricter test').toBeLessThan(LEAST_COSINE);
  }
}

test.each(models.map((model) => ({ id: model.id, model })))(
  'sherpa-onnx loads $id and gives its vectors: synthetic voices',
  async ({ model }) => {
    const voices = ['slt', 'awb', 'rms', 'kal16'] as const;
    const utterances = voices.map((voice, i) => samplesOf(speak(voice, TEXTS[i % 3]!, folder, `${voice}.wav`)));
    const found = await cosines(model, await Promise.all(utterances));
    expect(found).toHaveLength(4);
    expectAgreement(model, found);
  },
);

test.skipIf(!hasCorpus).each(models.map((model) => ({ id: model.id, model })))(
  'sherpa-onnx loads $id and gives its vectors: recorded voices (skipped without the corpus)',
  async ({ model }) => {
    const found = await cosines(model, await Promise.all(corpusFiles().map(samplesOf)));
    expect(found).toHaveLength(10);
    expectAgreement(model, found);
  },
);
