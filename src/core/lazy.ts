/** Something that is opened by the first who asks, and closed once by its owner. */
export interface Lazy<T> {
  /** Opens it, or answers what is open; a failed opening rejects for whoever waits and is tried again by the next call. */
  get(): Promise<T>;
  /** What is open or being opened; undefined where nobody asked or opening failed. Never rejects. */
  opened(): Promise<T | undefined>;
  /** Whether it is open or being opened. */
  readonly isAsked: boolean;
}

/** One opening for all who ask at the same time. */
export function lazy<T>(open: () => Promise<T>): Lazy<T> {
  let opening: Promise<T> | undefined;
  return {
    get() {
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    async opened() {
      return opening?.catch(() => undefined); // whoever asked was told
    },
    get isAsked() {
      return opening !== undefined;
    },
  };
}
