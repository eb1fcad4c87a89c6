const NAME = 'voice-prints.key';

/** The key of this tab: kept until the tab is closed, and never part of an address. */
export const keyStore = {
  read: (): string | undefined => {
    try {
      return sessionStorage.getItem(NAME) ?? undefined;
    } catch {
      return undefined; // storage is switched off: the key is asked for after each reload
    }
  },
  write: (key: string | undefined): void => {
    try {
      if (key === undefined) sessionStorage.removeItem(NAME);
      else sessionStorage.setItem(NAME, key);
    } catch {
      // as above
    }
  },
};
