/**
 * A part of a running process: a server, a consumer, a repeated step. After `stop` it accepts nothing new, and finishes
 * its current work within a limit of its own; `stop` does not reject.
 */
export type Part = { stop(): Promise<void> };
