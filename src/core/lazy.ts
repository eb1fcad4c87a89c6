/** A resource opened on first use, and closed once by its owner. */
export interface Lazy<T> {
  /** Opens the resource, or returns the open one; a failed opening rejects for all who wait and is tried again by the next call. */
  get(): Promise<T>;
  /** The open resource, once it is; undefined where it was not requested or opening failed. Never rejects. */
  opened(): Promise<T | undefined>;
  /** Whether it is open or being opened. */
  readonly isAsked: boolean;
}

/** Concurrent callers share one opening. */
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
      return opening?.catch(() => undefined); // reported to the callers of get()
    },
    get isAsked() {
      return opening !== undefined;
    },
  };
}
