import type { RequestHandler } from 'express';
import type { NodeAPI } from 'node-red';
import { cors } from '../../src/api/calls/cors.js';

/** Node-RED's setting `httpNodeCors`, which core applies to the routes of its own nodes only; nothing where it is not set. */
export function nodeCors(RED: NodeAPI): readonly RequestHandler[] {
  const { httpNodeCors } = RED.settings as { httpNodeCors?: { readonly origin?: unknown } };
  if (!httpNodeCors) return [];
  const { origin: rule = '*' } = httpNodeCors; // as the package that core uses
  return [cors((origin) => leaveOf(rule, origin))];
}

/** What a rule of that package allows: `*`, an origin, a pattern, a list of these, or true for all origins. A function is not called. */
export function leaveOf(rule: unknown, origin: string): string | undefined {
  if (rule === '*') return '*';
  if (Array.isArray(rule)) return rule.some((one) => leaveOf(one, origin) !== undefined) ? origin : undefined;
  const isAllowed = rule === true || rule === origin || (rule instanceof RegExp && rule.test(origin));
  return isAllowed ? origin : undefined;
}
