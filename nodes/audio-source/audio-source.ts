import type { Request, RequestHandler, Response } from 'express';
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { badge, shorten } from '../shared/badge.js';
import { bindNode, type Send } from '../shared/bindNode.js';
import { workingDirectoryOf } from '../shared/recordingsOf.js';
import { trySettings } from '../shared/settings.js';
import { evaluate, located } from '../shared/typedProperty.js';
import { type Audio, audioOfFiles, audioOfMessage } from './audioOf.js';
import { type AudioSettings, audioForm, isLive } from './audioSettings.js';
import { registerLiveRoutes } from './liveRoutes.js';
import type { SourceCredentials } from './liveSettings.js';
import { bindLiveSource } from './liveSource.js';

/** Brings audio into a flow: a recording, or a live stream. */
export default function register(RED: NodeAPI): void {
  function AudioSource(this: Node<SourceCredentials>, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    const read = trySettings(audioForm, def, this);
    if ('failure' in read) {
      bindNode(RED, this, () => Promise.reject(read.failure));
      return;
    }
    const { settings } = read;
    if (isLive(settings)) {
      bindLiveSource(RED, this, settings);
      return;
    }
    bindNode(RED, this, async (msg: NodeMessageInFlow, send: Send) => {
      const recordings = await audioIn(RED, this, settings, msg);
      emit(RED, settings, msg, send, recordings);
      this.status(badge('green', 'dot', summary(RED, recordings)));
    });
    if (settings.mode === 'file' && settings.isStarting) {
      const timer = setTimeout(() => this.receive({}), settings.startDelayMs);
      this.on('close', () => clearTimeout(timer));
    }
  }
  RED.nodes.registerType('audio-source', AudioSource as never, {
    credentials: { user: { type: 'text' }, password: { type: 'password' } },
  });
  registerLiveRoutes(RED);

  // The button on the node, as inject has one.
  RED.httpAdmin.post(
    '/voice-prints/audio-source/:id',
    RED.auth.needsPermission('audio-source.write') as RequestHandler,
    (req: Request, res: Response) => {
      const node = RED.nodes.getNode(String(req.params.id)) as Node | null;
      if (node?.type !== 'audio-source') return void res.sendStatus(404);
      // A file is read again; a live source starts, or stops where it runs.
      node.receive({ payload: { action: 'toggle' } } as NodeMessageInFlow);
      res.sendStatus(200);
    },
  );
}

async function audioIn(
  RED: NodeAPI,
  node: Node,
  settings: AudioSettings,
  msg: NodeMessageInFlow,
): Promise<readonly Audio[]> {
  if (settings.mode === 'file') {
    const paths = await evaluate(RED, node, { value: settings.file, type: settings.fileType }, msg);
    return audioOfFiles(paths, settings, workingDirectoryOf(RED));
  }
  const property = { value: settings.property, type: settings.propertyType };
  return audioOfMessage(await evaluate(RED, node, property, msg), msg, settings, located(property));
}

function emit(
  RED: NodeAPI,
  settings: AudioSettings,
  msg: NodeMessageInFlow,
  send: Send,
  audio: readonly Audio[],
): void {
  if (settings.several === 'together' || audio.length === 1) {
    msg.payload = audio.length === 1 ? audio[0]!.payload : audio.map(({ payload }) => payload);
    msg.audio = audio.length === 1 ? audio[0]!.description : audio.map(({ description }) => description);
    send(msg);
    return;
  }
  const { payload: _audio, ...rest } = msg;
  audio.forEach(({ payload, description }, index) => {
    const one = RED.util.cloneMessage(rest) as NodeMessageInFlow;
    const outer = msg.parts && { parts: msg.parts };
    one.parts = { id: msg._msgid, type: 'array', index, count: audio.length, ...outer } as never;
    send({ ...one, payload, audio: description });
  });
}

function summary(RED: NodeAPI, audio: readonly Audio[]): string {
  const [first] = audio;
  if (audio.length > 1) return RED._('audio-source.status.several', { count: audio.length });
  if (first?.description.filename) return shorten(first.description.filename);
  return `${Math.ceil((first?.description.bytes ?? 0) / 1024)} KiB`;
}
