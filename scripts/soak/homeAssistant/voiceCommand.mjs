// A command that is spoken to Home Assistant's assistant, and a speech-to-text service that understands one sentence.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { encodeEvent, readEvents } from '../../../dist/src/api/wyoming/wire.js';

const RATE_HZ = 16_000;
const SECONDS = 6;
const CHUNK_BYTES = 2_048;

/** A Wyoming service that hears this sentence whatever is said. */
export async function startRecognizer(text) {
  const artifact = { attribution: { name: 'test', url: 'http://localhost' }, installed: true, version: '1' };
  const models = [{ ...artifact, name: 'one', description: 'One sentence', languages: ['en'] }];
  const info = { asr: [{ ...artifact, name: 'recognizer', description: 'One sentence', models }] };
  const server = createServer(async (socket) => {
    socket.on('error', () => socket.destroy());
    try {
      for await (const { type } of readEvents(socket)) {
        if (type === 'describe') socket.write(encodeEvent({ type: 'info', data: info }));
        if (type === 'audio-stop') socket.write(encodeEvent({ type: 'transcript', data: { text } }));
      }
    } catch {
      // the client is gone
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, close: () => server.close() };
}

/** Speaks the beginning of a recording to a pipeline of the assistant; returns what it answers. */
export async function speakCommand(assistant, file) {
  const raw = [
    '-v',
    'error',
    '-t',
    String(SECONDS),
    '-i',
    file,
    '-ar',
    String(RATE_HZ),
    '-ac',
    '1',
    '-f',
    's16le',
    '-',
  ];
  const samples = execFileSync('ffmpeg', raw, { maxBuffer: 2 ** 24 });
  const pipeline = await pipelineOf(assistant);
  const run = { start_stage: 'stt', end_stage: 'intent', input: { sample_rate: RATE_HZ, no_vad: true }, pipeline };
  let answer;
  await assistant.follow('assist_pipeline/run', run, ({ type, data }, send) => {
    if (type === 'stt-start') {
      const handler = Buffer.of(assistant.binaryHandler);
      for (let at = 0; at < samples.length; at += CHUNK_BYTES)
        send(Buffer.concat([handler, samples.subarray(at, at + CHUNK_BYTES)]));
      send(handler);
    }
    if (type === 'run-start') assistant.binaryHandler = data.runner_data.stt_binary_handler_id;
    if (type === 'intent-end') answer = data.intent_output.response.speech.plain?.speech;
    if (type === 'error') throw new Error(`the pipeline failed: ${data.code} ${data.message}`);
    return type === 'run-end';
  });
  return answer;
}

async function pipelineOf(assistant) {
  const name = 'test';
  const { pipelines } = await assistant.ask('assist_pipeline/pipeline/list');
  const known = pipelines.find((pipeline) => pipeline.name === name);
  if (known) return known.id;
  const stt = (await assistant.ask('get_states')).find(({ entity_id: id }) => id.startsWith('stt.'));
  const nothing = { tts_engine: null, tts_language: null, tts_voice: null, wake_word_entity: null, wake_word_id: null };
  const made = await assistant.ask('assist_pipeline/pipeline/create', {
    ...{ name, language: 'en', conversation_engine: 'conversation.home_assistant', conversation_language: 'en' },
    ...{ stt_engine: stt.entity_id, stt_language: 'en', ...nothing },
  });
  return made.id;
}
