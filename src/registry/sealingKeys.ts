import {
  isKeyOfBox,
  keyOfBox,
  newSealingKey,
  type SealedBox,
  type SealingKey,
  STORE_ROUNDS,
} from '../sealing/sealing.js';
import { storeKeyMissing } from '../sealing/storeKeyMissing.js';

/** Keys derived from one passphrase for the files of a store: derivation is slow by design, so each is derived once. */
export class SealingKeys {
  readonly #passphrase: string | undefined;
  readonly #known: SealingKey[] = [];

  constructor(passphrase: string | undefined) {
    this.#passphrase = passphrase;
  }

  get isSealing(): boolean {
    return this.#passphrase !== undefined;
  }

  /** A key to seal with; undefined where there is no passphrase. */
  async forSealing(): Promise<SealingKey | undefined> {
    if (this.#passphrase === undefined) return undefined;
    return this.#known[0] ?? this.#remember(await newSealingKey(this.#passphrase, STORE_ROUNDS));
  }

  /** The key of a box. Throws REGISTRY_KEY_MISSING or REGISTRY_KEY_WRONG. */
  async forBox(box: SealedBox): Promise<SealingKey> {
    if (this.#passphrase === undefined) {
      throw storeKeyMissing();
    }
    const known = this.#known.find((key) => isKeyOfBox(key, box));
    return known ?? this.#remember(await keyOfBox(this.#passphrase, box));
  }

  #remember(key: SealingKey): SealingKey {
    this.#known.push(key);
    return key;
  }
}
