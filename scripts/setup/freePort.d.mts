/** A port of 127.0.0.1 that is free for UDP and TCP, as are the `more` ports after it; never one that this process was given before. */
export function freePort(more?: number): Promise<number>;
