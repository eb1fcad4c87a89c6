import type { KeyCheck } from '../../api/access/admitKey.js';
import type { RunningGrpcServer, ServeGrpcOptions } from '../../api/grpc/serveGrpc.js';
import { present } from '../../core/present.js';
import { type Engine, VoicePrintsError } from '../../index.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { numberOption, textOption } from '../options/parseCommandLine.js';
import { remark } from '../output/output.js';
import { tlsPair } from './serveTls.js';

export const grpcOptions = {
  'grpc-port': {
    value: 'PORT',
    about: 'Port of the gRPC service; 0 takes a free one, off serves none (default 50051)',
  },
  'grpc-cert': { value: 'FILE', about: 'TLS certificate of the gRPC service (PEM); with --grpc-key' },
  'grpc-key': { value: 'FILE', about: 'Private key of that certificate (PEM)' },
} as const satisfies Record<string, OptionSpec>;

interface GrpcToServe extends KeyCheck, Pick<ServeGrpcOptions, 'onFailure' | 'graceMs' | 'tracing'> {
  readonly engine: Engine;
  readonly host: string | undefined;
}

/**
 * Serves gRPC unless it is switched off. Where no port was given and the default one is in use, only REST is served.
 * Throws USAGE, CONFIG_INVALID, or the errors of reading the certificate.
 */
export async function serveGrpcToo(
  args: ParsedArguments,
  terminal: Terminal,
  { host, ...shared }: GrpcToServe,
): Promise<RunningGrpcServer | undefined> {
  const portText = textOption(args, 'grpc-port');
  if (portText === 'off') return undefined;
  const port = numberOption(args, 'grpc-port', { least: 0, most: 65_535, isWhole: true });
  const { serveGrpc } = await import('../../api/grpc/serveGrpc.js');
  const tls = await tlsPair(args, 'grpc-cert', 'grpc-key');
  const options: ServeGrpcOptions = {
    ...shared,
    ...present({ host, port, tls }),
  };
  try {
    return await serveGrpc(options);
  } catch (error) {
    if (portText !== undefined || !(error instanceof VoicePrintsError) || tls !== undefined) throw error;
    remark(args, terminal, `No gRPC: ${error.message} with --grpc-port.`);
    return undefined;
  }
}
