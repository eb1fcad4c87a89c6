export const DECODING: readonly string[];
export const FOR_DEMO: readonly string[];
export const FOR_TESTS: readonly string[];
export function ensureDebianPackages(names: readonly string[]): void;
