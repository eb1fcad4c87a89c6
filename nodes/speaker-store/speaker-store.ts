import type { Node, NodeAPI, NodeDef, NodeStatus } from 'node-red';
import type { SourceReport } from '../../src/api/restOptions.js';
import { asVoicePrintsError, createEngine, type Engine, type JobView, LOCAL_TENANT } from '../../src/index.js';
import { badge, failureBadge, SHARED_TEXTS } from '../shared/badge.js';
import { readSettings } from '../shared/settings.js';
import { registerAdminRoutes } from './adminRoutes.js';
import { registerEditorCalls } from './editorCalls.js';
import { logFaults } from './faultLog.js';
import { logHealth } from './healthLog.js';
import { registerKeyRoutes } from './keyRoutes.js';
import { registerRestRoutes } from './restRoutes.js';
import { StoreEngine, type StorePhase } from './storeEngine.js';
import { StoreKeys } from './storeKeys.js';
import { StoreLeases } from './storeLeases.js';
import type { SpeakerStoreNode } from './storeOf.js';
import { engineOptions, type StoreCredentials, storeForm, storePlace } from './storeSettings.js';
import { openSurfaces, type StoreSurfaces } from './storeSurfaces.js';

/** The config node: creates the engine when a node needs it, shows its state on these nodes, and closes it when the flows stop. */
export default function register(RED: NodeAPI): void {
  function SpeakerStore(this: SpeakerStoreNode & Node<StoreCredentials>, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    const users: Record<string, Node> = {};
    /** By node id: whether the node's badge may still show the store. */
    const mayShowStore = new Map<string, () => boolean>();
    const erasureListeners = new Set<(speakerId: string) => void>();
    const open = async (): Promise<Engine> => {
      const engine = await createEngine(engineOptions(RED, this, def), { actor: 'node-red' });
      engine.onErased(async (tenantId, speakerId) => {
        if (tenantId === LOCAL_TENANT) for (const tell of erasureListeners) tell(speakerId);
      });
      return engine;
    };
    const onErased = (listener: (speakerId: string) => void): (() => void) => {
      erasureListeners.add(listener);
      return () => erasureListeners.delete(listener);
    };
    const reporters = new Set<() => readonly SourceReport[]>();
    const addSources = (reports: () => readonly SourceReport[]): (() => void) => {
      reporters.add(reports);
      return () => reporters.delete(reports);
    };
    const sources = () => [...reporters].flatMap((reports) => reports());
    const onPhase = (phase: StorePhase): void => {
      for (const user of Object.values(users)) {
        if (phase.is === 'failed' || mayShowStore.get(user.id)?.()) user.status(phaseBadge(phase));
      }
    };
    const onTried = (failure: Error | undefined, engine: Engine): void => {
      if (failure) this.error(failure.message);
      void logHealth(this, engine);
    };
    const store = new StoreEngine({ open, onPhase, onTried });
    const openEngineEarly = (): void => {
      if (!store.isAsked) store.engine().catch((error: Error) => this.error(error.message));
    };
    const engine = (): Promise<Engine> => store.engine();
    const addUser = (user: Node, mayShow: () => boolean): void => {
      users[user.id] = user;
      mayShowStore.set(user.id, mayShow);
      user.on('close', () => {
        delete users[user.id];
      });
      user.status(phaseBadge(store.phase));
      // Opened beforehand, so that a wrong key or a locked folder shows at deploy and not with the first message.
      setImmediate(openEngineEarly);
    };
    let held: StoreKeys | undefined;
    const keys = (): StoreKeys => {
      held ??= new StoreKeys({
        place: storePlace(RED, this, def),
        apiKey: this.credentials?.apiKey,
        trustedProxies: readSettings(storeForm, def).trustedProxies,
        onFailure: (message) => this.error(message),
      });
      return held;
    };
    const leases = new StoreLeases({ engine, onFault: (message) => this.error(message) });
    const places = () => leases.places();
    const surfaces = trySurfaces(RED, this, def, { engine, keys, sources });
    const onJob = (listener: (job: JobView) => void): (() => void) => surfaces?.onJob(listener) ?? (() => undefined);
    Object.assign(this, { users, engine, keys, register: addUser, onJob, onErased, addSources, sources, places });
    this.on('close', (done: () => void) => {
      const closing = async (): Promise<void> => {
        await surfaces?.close();
        await leases.close();
        await held?.[Symbol.asyncDispose]();
        await store.close();
      };
      closing().then(done, (error: Error) => {
        this.error(error.message);
        done();
      });
    });
  }

  RED.nodes.registerType('speaker-store', SpeakerStore as never, {
    credentials: {
      encryptionKey: { type: 'password' },
      apiKey: { type: 'password' },
      databaseUrl: { type: 'password' },
    },
  });
  logFaults(RED);
  registerAdminRoutes(RED);
  registerEditorCalls(RED);
  registerKeyRoutes(RED);
  registerRestRoutes(RED);
}

/** A constructor must not throw; without its APIs a store still serves the flows, and wrong settings show on opening. */
function trySurfaces(...given: Parameters<typeof openSurfaces>): StoreSurfaces | undefined {
  try {
    return openSurfaces(...given);
  } catch (thrown) {
    const [, store] = given;
    store.error(asVoicePrintsError(thrown).message);
    return undefined;
  }
}

function phaseBadge(phase: StorePhase): NodeStatus {
  if (phase.is === 'opening') return badge('yellow', 'ring', `${SHARED_TEXTS}.status.loading`);
  if (phase.is === 'trying') return badge('yellow', 'ring', `${SHARED_TEXTS}.status.models`);
  if (phase.is === 'ready') return badge('green', 'ring', `${SHARED_TEXTS}.status.${phase.runtime}`);
  return phase.is === 'failed' ? failureBadge(phase.code) : {};
}
