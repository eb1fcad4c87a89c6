import { readFile } from 'node:fs/promises';

/** One turn of one voice; seconds since the recording began. */
export interface Turn {
  speakerId: string | null;
  name: string | null;
  /** `unknown-1`, `unknown-2` … for an unknown voice. */
  cluster: string | null;
  start: number;
  end: number;
  /** Calibrated probability, 0..1. */
  score: number;
  margin: number;
  decision: 'identified' | 'uncertain' | 'unknown';
}

/**
 * A client for the modern calls of voice-prints. Needs `fetch`: Node 18 and later, Deno, Bun, browsers.
 *
 *     const voices = new VoicePrints('http://127.0.0.1:8080', 'your-key');
 *     await voices.enroll('ann', 'ann.flac');
 *     for (const turn of (await voices.identify('meeting.mp3')).segments) console.log(turn.start, turn.end, turn.name);
 */
export class VoicePrints {
  private readonly server: string;
  private readonly key: string;

  constructor(server: string, key: string) {
    this.server = server;
    this.key = key;
  }

  /** Adds the voice in an audio file to a person; complete from 12 seconds of speech on. */
  async enroll(speakerId: string, path: string): Promise<{ status: 'accepted' | 'complete'; speechSeconds: number }> {
    return this.call('POST', `/v1/speakers/${encodeURIComponent(speakerId)}/samples`, await readFile(path));
  }

  /** Everybody enrolled, complete or not. */
  async speakers(): Promise<{ speakers: { speakerId: string; name: string; isComplete: boolean }[] }> {
    return this.call('GET', '/v1/speakers');
  }

  /** Who speaks when, in at most two minutes of audio; a turn of an unknown voice has a `cluster` instead of a name. */
  async identify(path: string): Promise<{ durationSeconds: number; segments: Turn[] }> {
    return this.call('POST', '/v1/identify', await readFile(path));
  }

  /** The name to show instead of the id. */
  async rename(speakerId: string, name: string): Promise<void> {
    await this.call('PATCH', `/v1/speakers/${encodeURIComponent(speakerId)}`, { name });
  }

  /** Erases the voiceprint for good. */
  async delete(speakerId: string): Promise<void> {
    await this.call('DELETE', `/v1/speakers/${encodeURIComponent(speakerId)}`);
  }

  /** A refusal is an Error with the code and the words of the server (RFC 9457). */
  private async call<T>(method: string, path: string, body?: Uint8Array | object): Promise<T> {
    const isAudio = body instanceof Uint8Array;
    const response = await fetch(this.server + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        'content-type': isAudio ? 'application/octet-stream' : 'application/json',
      },
      ...(body === undefined ? {} : { body: isAudio ? new Blob([new Uint8Array(body)]) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = text === '' ? undefined : JSON.parse(text);
    if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
    return answer as T;
  }
}
