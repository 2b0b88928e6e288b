import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { CliConfig } from './config.ts';
import { WrongUse } from './exit-codes.ts';

/** The Leadline to talk to. */
export type Place = {
  nats: { url: string; user: string; pass: string | undefined };
  /** The stop switch over HTTP, if its address and key are known. */
  dispatcher: { url: string; key: string } | undefined;
};

const run = z.object({
  dispatcherAdmin: z.url(),
  opsKey: z.string(),
  nats: z.object({ url: z.string(), users: z.object({ ops: z.object({ user: z.string(), pass: z.string() }) }) }),
});

/**
 * Reads flags and settings; without them, `.leadline/run.json` of the Leadline that runs in this clone.
 * @throws WrongUse when neither names a Leadline
 */
export function findPlace(
  config: CliConfig,
  given: { natsUrl?: string | undefined; natsUser?: string | undefined },
): Place {
  const url = given.natsUrl ?? config.NATS_URL;
  const { DISPATCHER_URL, OPS_KEY } = config;
  const dispatcher =
    DISPATCHER_URL === undefined || OPS_KEY === undefined ? undefined : { url: DISPATCHER_URL, key: OPS_KEY };
  if (url !== undefined) {
    return { nats: { url, user: given.natsUser ?? config.NATS_USER, pass: config.NATS_PASS }, dispatcher };
  }
  const file = join(config.LEADLINE_STATE_DIR, 'run.json');
  if (!existsSync(file)) {
    throw new WrongUse(
      'no Leadline to talk to: start one here with npm start, or set NATS_URL, NATS_USER (ops) and NATS_PASS',
    );
  }
  const parsed = run.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new WrongUse(`${file} is of another version: stop that Leadline and start it again`);
  const { dispatcherAdmin, opsKey, nats } = parsed.data;
  return {
    nats: { url: nats.url, ...nats.users.ops },
    dispatcher: dispatcher ?? { url: dispatcherAdmin, key: opsKey },
  };
}
