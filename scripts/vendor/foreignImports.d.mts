/** What a module imports of an npm package; `names` is undefined where it takes everything. */
export interface ForeignImport {
  readonly specifier: string;
  readonly names: readonly string[] | undefined;
  readonly start: number;
  readonly end: number;
}
export function foreignImports(code: string): ForeignImport[];
export function redirected(code: string, to: (specifier: string) => string | undefined): string;
export function packageOf(specifier: string): string;
