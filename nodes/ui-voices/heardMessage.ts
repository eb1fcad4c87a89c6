import { z } from 'zod';
import type { IdentifiedSegment } from '../../src/core/identification.js';
import type { Places } from '../../src/events/places.js';
import type { RelabelEvent, TurnEvent } from '../../src/events/speakerEvent.js';

/** Longer texts are no names, and would fill every browser. */
const name = z.string().max(512);
const seconds = z.number().nonnegative().max(1e9);
const score = z.number().min(0).max(1);
const decision = z.enum(['identified', 'uncertain', 'unknown']);

const turn = z.object({
  event_type: z.enum([...decision.options, 'rejected']),
  site: name,
  session_id: name,
  turn_id: name.optional(),
  speaker: name.nullable(),
  speaker_id: name.nullable(),
  cluster: name.optional(),
  score,
  margin: z.number(),
  start: seconds,
  end: seconds,
  overlap: z.literal(true).optional(),
});
const relabel = z.object({
  event_type: z.literal('relabel'),
  session_id: name,
  turn_ids: z.array(name).max(10_000),
  cluster: name.nullable(),
  speaker: name.nullable(),
  speaker_id: name.nullable(),
  score,
});
const presence = z.object({
  speakers: z.array(z.object({ speaker_id: name, speaker: name, score })).max(200),
});
/** When a person was heard last; emptied when they are erased. */
const lastHeard = z.union([z.object({ name: name.nullable() }).transform((heard) => heard.name), z.literal('')]);
/** The whole answer about a recording. */
const recording = z.object({
  durationSeconds: seconds,
  segments: z
    .array(
      z.object({
        speakerId: name.nullable(),
        name: name.nullable(),
        cluster: name.nullable(),
        start: seconds,
        end: seconds,
        score,
        margin: z.number(),
        decision,
        overlap: z.boolean(),
      }),
    )
    .max(5_000),
});

const siteIn = (topic: unknown, level: string): string | undefined => {
  if (typeof topic !== 'string' || topic.length > 1024) return undefined;
  return new RegExp(`^.+?/(.+)/${level}$`).exec(topic)?.[1];
};

const personIn = (topic: unknown): string | undefined =>
  typeof topic === 'string' && topic.length <= 1024 ? /^.+?\/speakers\/(.+)$/.exec(topic)?.[1] : undefined;

/** What a message of identify-speakers says is shown from now on; messages that say something else change nothing. */
export function hearMessage(places: Places, { topic, payload }: { topic?: unknown; payload?: unknown }, nowMs: number) {
  if (Array.isArray(payload) && payload.length === 0) return places.clear();
  const speakerId = personIn(topic);
  const heard = speakerId === undefined ? undefined : lastHeard.safeParse(payload);
  if (speakerId !== undefined && heard?.success) return places.setName(speakerId, heard.data || null);
  if (typeof payload === 'string') {
    const site = siteIn(topic, 'speaker');
    return site === undefined ? undefined : places.setText(site, payload);
  }
  const site = siteIn(topic, 'attributes');
  if (site !== undefined) {
    const present = presence.safeParse(payload);
    return present.success ? places.setPeople(site, present.data.speakers) : undefined;
  }
  const event = z.union([turn, relabel]).safeParse(payload);
  if (event.success) return places.hear(event.data as TurnEvent | RelabelEvent, nowMs);
  const answer = recording.safeParse(payload);
  if (!answer.success) return undefined;
  const segments = answer.data.segments.map(
    (segment): IdentifiedSegment => ({
      ...segment,
      cosine: null,
      candidates: [],
    }),
  );
  return places.showRecording(segments, answer.data.durationSeconds, nowMs);
}
