export interface AppOptions {
  readonly ingress_users_may?: string;
  readonly api_keys?: readonly string[];
  readonly allow_hosts?: readonly string[];
  readonly log?: string;
  readonly encryption_key?: string;
}

export function serveOptions(options: AppOptions): {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};
