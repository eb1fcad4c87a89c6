// How long the gate of enrolment holds the event loop with so many people enrolled: node scripts/bench/enrolmentGate.mjs [people ...]
// Samples of one new person in a made voice; everybody has three samples, random unit vectors. Processor milliseconds of one thread, which a
// busy machine changes little: of the whole gate (what the loop would be held for at once) and of the longest slice; the same of moving
// everybody to other matrices, once each has changed.
import { GATE_LIMITS, judgeSamples } from '../../dist/src/engine/enrolment/enrollGate.js';
import { othersInGallery } from '../../dist/src/engine/enrolment/otherPeople.js';
import { VoiceGallery } from '../../dist/src/identity/gallery/voiceGallery.js';
import { calibration, cpuMs, DIMENSIONS, direction, near, putAll, SLICE_MS } from './madePeople.mjs';

const RUNS = 5;

function measured(steps) {
  const fromMs = cpuMs();
  let sliceMs = fromMs;
  let longestSliceMs = 0;
  for (let done = false; !done; ) {
    ({ done } = steps.next());
    const nowMs = cpuMs();
    longestSliceMs = Math.max(longestSliceMs, nowMs - sliceMs);
    if (nowMs - sliceMs >= SLICE_MS) sliceMs = nowMs;
  }
  return { wholeMs: cpuMs() - fromMs, longestSliceMs };
}

const sampleOf = (voice) => ({
  file: 'sample',
  audioMs: 13_000,
  speechMs: 12_000,
  snrDb: 25,
  clippedShare: 0,
  bandwidthHz: 7_500,
  peakDb: -6,
  dcOffset: 0,
  isNarrowBand: false,
  embedding: near(voice, 0.6),
  secondVoice: undefined,
});

function gateOf(gallery, count) {
  const voice = direction();
  const samples = Array.from({ length: count }, () => sampleOf(voice));
  const others = othersInGallery(gallery.snapshot(), 'new');
  const context = { earlier: undefined, earlierSamples: [], others, calibration, limits: GATE_LIMITS };
  return measured(judgeSamples(samples, context));
}

const rounded = (ms) => Math.round(10 * ms) / 10;
const most = (runs) => ({
  wholeMs: rounded(Math.max(...runs.map(({ wholeMs }) => wholeMs))),
  longestSliceMs: rounded(Math.max(...runs.map(({ longestSliceMs }) => longestSliceMs))),
});

for (const people of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 20_000, 100_000]) {
  const gallery = new VoiceGallery(DIMENSIONS);
  putAll(gallery, people);
  const runs = (count) => most(Array.from({ length: RUNS }, () => gateOf(gallery, count)));
  runs(1); // warm
  const [oneSample, tenSamples] = [runs(1), runs(10)];
  putAll(gallery, people);
  putAll(gallery, 1);
  console.log(JSON.stringify({ people, oneSample, tenSamples, moving: most([measured(gallery.tidy())]) }));
}
