// Identification of people who are enrolled from their first ten seconds of solo speech in the very recording.
import { identifyRecording } from '../../dist/src/engine/recording/identifyRecording.js';
import { pooledEmbedding, speechMsOf, speechOf } from '../../dist/src/engine/recording/speechOf.js';
import { wholeRecording } from '../../dist/src/engine/recording/wholeRecording.js';
import { someOf } from '../../dist/src/engine/voiceprints/nameable.js';
import { openCompute, openFile } from './speakerModel.mjs';

const ENROL_SECONDS = 10;
const RATE = 16_000;

/** First solo speech of each label, ten seconds of it: [{ label, start, end }]. */
function soloStarts(truth) {
  return [...new Set(truth.map(({ label }) => label))].flatMap((label) => {
    const others = truth.filter((segment) => segment.label !== label);
    let missing = ENROL_SECONDS;
    const pieces = [];
    for (const { start, end } of truth.filter((segment) => segment.label === label).sort((a, b) => a.start - b.start)) {
      let at = start;
      // Whatever somebody else says meanwhile splits the segment.
      for (const other of [
        ...others.filter((o) => o.end > start && o.start < end).sort((a, b) => a.start - b.start),
        { start: end, end },
      ]) {
        const seconds = Math.min(other.start - at, missing);
        if (seconds > 0.5) {
          pieces.push({ label, start: at, end: at + seconds });
          missing -= seconds;
        }
        at = Math.max(at, other.end);
      }
      if (missing <= 0) break;
    }
    return pieces;
  });
}

async function voiceprint(id, samples, compute) {
  const signal = new AbortController().signal;
  async function* frames() {
    for (let at = 0; at < samples.length; at += RATE)
      yield { samples: samples.slice(at, at + RATE), sampleRateHz: RATE, startSample: at };
  }
  const heard = await speechOf(frames(), { compute, signal });
  const embedding = { values: pooledEmbedding(heard), modelId: compute.model.id };
  const speechMs = speechMsOf(heard.speech);
  return {
    id,
    name: id,
    mean: embedding,
    exemplars: [{ embedding, speechMs, snrDb: 60, bandwidthHz: 8000, enrolledAtMs: 0 }],
    speechMs,
    isComplete: true,
  };
}

export async function identifyEnrolledFromStart(path, truth, { model, segmentation }) {
  const compute = await openCompute(model, segmentation);
  try {
    const signal = new AbortController().signal;
    const all = await wholeRecording(await openFile(path));
    const unscored = soloStarts(truth);
    const voiceprints = [];
    for (const label of new Set(truth.map((segment) => segment.label))) {
      const pieces = unscored
        .filter((piece) => piece.label === label)
        .map(({ start, end }) => all.slice(Math.round(start * RATE), Math.round(end * RATE)));
      const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let at = 0;
      for (const piece of pieces) {
        samples.set(piece, at);
        at += piece.length;
      }
      voiceprints.push(await voiceprint(label, samples, compute));
    }
    const before = process.cpuUsage();
    const answer = await identifyRecording(
      { compute, openRecording: () => openFile(path) },
      { people: someOf(voiceprints, compute.model.id), falseAcceptPercent: 1 },
      { signal },
    );
    const { user, system } = process.cpuUsage(before);
    const turns = answer.segments.map(({ start, end, speakerId, cluster, decision }) => ({
      start,
      end,
      label: speakerId ?? cluster,
      voice: speakerId ?? cluster,
      isSure: decision === 'identified',
    }));
    return {
      turns,
      unscored,
      enrolled: voiceprints.map(({ id }) => id),
      cpuSeconds: (user + system) / 1e6,
      seconds: answer.durationSeconds,
    };
  } finally {
    await compute[Symbol.asyncDispose]();
  }
}
