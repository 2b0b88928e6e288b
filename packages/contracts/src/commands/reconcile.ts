import { z } from 'zod';
import { command, nothing, resultObject, wireTime } from '../command.ts';
import { by } from './by.ts';

const body = z.object(by);
const ids = z.array(z.number());
/** How many of its own published events the service stored. */
const events = z.number();

/**
 * For a database that was restored from a backup: each service stores what the streams know since then. Safe to repeat.
 * `leadline reconcile` asks all four in order.
 */
export const reconcile = {
  ingest: command({
    subject: 'ops.ingest.reconcile',
    summary: 'After a restore: takes in ingest’s own events, and lists the leads and enquiries that are lost',
    body,
    result: resultObject({
      events,
      lostLeads: ids,
      lostEnquiries: z
        .array(resultObject({ leadId: z.number(), source: z.string(), enquiredAt: wireTime }))
        .default([]),
    }),
  }),
  dispatcher: command({
    subject: 'ops.dispatcher.reconcile',
    summary: 'After a restore: fails the leads that were dialled or given up since, so that nobody is rung again',
    body,
    result: resultObject({
      events,
      /**
       * Leads that were called since the backup: `failed` as `dialled_before_restore`, until an operator asks for one
       * more call.
       */
      dialledLeads: ids,
      /** Leads that were given up since the backup, and are given up again. */
      failedLeads: ids,
      /** How many numbers asked since the backup never to be called, and are on the list again. */
      doNotCall: z.number(),
      /** No dial before this: until then, the last call that this database does not know may continue. */
      diallingFrom: wireTime.nullable(),
    }),
  }),
  'call-tracker': command({
    subject: 'ops.call-tracker.reconcile',
    summary: 'After a restore: hears agents’ and dials’ reports again that the restored calls had not heard',
    body,
    result: resultObject({ events, heardAgain: z.number() }),
  }),
  'crm-pusher': command({
    subject: 'ops.crm-pusher.reconcile',
    summary: 'After a restore: takes in the crm-pusher’s own events; the CRM itself knows its tasks',
    body,
    result: resultObject({ events }),
  }),
};

export const compareDatabase = command({
  subject: 'ops.dispatcher.compare_database',
  summary: 'Subjects whose newest event the database that the claim asks does not know',
  body: nothing,
  result: resultObject({ unknown: z.array(z.string()) }),
});
