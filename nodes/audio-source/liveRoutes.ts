import type { RequestHandler } from 'express';
import type { NodeAPI } from 'node-red';
import { listMicrophones, liveTools } from '../../src/live.js';
import { answer } from '../speaker-store/adminRoutes.js';
import { registerSourceTest } from './sourceTest.js';

/** Data for the dialog of a live source: programs that were found, and microphones of the Node-RED host. */
export function registerLiveRoutes(RED: NodeAPI): void {
  registerSourceTest(RED);
  const read = RED.auth.needsPermission('audio-source.read') as RequestHandler;
  RED.httpAdmin.get(
    '/voice-prints/live/tools',
    read,
    answer(() => liveTools()),
  );
  RED.httpAdmin.get(
    '/voice-prints/live/microphones',
    read,
    answer(() => listMicrophones()),
  );
}
