import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const BYTES_PER_SECOND = 32_000;
const EVERY_MS = 100;
const HEADER_BYTES = 44;

/** A camera as several processes see it: one recording (WAV, 16 kHz mono) again and again at its own pace, for whoever connects. */
export interface EndlessAudio extends AsyncDisposable {
  readonly url: string;
  /** Connections that are open. */
  readonly open: number;
  /** Connections so far. */
  readonly connections: number;
  /** Most that were open at a time since `forget`. */
  readonly most: number;
  forget(): void;
}

export async function endlessAudio(wav: string): Promise<EndlessAudio> {
  const file = readFileSync(wav);
  const samples = file.subarray(HEADER_BYTES);
  const header = Buffer.from(file.subarray(0, HEADER_BYTES));
  header.writeUInt32LE(0xff_ff_ff_ff, 40); // as long as it lasts
  const listeners = new Set<ServerResponse>();
  let connections = 0;
  let most = 0;
  const server = createServer((_request, response) => {
    connections += 1;
    listeners.add(response);
    most = Math.max(most, listeners.size);
    response.on('close', () => listeners.delete(response));
    response.writeHead(200, { 'content-type': 'audio/wav' });
    response.write(header);
    let at = 0;
    const clock = setInterval(() => {
      const step = (BYTES_PER_SECOND * EVERY_MS) / 1_000;
      response.write(samples.subarray(at, at + step));
      at = at + step >= samples.length ? 0 : at + step;
    }, EVERY_MS);
    response.on('close', () => clearInterval(clock));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/camera.wav`,
    get open() {
      return listeners.size;
    },
    get connections() {
      return connections;
    },
    get most() {
      return most;
    },
    forget: () => {
      most = listeners.size;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
