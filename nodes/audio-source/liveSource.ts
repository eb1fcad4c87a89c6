import type { Node, NodeAPI, NodeMessageInFlow } from 'node-red';
import { bindNode, LIVE_QUEUE_LIMIT } from '../shared/bindNode.js';
import { commandOf } from '../shared/liveCommand.js';
import { storeOf } from '../speaker-store/storeOf.js';
import type { AudioSettings } from './audioSettings.js';
import type { SourceCredentials } from './liveSettings.js';
import { PcmDriver } from './pcmDriver.js';
import { SharedDriver } from './sharedDriver.js';
import { SipDriver } from './sipDriver.js';
import { type SourceDriver, SourceNode } from './sourceDriver.js';
import { StreamDriver } from './streamDriver.js';
import { UdpDriver } from './udpDriver.js';

/** Makes the node a live source: commands come in, audio and states go out; its close ends every child and socket. */
export function bindLiveSource(RED: NodeAPI, node: Node<SourceCredentials>, settings: AudioSettings): void {
  const own = new SourceNode(RED, node, settings);
  const alone = driverOf(own);
  const openPlaces = async () => storeOf(RED, settings.store).places();
  const driver = isShared(settings) ? new SharedDriver(own, { driver: alone, openPlaces }) : alone;
  bindNode(RED, node, (msg) => obey(driver, msg), { queueLimit: LIVE_QUEUE_LIMIT });
  const timer = settings.isAutostart
    ? setTimeout(() => node.receive({ payload: { action: 'start' } } as NodeMessageInFlow), settings.startDelayMs)
    : undefined;
  node.on('close', (done: () => void) => {
    clearTimeout(timer);
    void driver.stop().finally(done);
  });
}

/** Audio that other nodes send comes to this Node-RED in any case. */
const isShared = ({ isShared: isTicked, mode }: AudioSettings): boolean => isTicked && mode !== 'pcm';

function driverOf(own: SourceNode): SourceDriver {
  if (own.settings.mode === 'pcm') return new PcmDriver(own);
  if (own.settings.mode === 'udp') return new UdpDriver(own);
  return own.settings.mode === 'sip' ? new SipDriver(own) : new StreamDriver(own);
}

/** `start`, `stop`, `toggle`, what the kind itself understands; any other message starts it. */
async function obey(driver: SourceDriver, msg: NodeMessageInFlow): Promise<void> {
  const command = commandOf(msg);
  switch (command?.action) {
    case 'stop':
      return driver.stop();
    case 'toggle':
      return driver.isRunning ? driver.stop() : driver.start(msg);
    case 'start':
      return driver.start(msg);
    default:
      if (!(await driver.handle(msg, command))) await driver.start(msg);
  }
}
