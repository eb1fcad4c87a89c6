import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { NodeAPI } from 'node-red';

/** What browsers load for the side bar and the dialogs. */
const FILES = {
  'voices.js': 'text/javascript; charset=utf-8',
  'microphone.js': 'text/javascript; charset=utf-8',
  'voices.css': 'text/css; charset=utf-8',
} as const;

/** The side bar "Voices": its code for the browser, which holds nothing of any store and needs no permission, as Node-RED's own. */
export default function register(RED: NodeAPI): void {
  const { resolve } = createRequire(import.meta.url);
  for (const [name, type] of Object.entries(FILES)) {
    const content = readFileSync(resolve(`#ui/${name}`));
    RED.httpAdmin.get(`/voice-prints/ui/${name}`, (_req, res) => {
      res.set({ 'Content-Type': type, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' });
      res.send(content);
    });
  }
}
