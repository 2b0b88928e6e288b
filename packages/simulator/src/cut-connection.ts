import type { Context } from 'hono';
import { z } from 'zod';

type Socket = { destroy(): void; write(text: string, sent: (error?: unknown) => void): void };

const nodeServer = z.object({ incoming: z.object({ socket: z.custom<Socket>() }) });

/** The request's socket. Destroy it to cut the connection instead of answering. */
export function socketOf(c: Context): Socket {
  return nodeServer.parse(c.env).incoming.socket;
}
