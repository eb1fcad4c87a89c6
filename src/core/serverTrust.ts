/** Which certificates a connection over TLS accepts. Without members: those that the public authorities signed. */
export interface ServerTrust {
  /** PEM: authorities in place of the public ones. */
  readonly authorities?: string;
  /** SHA-256 of the one certificate that is accepted, in hex; who signed it, its name and its dates do not matter then. */
  readonly fingerprint?: string;
}

/** The certificate a side shows, and the key to it. */
export interface OwnCertificate {
  /** PEM, with the certificates between it and its authority. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** Of an encrypted key. */
  readonly passphrase?: string;
}
