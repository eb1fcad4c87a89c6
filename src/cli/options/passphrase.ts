import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Terminal } from '../command.js';
import { usageError } from './parseCommandLine.js';

/**
 * The passphrase of an export: from the environment, else typed without echo. Never an argument: arguments are visible in
 * the list of processes and in the shell's history.
 */
export async function askPassphrase(terminal: Terminal, { isNew }: { readonly isNew: boolean }): Promise<string> {
  const given = terminal.env.VOICE_PRINTS_PASSPHRASE;
  if (given) return given;
  if (!terminal.stdin.isTTY || !terminal.stderr.isTTY) {
    throw usageError('no passphrase was given; set VOICE_PRINTS_PASSPHRASE, or run this in a terminal to be asked');
  }
  const typed = await typedUnseen(terminal, isNew ? 'New passphrase: ' : 'Passphrase: ');
  if (typed === '') throw usageError('the passphrase is empty; type one');
  if (isNew && (await typedUnseen(terminal, 'Once more: ')) !== typed) {
    throw usageError('the two passphrases differ; try again');
  }
  return typed;
}

async function typedUnseen(terminal: Terminal, question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: terminal.stdin, output: nowhere, terminal: true });
  try {
    terminal.stderr.write(question);
    return await lines.question('', { signal: terminal.signal });
  } finally {
    lines.close();
    terminal.stderr.write('\n');
  }
}
