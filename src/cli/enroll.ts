import { type EnrollResult, type RecordingSource, VoicePrintsError } from '../index.js';
import type { Command } from './command.js';
import { openEngine } from './openEngine.js';
import { printResult, remark, table } from './output.js';
import { textOption } from './parseCommandLine.js';
import { ProgressBar } from './progressBar.js';
import { rawFormatOf, rawFormatOptions } from './rawFormat.js';

export const enroll: Command = {
  name: 'enroll',
  summary: 'Add recordings of one person to their voiceprint',
  operands: 'ID FILE…',
  arity: [2, 1_000],
  options: {
    name: { value: 'NAME', about: 'What the person is called (default: the name stored, else the id)' },
    consent: { value: 'TEXT', about: 'How and when the person agreed; kept with the voiceprint' },
    language: { value: 'CODE', about: 'Language spoken, e.g. en-US; kept, never required' },
    ...rawFormatOptions,
  },
  example: 'voice-prints enroll alice hello.wav story.flac --name "Alice" --consent "asked on 3 May"',
  notes: `ID is letters, digits and _. Every file holds one voice. 6 seconds of speech in all are accepted, 12 complete the
voiceprint; only complete ones are matched. Three to five samples of 10 to 24 seconds work best.`,
  async run(args, terminal) {
    const [speakerId, ...files] = args.positionals as [string, ...string[]];
    const rawFormat = rawFormatOf(args);
    const samples = files.map(
      (path): RecordingSource => ({ kind: 'file', path, label: path, ...(rawFormat ? { rawFormat } : {}) }),
    );
    const name = textOption(args, 'name');
    const consentText = textOption(args, 'consent');
    const languageCode = textOption(args, 'language');
    await using engine = await openEngine(args, terminal);
    using bar = new ProgressBar(args, terminal);
    const result = await engine.enroll(
      {
        speakerId,
        samples,
        ...(name === undefined ? {} : { name }),
        ...(consentText === undefined ? {} : { consentText }),
        ...(languageCode === undefined ? {} : { languageCode }),
      },
      { signal: terminal.signal, onProgress: bar.listener(speakerId) },
    );
    if (result.status === 'rejected') throw refusal(result);
    printResult(args, terminal, result, summary(result));
    if (result.status === 'accepted') {
      const more = Math.ceil(12 - result.speechSeconds);
      remark(args, terminal, `${speakerId} is matched once ${more} s more of speech are added.`);
    }
  },
};

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
