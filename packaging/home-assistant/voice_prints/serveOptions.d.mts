export interface AppOptions {
  readonly ingress_users_may?: string;
  readonly api_keys?: readonly string[];
  readonly allow_hosts?: readonly string[];
  readonly log?: string;
  readonly encryption_key?: string;
  readonly mqtt?: boolean;
  /** `HOST:PORT` of a Wyoming service. */
  readonly speech_to_text?: string;
}

/** As the Supervisor answers for /services/mqtt. */
export interface Broker {
  readonly host: string;
  readonly port: number;
  readonly ssl?: boolean;
  readonly username?: string;
  readonly password?: string;
}

export const WYOMING_PORT: number;

export function serveOptions(
  options: AppOptions,
  broker?: Broker,
): {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};
