import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/setup/freePort.mjs';
import { Peer } from './peer.js';

const PROGRAM = fileURLToPath(new URL('./rtspServer.py', import.meta.url));
/** Debian's bindings belong to Debian's Python, whatever stands first in the path. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

export interface RtspServer {
  readonly peer: Peer;
  readonly port: number;
}

export interface RtspServerOptions {
  /** s16le, 16 kHz, mono: what it plays. */
  readonly audioFile: string;
  /** Any free one by default. */
  readonly port?: number;
  readonly credentials?: { readonly user: string; readonly password: string };
}

/** A camera on loopback. */
export async function startRtspServer({ audioFile, port, credentials }: RtspServerOptions): Promise<RtspServer> {
  const user = credentials ? [credentials.user, credentials.password] : [];
  const ready = /ready (\d+)\n/; // the whole number
  const peer = await Peer.start(PYTHON, [PROGRAM, `${port ?? (await freePort())}`, audioFile, ...user], ready);
  return { peer, port: Number((await peer.says(ready))[1]) };
}
