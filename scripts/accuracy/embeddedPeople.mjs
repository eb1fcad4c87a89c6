// People of a manifest as embeddings, kept in a folder by model and length so that several reports share one pass.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { embedPeople } from '../../dist/src/lab/evaluateIdentification.js';
import { openFile } from './speakerModel.mjs';

export const rowsOf = (manifest) =>
  readFileSync(manifest, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((row) => ({ ...row, file: resolve(dirname(manifest), row.file) }));

/**
 * @param rows of a manifest, files as absolute paths
 * @param seconds of each probe; undefined: an utterance, and samples to enrol from
 */
async function embedded(rows, name, { compute, seconds, cache }) {
  mkdirSync(cache, { recursive: true });
  const text = `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;
  const key = createHash('sha256')
    .update(compute.model.sha256 + JSON.stringify(compute.model.frontEnd) + seconds + text)
    .digest('hex')
    .slice(0, 16);
  const path = join(cache, `${name}-${seconds ?? 'whole'}-${key}.v8`);
  if (existsSync(path)) return deserialize(readFileSync(path));
  const manifestPath = join(cache, `${key}.jsonl`);
  writeFileSync(manifestPath, text);
  const { signal } = new AbortController();
  const options = { manifestPath, compute, openRecording: openFile, signal };
  const people = await embedPeople(seconds === undefined ? options : { ...options, seconds, hasSamples: false });
  writeFileSync(path, serialize(people));
  return people;
}

/** People of a manifest, or of several with commas between, without those left out; `probesOf(seconds)` has their samples and probes of that length. */
export async function openPeople(manifest, { compute, leftOut = new Set(), cache = DEFAULT_CACHE }) {
  const rows = manifest.split(',').flatMap(rowsOf);
  const kept = rows.filter(({ speaker }) => !leftOut.has(speaker));
  const name = nameOf(manifest);
  const whole = await embedded(kept, name, { compute, cache });
  return {
    name,
    people: whole,
    async probesOf(seconds) {
      if (seconds === undefined) return whole;
      const probes = new Map(
        (await embedded(kept, name, { compute, seconds, cache })).map((p) => [p.speaker, p.probes]),
      );
      return whole
        .filter(({ speaker }) => probes.has(speaker))
        .map(({ speaker, samples }) => ({ speaker, samples, probes: probes.get(speaker) }));
    },
  };
}

/** `count` people of the training manifest spread evenly, with about `seconds` of speech each. */
export async function openCohort(manifest, { compute, count, seconds, cache = DEFAULT_CACHE }) {
  const bySpeaker = new Map();
  for (const row of rowsOf(manifest)) bySpeaker.set(row.speaker, [...(bySpeaker.get(row.speaker) ?? []), row]);
  const enough = [...bySpeaker.values()].flatMap((rows) => {
    const kept = [];
    let length = 0;
    for (const row of rows.filter(({ session }) => session === rows[0].session)) {
      if (length >= seconds) break;
      kept.push(row);
      length += row.end - row.start;
    }
    return length >= seconds ? [kept] : [];
  });
  const picked = Array.from(
    { length: Math.min(count, enough.length) },
    (_, i) => enough[Math.floor((i * enough.length) / Math.min(count, enough.length))],
  );
  return embedded(picked.flat(), 'cohort', { compute, cache });
}

const nameOf = (manifest) =>
  manifest
    .split(',')
    .map((one) => basename(one, '.jsonl'))
    .join('+');

export const DEFAULT_CACHE = join(tmpdir(), 'voice-prints-embedded');
