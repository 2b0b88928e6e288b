import { commonSettings, integer, readConfig } from '@leadline/service-kit/read-config';
import { retentionDays } from '@leadline/service-kit/forget-after';
import { z } from 'zod';

export type Config = z.output<typeof settings>;

/** One key of one source. A source may have several, so that a key can be changed without a gap. */
export type ApiKey = { source: string; key: string };

const apiKeys = z.string().transform((text, context): ApiKey[] =>
  text.split(',').map((entry, index) => {
    const [, source = '', key = ''] = /^\s*([a-z][a-z0-9_-]{0,62}):(\S{16,})\s*$/.exec(entry) ?? [];
    if (key === '') {
      // Not the entry itself: it may hold a key.
      const message = `entry ${index + 1} can't be read; write source:key, the source in lower case, the key at least 16 characters`;
      context.addIssue({ code: 'custom', message });
    }
    return { source, key };
  }),
);

const vendorUrl = z.url({ protocol: /^https?$/, message: 'must be an http:// or https:// URL' });

const settings = z.object({
  ...commonSettings,
  /** After so many days a person's data is taken out of what the service owns. */
  RETENTION_DAYS: retentionDays,
  PORT: integer(0, 65_535).prefault('0'),
  /** `website:<key>,zapier:<key>`: who may deliver leads. A key also names the source of what comes with it. */
  API_KEYS: apiKeys,
  /** Where the vendors are that are asked. */
  INDIAMART_URL: vendorUrl.prefault('https://mapi.indiamart.com'),
  TRADEINDIA_URL: vendorUrl.prefault('https://www.tradeindia.com'),
  EXPORTERSINDIA_URL: vendorUrl.prefault('https://members.exportersindia.com'),
  /** How long a buyer's open lead takes in further enquiries of the same number; 0: never. */
  DEDUPE_DAYS: integer(0, 90).prefault('7'),
  /** As the dispatcher's: what an import tells to be too old to be called. */
  MAX_LEAD_AGE_DAYS: integer(1, 365).prefault('7'),
  META_GRAPH_URL: vendorUrl.prefault('https://graph.facebook.com/v26.0'),
  /** Meta's Page token, for connections that were not given one of their own. */
  META_PAGE_TOKEN: z.string().min(1).optional(),
  /** Where vendors reach us: what the addresses of source connections begin with. */
  INGEST_PUBLIC_URL: vendorUrl.optional(),
});

/** @throws ConfigError with all problems at once */
export function readIngestConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}
