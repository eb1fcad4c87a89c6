// How long a live stream's matching holds the event loop with so many people enrolled: node scripts/bench/liveMatching.mjs [people ...]
// A session of ten minutes in made voices; everybody has three samples, random unit vectors. Processor milliseconds of one thread, which a
// busy machine changes little: of all matching, of the longest call (what the loop would be held for at once) and of the longest slice.
import { VoiceGallery } from '../../dist/src/identity/gallery/voiceGallery.js';
import { LiveTurns } from '../../dist/src/identity/live/liveTurns.js';
import { calibration, cpuMs, DIMENSIONS, direction, near, putAll, SLICE_MS } from './madePeople.mjs';

const HOP = 8_000;

for (const people of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 20_000, 100_000]) {
  const gallery = new VoiceGallery(DIMENSIONS);
  putAll(gallery, people);
  let turns = 0;
  const live = new LiveTurns({ calibration, falseAcceptPercent: 1, newTurnId: () => `t${++turns}` });
  const found = { totalMs: 0, longestCallMs: 0, longestSliceMs: 0 };
  const measure = (steps) => {
    const fromMs = cpuMs();
    let sliceMs = fromMs;
    for (let done = false; !done; ) {
      ({ done } = steps.next());
      const nowMs = cpuMs();
      found.longestSliceMs = Math.max(found.longestSliceMs, nowMs - sliceMs);
      if (nowMs - sliceMs >= SLICE_MS) sliceMs = nowMs;
    }
    found.longestCallMs = Math.max(found.longestCallMs, cpuMs() - fromMs);
    found.totalMs += cpuMs() - fromMs;
  };
  const voices = Array.from({ length: 4 }, direction);
  measure(live.setEnrolled(gallery.snapshot()));
  for (let turn = 0; turn < 100; turn += 1) {
    const startSample = turn * 12 * HOP;
    for (let hop = 1; hop <= 10; hop += 1) {
      const endSample = startSample + hop * HOP;
      const embedding = near(voices[turn % 4], 0.8);
      const window = { startSample: Math.max(startSample, endSample - 3 * HOP), endSample, embedding, samples: HOP };
      const span = { startSample, endSample, snrDb: 20 };
      measure(hop === 10 ? live.end(span, [window]) : live.update(span, [window]));
    }
    if (turn % 25 !== 24) continue;
    const mean = direction(); // somebody is enrolled meanwhile
    gallery.put({ id: `new${turn}`, mean, exemplars: [mean], speechSeconds: 24, isNarrowBand: false });
    measure(live.setEnrolled(gallery.snapshot()));
  }
  const rounded = Object.entries(found).map(([name, ms]) => [name, Math.round(10 * ms) / 10]);
  console.log(JSON.stringify({ people, ...Object.fromEntries(rounded) }));
}
