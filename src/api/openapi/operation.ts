import type { z } from 'zod';
import type { Scope } from '../access/caller.js';

/** One call as the document describes it. */
export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With `{name}` for each parameter of `path`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A JSON body. */
  readonly body?: z.ZodObject;
  /** The recording itself may be the body, then with these in the query. */
  readonly audioQuery?: z.ZodObject;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer?: z.ZodType;
  /** The form of its refusals: a problem document by default, else the `fault` of the closed service. */
  readonly refusal?: 'fault';
  /** Heading under which documents list it. */
  readonly tag?: string;
}
