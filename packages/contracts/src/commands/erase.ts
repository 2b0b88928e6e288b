import { z } from 'zod';
import { command, resultObject, type AskedBy, type ResultOf } from '../command.ts';
import type { PublishingService } from '../services.ts';
import { by } from './by.ts';
import { phone } from './phone.ts';

const eraseAt = (service: PublishingService, summary: string) =>
  command({
    subject: `ops.${service}.erase`,
    summary,
    body: z.object({
      phone,
      ...by,
      /** Only answers what it would erase. */
      dryRun: z.boolean().default(false),
    }),
    result: resultObject({
      /** How many rows of each kind were erased. A second run finds none. */
      counts: z.record(z.string(), z.number()),
      /** What is left, and why. */
      left: z.array(z.string()),
    }),
  });

/** Removes a person from a service's own data. `leadline erase` asks all four services in order. */
export const erase = {
  ingest: eraseAt('ingest', 'Takes a person out of leads, deliveries and enquiries'),
  dispatcher: eraseAt('dispatcher', 'Takes a person out of calls, dials and the audit'),
  'call-tracker': eraseAt('call-tracker', 'Takes what a person said out of calls, agents’ reports and dead letters'),
  'crm-pusher': eraseAt('crm-pusher', 'Answers what the CRM holds of a person, to be erased there'),
};
export type EraseAsked = AskedBy<typeof erase.ingest>;
export type Erased = ResultOf<typeof erase.ingest>;
