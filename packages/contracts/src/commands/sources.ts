import { z } from 'zod';
import { command, nothing, resultObject, wireTime, type ResultOf } from '../command.ts';
import { fieldAliases } from '../lead-fields.ts';
import { agentModes } from '../qualification.ts';
import { who } from './by.ts';

/**
 * The address to enter at the vendor, shown only once, because ingest keeps just a hash of its token. For a vendor that
 * we ask, the vendor's own address.
 */
const connection = resultObject({
  id: z.string(),
  source: z.string(),
  url: z.string(),
  /** The key that we created for a vendor that signs its requests. */
  secret: z.string().optional(),
  /** A command that tests the address and calls nobody. */
  curl: z.string(),
});
export type SourceConnection = ResultOf<typeof addSource>;

export const addSource = command({
  subject: 'ops.ingest.add_source',
  summary: 'Makes an address for a vendor; it is answered once',
  body: z.object({
    who,
    source: z.string(),
    secret: z.string().min(1).max(500).optional(),
    accessToken: z.string().min(1).max(2_000).optional(),
    aliases: fieldAliases.default({}),
    agentMode: agentModes.optional(),
    requestsPerMinute: z.int().min(1).max(1_000_000).default(1_200),
    mostBodyBytes: z.int().min(1_024).max(8_388_608).default(262_144),
  }),
  result: connection,
});

export const rotateSource = command({
  subject: 'ops.ingest.rotate_source',
  summary: 'A new address in place of the old one, and a disabled source is enabled again',
  body: z.object({
    who,
    id: z.uuid(),
    /** How long the old address keeps working, so that you can give the vendor the new one without a gap. */
    keepOldHours: z.number().min(0).max(720).default(0),
  }),
  result: connection,
});

export const disableSource = command({
  subject: 'ops.ingest.disable_source',
  summary: 'Takes nothing any more over an address. Its leads stay',
  body: z.object({ who, id: z.uuid() }),
  result: resultObject({ id: z.string() }),
});

export const listSources = command({
  subject: 'ops.ingest.list_sources',
  summary: 'Every address, when its vendor last delivered, and what came of the last 24 hours',
  body: nothing,
  result: z.array(
    resultObject({
      id: z.string(),
      source: z.string(),
      enabled: z.boolean(),
      agentMode: z.string().nullable(),
      requestsPerMinute: z.number(),
      mostBodyBytes: z.number(),
      createdAt: wireTime,
      lastDeliveryAt: wireTime.nullable(),
      lastDay: resultObject({
        accepted: z.number(),
        repeated: z.number(),
        rejected: z.number(),
        /** Accepted ones whose known id came with another number. */
        otherNumbers: z.number().default(0),
      }),
      /**
       * For a vendor that we ask: when we read it last, what is wrong now, and since when its answers have been empty.
       */
      poll: resultObject({
        readAt: wireTime.nullable(),
        failedAt: wireTime.nullable(),
        error: z.string().nullable(),
        blankSince: wireTime.nullable().default(null),
      }).nullable(),
      /**
       * For a vendor that only names leads: how many we could not read so far or gave up within a week, the oldest, and
       * why.
       */
      awaited: resultObject({
        waiting: z.number(),
        givenUp: z.number(),
        oldestAt: wireTime.nullable(),
        error: z.string().nullable(),
      })
        .nullable()
        .default(null),
    }),
  ),
});
export type ListedSource = ResultOf<typeof listSources>[number];
