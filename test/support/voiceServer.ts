import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ApiKeys, keysOfPairs } from '../../src/api/access/apiKeys.js';
import { KeyRing } from '../../src/api/access/keyRing.js';
import { AsyncJobs } from '../../src/api/asyncJobs.js';
import type { FailureReport } from '../../src/api/calls/call.js';
import type { RestOptions } from '../../src/api/restOptions.js';
import { serve } from '../../src/api/serve.js';
import { createEngine } from '../../src/engine/createEngine.js';
import { openServer } from './openServer.js';
import { type SpokenAudio, spokenAudio } from './spokenAudio.js';

export interface VoiceServer extends AsyncDisposable {
  readonly url: string;
  readonly audio: SpokenAudio;
  /** Where a server of the same machine offers the file; its host is on the allow list. */
  urlOf(path: string): string;
  readonly failures: readonly FailureReport[];
}

/** The real thing: engine, store, networks, HTTP; tenants acme (key `acme-key`) and globex (`globex-key`). */
export async function voiceServer(options: RestOptions = {}): Promise<VoiceServer> {
  const audio = spokenAudio();
  const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-store-'));
  const engine = await createEngine({ storeDirectory });
  const files = await openServer((request, response) => {
    response.end(readFileSync(join(audio.directory, basename(request.url!))));
  });
  const failures: FailureReport[] = [];
  const ring = new KeyRing({ storeDirectory });
  const given = keysOfPairs('acme:acme-key,globex:globex-key');
  const keys = new ApiKeys(() => [...given, ...ring.current()]);
  const allowHosts = [new URL(files.url).host];
  const onFailure = (failure: FailureReport) => failures.push(failure);
  const jobs = new AsyncJobs({ engine, allowHosts });
  const server = await serve({
    engine,
    keys,
    ring,
    jobs: jobs.open,
    port: 0,
    options: { allowHosts, onFailure, ...options },
  });
  return {
    url: server.url,
    audio,
    failures,
    urlOf: (path) => `${files.url}/${basename(path)}`,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await jobs[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
      audio[Symbol.dispose]();
      rmSync(storeDirectory, { recursive: true, force: true });
    },
  };
}
