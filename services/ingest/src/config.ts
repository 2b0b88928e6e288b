import { integer, readConfig } from '@leadline/service-kit/read-config';
import { commonSettings, maxLeadAgeDays, port, retentionDays } from '@leadline/service-kit/shared-settings';
import { testCallSource } from '@leadline/contracts/test-call';
import { z } from 'zod';

export type Config = z.output<typeof settings>;

/** One key of one source. A source may have several, so that a key can be changed without a gap. */
type ApiKey = { source: string; key: string };

const apiKeys = z.string().transform((text, context): ApiKey[] =>
  text.split(',').map((entry, index) => {
    const [, source = '', key = ''] = /^\s*([a-z][a-z0-9_-]{0,62}):(\S{16,})\s*$/.exec(entry) ?? [];
    if (source === testCallSource) {
      const message = `entry ${index + 1} has the source ${source}, which only Leadline’s own test calls have; take another`;
      context.addIssue({ code: 'custom', message });
    } else if (key === '') {
      // Don't print the entry itself: it may hold a key.
      const message = `entry ${index + 1} can't be read; write source:key, the source in lower case, the key at least 16 characters`;
      context.addIssue({ code: 'custom', message });
    }
    return { source, key };
  }),
);

const vendorUrl = z.url({ protocol: /^https?$/, message: 'must be an http:// or https:// URL' });

/** The address at which we ask a vendor for leads; by default the vendor's own. */
const askedVendor = (vendor: string, url: string) =>
  vendorUrl.prefault(url).meta({
    goal: 'leads',
    description: `Where ${vendor} is asked for leads. Change it only for a test against a stand-in.`,
    example: 'http://127.0.0.1:9000',
  });

export const settings = z.object({
  ...commonSettings,
  RETENTION_DAYS: retentionDays,
  PORT: port('0', 'The port on which leads arrive. 0 takes any free port.', 'leads'),
  API_KEYS: apiKeys.meta({
    goal: 'leads',
    description:
      'Who may send leads: `source:key`, separated by commas. A key has 16 characters or more and names the source of its leads. A source may have several keys, so that you can change one without a gap.',
    example: 'website:a-key-of-the-website,zapier:another-key-of-16',
  }),
  INDIAMART_URL: askedVendor('IndiaMART', 'https://mapi.indiamart.com'),
  TRADEINDIA_URL: askedVendor('TradeIndia', 'https://www.tradeindia.com'),
  EXPORTERSINDIA_URL: askedVendor('ExportersIndia', 'https://members.exportersindia.com'),
  DEDUPE_DAYS: integer(0, 90).prefault('7').meta({
    goal: 'leads',
    description:
      'How long further enquiries of the same number join the open lead of this buyer in place of making a new one. 0: never.',
    example: '14',
  }),
  MAX_LEAD_AGE_DAYS: maxLeadAgeDays,
  META_GRAPH_URL: vendorUrl.prefault('https://graph.facebook.com/v26.0').meta({
    goal: 'leads',
    description: "Meta's Graph API, with its version.",
    example: 'https://graph.facebook.com/v27.0',
  }),
  META_PAGE_TOKEN: z.string().min(1).optional().meta({
    goal: 'leads',
    description: 'The token of your Meta Page, for connections that have no token of their own.',
    example: 'token-of-the-page',
  }),
  INGEST_PUBLIC_URL: vendorUrl.optional().meta({
    goal: 'leads',
    description:
      'The address at which vendors reach ingest. The addresses of source connections begin with it. Without it they begin with the address on which ingest listens.',
    example: 'https://leads.example.in',
  }),
});

/** @throws ConfigError with all problems at once */
export function readIngestConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}
