import type { OptionSpec, ParsedArguments } from '../command.js';
import { textOption, usageError } from '../options/parseCommandLine.js';

export const ROLES = ['api', 'worker', 'live'] as const;
export type Role = (typeof ROLES)[number];

export const rolesOptions = {
  roles: {
    value: 'ROLE,…',
    about:
      'What this process does: api (calls and streams), worker (jobs and webhooks), live (--sources); one alone needs a shared database (default: all)',
  },
} as const satisfies Record<string, OptionSpec>;

interface RolesContext {
  /** Whether the store is a database that processes share. */
  readonly isShared: boolean;
}

/** Options that are of no use without a role. */
const NEEDED: readonly (readonly [option: string, role: Role])[] = [
  ['sources', 'live'],
  ['wyoming', 'api'],
  ['grpc-cert', 'api'],
  ['cors-origins', 'api'],
  ['trusted-ingress', 'api'],
];

/** The roles of `--roles`. Throws USAGE for those that are unknown, or that make no sense here. */
export function rolesOf(args: ParsedArguments, { isShared }: RolesContext): ReadonlySet<Role> {
  const text = textOption(args, 'roles');
  if (text === undefined) return new Set(ROLES);
  const names = text.split(',').map((name) => name.trim());
  const roles = new Set(ROLES.filter((role) => names.includes(role)));
  const unknown = names.find((name) => !ROLES.some((role) => role === name));
  if (unknown !== undefined) throw usageError(`--roles ${unknown} is not known; use ${ROLES.join(', ')}`);
  if (!isShared && roles.has('api') !== roles.has('worker')) {
    const [given, missing] = roles.has('api') ? ['api', 'worker'] : ['worker', 'api'];
    throw usageError(
      `--roles ${given} without ${missing} needs a database that both share; set VOICE_PRINTS_DATABASE_URL, or add ${missing}`,
    );
  }
  const isIdle = roles.has('live') && roles.size === 1 && textOption(args, 'sources') === undefined;
  if (isIdle) throw usageError('--roles live listens to sources; name them with --sources');
  for (const [option, role] of NEEDED) {
    if (args.values[option] !== undefined && !roles.has(role)) {
      throw usageError(`--${option} is for the role ${role}; add it to --roles`);
    }
  }
  return roles;
}
