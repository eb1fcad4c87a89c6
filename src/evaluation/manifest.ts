import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';

const row = z.object({
  speaker: z.string().min(1),
  file: z.string().min(1),
  start: z.number().min(0).optional(),
  end: z.number().positive().optional(),
  session: z.union([z.string(), z.number()]).optional(),
});

/** One utterance of a manifest: speaker, file, and position in it (seconds). */
export interface ManifestRow {
  readonly speaker: string;
  /** As written: relative to the manifest. */
  readonly file: string;
  readonly startSeconds: number;
  /** Undefined: to the end of the file. */
  readonly endSeconds: number | undefined;
  readonly session: string | undefined;
}

/** Reads a manifest: one JSON object per line. Throws INPUT_INVALID with the number of the first wrong line. */
export function parseManifest(text: string): ManifestRow[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = row.safeParse(parseJson(line));
    const isForward = parsed.data?.end === undefined || parsed.data.end > (parsed.data.start ?? 0);
    if (!parsed.success || !isForward) {
      const shape = '{"speaker": "…", "file": "…"} with optional start, end (seconds) and session';
      throw new VoicePrintsError('INPUT_INVALID', `line ${index + 1} of the manifest is not ${shape}; correct it`);
    }
    const { speaker, file, start, end, session } = parsed.data;
    return [
      {
        speaker,
        file,
        startSeconds: start ?? 0,
        endSeconds: end,
        session: session === undefined ? undefined : String(session),
      },
    ];
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // rejected by the schema, with the line number
  }
}
