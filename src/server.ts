/** The server of other programs' calls: REST, WebSocket and gRPC over one engine. */

export { ApiKeys } from './api/access/apiKeys.js';
export { type RunningGrpcServer, type ServeGrpcOptions, serveGrpc } from './api/grpc/serveGrpc.js';
export { type RunningServer, type ServeOptions, serve } from './api/serve.js';
export { readTls, type Tls, type TlsFiles } from './api/tlsFiles.js';
export { type OpenTracing, openTracing } from './tracing/openTracing.js';
export type { Span, SpanFacts, SpanStart, Tracing } from './tracing/tracing.js';
