/** A person whose id and name must still be taken out of the jobs of a store. */
export interface NotedErasure {
  readonly id: string;
  readonly tenantId: string;
  readonly speakerId: string;
}

/** People to be taken out of jobs, whichever process noted them. All methods throw REGISTRY_UNAVAILABLE. */
export interface ErasureNotes {
  /** Before the person is erased, durably: a process that ends in between leaves it to the next that looks. */
  note(tenantId: string, speakerId: string): Promise<NotedErasure>;
  /** Once the person is erased: pending from now on, even if another process has been through the jobs meanwhile. */
  confirm(erasure: NotedErasure): Promise<void>;
  /** The person was not erased after all. */
  remove(erasure: NotedErasure): Promise<void>;
  isPending(erasure: NotedErasure): Promise<boolean>;
  pending(): Promise<readonly NotedErasure[]>;
  /** The stored jobs no longer name the person. */
  done(erasure: NotedErasure): Promise<void>;
}
