/**
 * A part of a running process: a server, a consumer, a repeated step. `stop` takes nothing new from then on and waits for
 * what is in hand, for a time that the part itself limits; it does not reject.
 */
export type Part = { stop(): Promise<void> };
