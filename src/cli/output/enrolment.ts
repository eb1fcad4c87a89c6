import { COMPLETE_SPEECH_MS, type EnrollResult, VoicePrintsError } from '../../index.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { printResult, remark, table } from './output.js';

/** Tells what became of an enrolment. Throws ENROLL_REFUSED where nothing was accepted. */
export function printEnrolment(args: ParsedArguments, terminal: Terminal, result: EnrollResult): void {
  if (result.status === 'rejected') throw refusal(result);
  printResult(args, terminal, result, summary(result));
  if (result.status === 'complete') return;
  const more = Math.ceil(COMPLETE_SPEECH_MS / 1000 - result.speechSeconds);
  remark(args, terminal, `${result.speakerId} is matched once ${more} s more of speech are added.`);
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

/** Nothing was stored: the first reason of every refused sample, and what to do, in one line. */
function refusal({ samples, reasons, speakerId, speechSeconds }: EnrollResult): VoicePrintsError {
  const told = samples.flatMap(({ file, reasons: own }) => {
    const first = own.find((reason) => reason.refuses);
    return first ? [`${file}: ${first.message} (${first.code})`] : [];
  });
  const general = reasons.filter((reason) => reason.refuses).map((reason) => `${reason.message} (${reason.code})`);
  const all = [...new Set([...told, ...(told.length === 0 ? general : [])])];
  const codes = [...samples.flatMap((sample) => sample.reasons), ...reasons]
    .filter((reason) => reason.refuses)
    .map((reason) => reason.code);
  return new VoicePrintsError(
    'ENROLL_REFUSED',
    `no sample was accepted and nothing was stored; ${all.join('; ') || 'give clear speech of one person'}`,
    { details: { speakerId, speechSeconds, reasons: [...new Set(codes)].join(',') } },
  );
}
