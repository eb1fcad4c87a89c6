let known: boolean | undefined;

/** Whether this Node.js runs on musl (Alpine) instead of glibc. */
export function isMusl(): boolean {
  known ??= process.platform === 'linux' && glibcVersion() === undefined;
  return known;
}

/** From Node's diagnostic report: the only place where it says so. */
function glibcVersion(): string | undefined {
  const report = process.report as typeof process.report & { excludeNetwork: boolean }; // missing in @types/node 20
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // else it asks for the names of all connected addresses
  try {
    const { header } = report.getReport() as unknown as { readonly header: { readonly glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
