import { z } from 'zod';
import { command, resultObject, wireTime, type ResultOf } from '../command.ts';
import type { ServiceName } from '../services.ts';

/** The state of each part: true, or a few words on what is wrong. */
const parts = z.record(z.string(), z.union([z.literal(true), z.string()]));
export type Parts = z.infer<typeof parts>;

const healthOf = (service: ServiceName) =>
  command({
    subject: `ops.${service}.health`,
    summary: `How one replica of ${service} is: what it stands on, its outbox, its clock; with \`far\` the systems that it calls`,
    body: z.object({ far: z.boolean().default(false) }),
    result: resultObject({
      /** What the service needs, as in `/readyz`. */
      parts,
      /** Far systems, as this service reaches them; empty unless the asking side wants them. */
      far: parts,
      /** Settings that services must share, or that a person may ask for. No secrets. */
      settings: z.record(z.string(), z.union([z.string(), z.number()])),
      /** When LiveKit’s webhooks came last to this replica of the call-tracker, by its clock; others send nothing. */
      webhooks: resultObject({ lastAt: wireTime.nullable(), refusedAt: wireTime.nullable() }).optional(),
      outbox: resultObject({ waiting: z.number(), oldestSeconds: z.number(), failed: z.number() }).nullable(),
      /** By the clock of the service's machine. */
      serviceTime: wireTime,
      /** By the database's clock, which decides; null if the database does not answer. */
      databaseTime: wireTime.nullable(),
    }),
  });

export const health = {
  ingest: healthOf('ingest'),
  dispatcher: healthOf('dispatcher'),
  'call-tracker': healthOf('call-tracker'),
  'crm-pusher': healthOf('crm-pusher'),
  dashboard: healthOf('dashboard'),
};
export type Health = ResultOf<typeof health.ingest>;
