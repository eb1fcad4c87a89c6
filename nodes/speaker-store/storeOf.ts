import type { Node, NodeAPI } from 'node-red';
import type { SourceReport } from '../../src/api/restOptions.js';
import { type Engine, type JobView, VoicePrintsError } from '../../src/index.js';
import type { SourcePlaces } from '../../src/sources/sourcePlaces.js';
import type { Binding } from '../shared/bindNode.js';
import type { StoreKeys } from './storeKeys.js';

/** The config node that the four nodes share, as they see it. */
export interface SpeakerStoreNode extends Node {
  /** Node-RED hands status and errors of a config node to the nodes named here. */
  readonly users: Record<string, Node>;
  /** Who may call the store from outside; opened on the first call. Throws CONFIG_INVALID. */
  keys(): StoreKeys;
  /** Opens the engine on the first call; a failed opening is tried again on the next one. */
  engine(): Promise<Engine>;
  /** `mayShow`: whether the node's badge may still show the store. */
  register(user: Node, mayShow: () => boolean): void;
  /** Calls the listener for every person of the flows who is erased, by a node or over REST of this store. Returns a function that ends that. */
  onErased(listener: (speakerId: string) => void): () => void;
  /** Decides which live sources this Node-RED listens to, where several share the database of the store. Throws CONFIG_INVALID without one. */
  places(): Promise<SourcePlaces>;
  /** What listens to live streams reports on them here. Returns a function that ends that. */
  addSources(reports: () => readonly SourceReport[]): () => void;
  /** The live streams that nodes of this store listen to now. */
  sources(): readonly SourceReport[];
  /** Calls the listener for every asynchronous job of the store's API that is done or failed; never while the API is off. Returns a function that ends that. */
  onJob(listener: (job: JobView) => void): () => void;
}

/** The store chosen in a node's settings; CONFIG_INVALID where it is missing, disabled or of another kind. */
export function storeOf(RED: NodeAPI, id: string): SpeakerStoreNode {
  const store = storeIfAny(RED, id);
  if (store) return store;
  throw new VoicePrintsError(
    'CONFIG_INVALID',
    'this node has no speaker store; open it, choose or add one, and deploy',
  );
}

/** The store chosen in a node's settings, where there is one. */
export function storeIfAny(RED: NodeAPI, id: string): SpeakerStoreNode | undefined {
  const store = RED.nodes.getNode(id) as SpeakerStoreNode | null;
  return store && store.type === 'speaker-store' && 'engine' in store ? store : undefined;
}

/** True when the store is there: then the node takes part in its status. */
export function useStore(RED: NodeAPI, node: Node, id: string, binding: Binding): boolean {
  const store = RED.nodes.getNode(id) as SpeakerStoreNode | null;
  if (!store || !('register' in store)) return false;
  store.register(node, () => !binding.hasWorked);
  return true;
}
