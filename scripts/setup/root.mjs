// Where the repository lies, and how set-up steps announce themselves.
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** One line for people. */
export const say = (text) => console.log(`\u001b[1m»\u001b[0m ${text}`);

/** An expected stop: the message says what to do, and no stack is shown. */
export class SetupProblem extends Error {}

/** Stops with a clear line when Node is too old. */
export function assertNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // From these versions on `require` loads ES modules, as Node-RED 4 does with nodes.
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  throw new SetupProblem(
    `Node.js ${process.versions.node} is too old; install Node.js 22.12 or newer, or 20.19 (nodejs.org)`,
  );
}
