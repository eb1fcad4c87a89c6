import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const makeAudio = fileURLToPath(new URL('../../scripts/demo/makeAudio.mjs', import.meta.url));
const run = promisify(execFile);

/** The people of the demo who are enrolled; a visitor speaks in the conversation, too. */
export const RESIDENTS = ['nora', 'hugo', 'angus'] as const;

/** Of the recordings of `npm start`: two samples per person, which complete a voiceprint, and the conversation. */
export interface DemoScene {
  readonly samples: Readonly<Record<(typeof RESIDENTS)[number], readonly string[]>>;
  readonly conversation: string;
}

/** Makes them in `folder` with Debian's speech synthesizers. */
export async function demoScene(folder: string): Promise<DemoScene> {
  await run(process.execPath, [makeAudio, folder]);
  const samplesOf = (id: string) => [1, 2].map((n) => join(folder, `${id}-${n}.wav`));
  return {
    samples: { nora: samplesOf('nora'), hugo: samplesOf('hugo'), angus: samplesOf('angus') },
    conversation: join(folder, 'conversation.wav'),
  };
}
