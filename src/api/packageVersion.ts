import { createRequire } from 'node:module';

/** The version of this package. */
export function packageVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('@voice-prints/node-red/package.json') as { version: string }).version;
}
