import { VoicePrintsError } from '../core/errors.js';

/** One segment of one voice. Seconds. */
export interface LabelledSegment {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

const RTTM_FIELDS = 10;

/**
 * Reads the SPEAKER lines of a Rich Transcription Time Marked file; other types of line are ignored.
 * Throws INPUT_INVALID with the number of the line that cannot be read.
 * Format: NIST RT-09 evaluation plan, appendix A.
 */
export function parseRttm(text: string): LabelledSegment[] {
  return text.split(/\r?\n/).flatMap((line, row) => {
    const fields = line.trim().split(/\s+/);
    if (fields[0] !== 'SPEAKER') return [];
    const start = Number(fields[3]);
    const seconds = Number(fields[4]);
    const label = fields[7];
    if (!Number.isFinite(start) || !Number.isFinite(seconds) || seconds < 0 || label === undefined) {
      throw new VoicePrintsError(
        'INPUT_INVALID',
        `line ${row + 1} of the RTTM is not "SPEAKER file 1 start duration <NA> <NA> name <NA> <NA>"; correct it`,
      );
    }
    return seconds > 0 ? [{ start, end: start + seconds, label }] : [];
  });
}

/** RTTM text, one line per segment, in the given order; spaces in names become underscores, since the format has no quotes. */
export function formatRttm(recording: string, segments: readonly LabelledSegment[]): string {
  const word = (text: string) => text.trim().replaceAll(/\s+/g, '_') || '<NA>';
  return segments
    .map(({ start, end, label }) => {
      const fields = new Array<string>(RTTM_FIELDS).fill('<NA>');
      fields.splice(0, 5, 'SPEAKER', word(recording), '1', start.toFixed(3), (end - start).toFixed(3));
      fields[7] = word(label);
      return `${fields.join(' ')}\n`;
    })
    .join('');
}
