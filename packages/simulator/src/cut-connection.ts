import type { Context } from 'hono';
import { z } from 'zod';

type Socket = { destroy(): void; write(text: string, sent: (error?: unknown) => void): void };

const nodeServer = z.object({ incoming: z.object({ socket: z.custom<Socket>() }) });

/** The socket that a request came on, to be destroyed instead of an answer. */
export function socketOf(c: Context): Socket {
  return nodeServer.parse(c.env).incoming.socket;
}
