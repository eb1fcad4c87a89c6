import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decode, expectNothingLeft, temporaryFolder } from './glide.js';
import { expectNote, ffmpeg, tones } from './mediaFiles.js';

const media = temporaryFolder();
const folder = temporaryFolder();
expectNothingLeft(folder);

/** GStreamer, whose first start stands still `where`. */
function stalling(where: 'before' | 'after'): string {
  const command = join(media, `gst-${where}`);
  const once = `if mkdir '${command}.once' 2>/dev/null; then`;
  const still = where === 'before' ? 'exec sleep 600' : 'gst-launch-1.0 "$@"; exec sleep 600';
  writeFileSync(command, `#!/bin/sh\n${once}\n${still}\nfi\nexec gst-launch-1.0 "$@"\n`);
  chmodSync(command, 0o755);
  return command;
}

test.each(['before', 'after'] as const)(
  'a decoder that stands still %s the sound is ended, and nothing is lost',
  async (where) => {
    const note = { hertz: 300, from: 0.5, to: 1.5 };
    ffmpeg('-i', tones(media, 'note.wav', 2, [note]), '-y', '-c:a', 'aac', join(media, 'note.m4a'));
    const options = { temporaryFolder: folder, gstLaunchCommand: stalling(where) };
    const decoded = await decode({ kind: 'file', path: join(media, 'note.m4a') }, options);
    expectNote(decoded, note);
    expect(decoded.report.isPartial).toBe(false);
  },
);
