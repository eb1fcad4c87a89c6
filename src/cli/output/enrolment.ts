import { COMPLETE_SPEECH_MS, type EnrollResult, VoicePrintsError } from '../../index.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { errorAnswer, printResult, remark, table } from './output.js';

/**
 * Prints the outcome of an enrolment. Throws ENROLL_REFUSED where nothing was accepted; returns it where some of the
 * samples were rejected.
 */
export function printEnrolment(
  args: ParsedArguments,
  terminal: Terminal,
  result: EnrollResult,
): VoicePrintsError | undefined {
  if (result.status === 'rejected') throw refusal(result);
  const partly = result.samples.some(({ accepted }) => !accepted) ? partlyRefused(result) : undefined;
  printResult(args, terminal, { ...result, ...(partly && errorAnswer(partly)) }, summary(result));
  if (result.status !== 'complete') remarkMissing(args, terminal, result);
  return partly;
}

function remarkMissing(args: ParsedArguments, terminal: Terminal, result: EnrollResult): void {
  const more = Math.ceil(COMPLETE_SPEECH_MS / 1000 - result.speechSeconds);
  remark(args, terminal, `Names will be more certain with ${more} s more speech of ${result.speakerId}.`);
}

function summary(result: EnrollResult): string {
  const rows = result.samples.map((sample) => [
    sample.file,
    sample.accepted ? 'accepted' : 'refused',
    `${sample.speechSeconds.toFixed(1)} s of speech`,
    sample.snrDb === null ? '' : `SNR ${sample.snrDb.toFixed(0)} dB`,
    sample.reasons.map((reason) => reason.message).join('; '),
  ]);
  const remarks = result.reasons.map((reason) => `\n${reason.code}: ${reason.message}`).join('');
  const all = `${result.speakerId}: ${result.status}, ${result.speechSeconds.toFixed(1)} s of speech, quality ${result.quality}`;
  return `${table(rows)}\n${all}${remarks}`;
}

/** The first reason of every rejected sample. */
const firstReasons = (samples: EnrollResult['samples']): string[] =>
  samples.flatMap(({ file, reasons }) => {
    const first = reasons.find((reason) => reason.refuses);
    return first ? [`${file}: ${first.message} (${first.code})`] : [];
  });

/** Remark on the rejected samples where others were stored. */
function partlyRefused({ samples, speakerId, speechSeconds }: EnrollResult): VoicePrintsError {
  const refused = samples.filter(({ accepted }) => !accepted);
  const codes = refused.flatMap(({ reasons }) => reasons.filter(({ refuses }) => refuses).map(({ code }) => code));
  return new VoicePrintsError(
    'ENROLL_REFUSED',
    `${refused.length} of ${samples.length} samples were not used, the others are stored; ${firstReasons(refused).join('; ')}`,
    { details: { speakerId, speechSeconds, reasons: [...new Set(codes)].join(',') } },
  );
}

/** Error where nothing was stored: the first reason of every rejected sample, and the remedy, in one line. */
function refusal({ samples, reasons, speakerId, speechSeconds }: EnrollResult): VoicePrintsError {
  const first = firstReasons(samples);
  const general = reasons.filter((reason) => reason.refuses).map((reason) => `${reason.message} (${reason.code})`);
  const all = [...new Set([...first, ...(first.length === 0 ? general : [])])];
  const codes = [...samples.flatMap((sample) => sample.reasons), ...reasons]
    .filter((reason) => reason.refuses)
    .map((reason) => reason.code);
  return new VoicePrintsError(
    'ENROLL_REFUSED',
    `no sample was accepted and nothing was stored; ${all.join('; ') || 'give clear speech of one person'}`,
    { details: { speakerId, speechSeconds, reasons: [...new Set(codes)].join(',') } },
  );
}
