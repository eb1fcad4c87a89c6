import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import type { FalseAcceptPercent } from '../../core/identification.js';
import type { Engine } from '../../engine/engine.js';
import { LOCAL_TENANT } from '../../engine/requests/callOptions.js';
import type { TurnEvent } from '../../events/index.js';
import { AllowedNetworks, HOME_NETWORKS } from '../access/allowedNetworks.js';
import { Connections, peerOf } from '../access/connections.js';
import type { FailureReport } from '../calls/call.js';
import { reportToStderr } from '../calls/failureReport.js';
import { AsrInfo, type WyomingAddress } from './asrLink.js';
import { type CommandPlace, commandEvent } from './commandEvent.js';
import type { CommandSpeaker } from './commandSpeaker.js';
import { WYOMING_LIMITS, type WyomingLimits } from './limits.js';
import type { WyomingSurface } from './surface.js';
import { WyomingConnection } from './wyomingConnection.js';

export interface ServeWyomingOptions {
  readonly engine: Engine;
  /** 127.0.0.1 by default: the protocol has no authentication. */
  readonly host?: string;
  /** 10300 by default; 0 selects a free one. */
  readonly port?: number;
  /** Networks that clients may come from, as AllowedNetworks takes them; by default this machine and private networks. */
  readonly allow?: string;
  /** The user's own speech-to-text service; without it only identities are served. */
  readonly asr?: WyomingAddress;
  /** Before the text of transcripts whose speaker is named: `[{name}] `. */
  readonly prefix?: string;
  /** Lets clients enrol, delete and list people; false by default. */
  readonly mayEnrol?: boolean;
  /** Whose people; those of the command line by default. */
  readonly tenantId?: string;
  readonly falseAcceptPercent?: FalseAcceptPercent;
  /** Announces the server on the network (`_wyoming._tcp`); false by default. For an IPv4 address that others reach. */
  readonly isAnnounced?: boolean;
  /** Called with an event for each command, when its speaker is known. */
  readonly publish?: { readonly site: string; readonly onEvent: (event: TurnEvent) => void };
  readonly limits?: Partial<WyomingLimits>;
  /** Receives every internal fault; by default one line and the stack are written to stderr. */
  readonly onFailure?: (failure: FailureReport) => void;
}

export interface RunningWyomingServer {
  /** e.g. `tcp://127.0.0.1:10300`. */
  readonly address: string;
  /** Ends all connections. The caller still owns the engine. */
  close(): Promise<void>;
}

/** Serves the Wyoming protocol of voice assistants. Throws CONFIG_INVALID when it cannot listen on the port. */
export async function serveWyoming(options: ServeWyomingOptions): Promise<RunningWyomingServer> {
  const { engine, host = '127.0.0.1', port = 10_300, asr, prefix, publish, onFailure } = options;
  const limits = { ...WYOMING_LIMITS, ...options.limits };
  const allowed = new AllowedNetworks(options.allow ?? HOME_NETWORKS);
  const surface: WyomingSurface = {
    engine,
    tenantId: options.tenantId ?? LOCAL_TENANT,
    limits,
    asr: asr && { address: asr, info: new AsrInfo(asr, limits.connectMs) },
    prefix,
    mayEnrol: options.mayEnrol ?? false,
    falseAcceptPercent: options.falseAcceptPercent,
    streams: { count: 0 },
    // What fails there costs no command its name.
    onSpeaker:
      publish &&
      guarded(
        () => undefined,
        (speaker: CommandSpeaker) => publish.onEvent(commandEvent(speaker, placeOf(engine, publish, options))),
      ),
    report: onFailure ?? reportToStderr,
  };
  const open = new Map<WyomingConnection, Promise<void>>();
  const connections = new Connections(limits.maxConnections);
  const server = createServer({ noDelay: true });
  server.on('connection', (socket) => {
    if (!allowed.has(socket.remoteAddress ?? '')) socket.destroy();
  });
  connections.watch(server);
  const begin = (socket: Socket) => {
    if (socket.destroyed) return;
    const connection = new WyomingConnection(surface, socket, () => connections.keep(peerOf(socket)));
    open.set(
      connection,
      connection.run().finally(() => open.delete(connection)),
    );
  };
  server.on('connection', (socket) => guarded(() => socket.destroy(), begin)(socket));
  await listening(server, host, port);
  // The first command would wait for the networks otherwise; what fails here fails again, and is reported then.
  guarded(
    () => undefined,
    () => engine.tryModels(),
  )();
  const { address, port: taken, family } = server.address() as AddressInfo;
  const failed = (error: unknown) => surface.report({ requestId: 'wyoming', code: 'CONFIG_INVALID', error });
  const announcement = options.isAnnounced
    ? new (await import('./announcement.js')).WyomingAnnouncement({ host: address, port: taken, onFailure: failed })
    : undefined;
  return {
    address: `tcp://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    close: async () => {
      await announcement?.[Symbol.asyncDispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of open.keys()) connection.close();
      await Promise.all([closed, ...open.values()]);
    },
  };
}

const placeOf = (
  engine: Engine,
  publish: NonNullable<ServeWyomingOptions['publish']>,
  { falseAcceptPercent }: ServeWyomingOptions,
): CommandPlace => ({ ...publish, model: engine.model.id, threshold: engine.acceptScore(falseAcceptPercent) });

function listening(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays attached: a connection that cannot be accepted, for want of file descriptors, is an error of the server too.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const message = `cannot listen on ${host}:${port} (${error.code}); choose another address with --wyoming`;
      reject(new VoicePrintsError('CONFIG_INVALID', message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
