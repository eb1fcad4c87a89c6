import { present } from '../../core/present.js';
import type { RecordingSource } from '../../index.js';
import type { Command } from '../command.js';
import { audioSelectionOf, audioSelectionOptions } from '../options/audioSelection.js';
import { consentVersionOption, openEngine } from '../options/openEngine.js';
import { hasFlag, textOption } from '../options/parseCommandLine.js';
import { rawFormatOf, rawFormatOptions } from '../options/rawFormat.js';
import { printEnrolment } from '../output/enrolment.js';
import { ProgressBar } from '../output/progressBar.js';

export const enroll: Command = {
  name: 'enroll',
  summary: 'Add recordings of one person to their voiceprint',
  operands: 'ID FILE…',
  arity: [2, 1_000],
  options: {
    name: { value: 'NAME', about: 'Name of the person (default: the name stored, else the id)' },
    consent: { value: 'TEXT', about: 'How and when the person agreed; kept with the voiceprint' },
    ...consentVersionOption,
    language: { value: 'CODE', about: 'Language of the speech, e.g. en-US; stored, never required' },
    'keep-audio': {
      about: 'Keep the speech of accepted samples for other models: biometric raw data',
    },
    ...audioSelectionOptions,
    ...rawFormatOptions,
  },
  example: 'voice-prints enroll alice hello.wav story.flac --name "Alice" --consent "asked on 3 May"',
  notes: `ID is letters, digits and _. Every file holds one voice. Enrolment needs 6 seconds of speech in all and is complete at
12; names from less speech are less certain. Three to five samples of 10 to 24 seconds work best.
A file that cannot be used is reported with the reason; the others are stored, and the exit code is 1.
Audio is not kept, unless --keep-audio is given: then nobody has to enrol again when the speaker model changes. It is kept
in the store, encrypted with the key of the store if there is one, is in no export, and is erased with the person.`,
  async run(args, terminal) {
    const [speakerId, ...files] = args.positionals as [string, ...string[]];
    const rawFormat = rawFormatOf(args);
    const selection = audioSelectionOf(args);
    const samples = files.map(
      (path): RecordingSource => ({
        kind: 'file',
        path,
        label: path,
        ...present({ rawFormat }),
        ...selection,
      }),
    );
    const name = textOption(args, 'name');
    const consentText = textOption(args, 'consent');
    const consentVersion = textOption(args, 'consent-version');
    const languageCode = textOption(args, 'language');
    await using engine = await openEngine(args, terminal, { keepAudio: hasFlag(args, 'keep-audio') });
    using bar = new ProgressBar(args, terminal);
    const result = await engine.enroll(
      {
        speakerId,
        samples,
        ...present({ name, consentText, consentVersion, languageCode }),
      },
      { signal: terminal.signal, onProgress: bar.listener(speakerId) },
    );
    return printEnrolment(args, terminal, result);
  },
};
