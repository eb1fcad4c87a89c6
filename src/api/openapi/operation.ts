import type { z } from 'zod';
import type { Scope } from '../access/caller.js';

/** One call as the document describes it. */
export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** Path template with `{name}` for each parameter. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly scope: Scope | 'any';
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** A JSON body. */
  readonly body?: z.ZodObject;
  /** Query parameters where the recording itself is the body. */
  readonly audioQuery?: z.ZodObject;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer?: z.ZodType;
  /** Also answers with a drawing, where `Accept` asks for one. */
  readonly hasTimeline?: true;
  /** Format of its refusals: a problem document by default, else the `fault` of the DeepAffects service. */
  readonly refusal?: 'fault';
  /** Heading in the documents. */
  readonly tag?: string;
}
