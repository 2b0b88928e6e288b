import type { Database } from '@leadline/database/open-database';
import { hash, randomUUID } from 'node:crypto';
import type { Connection } from '../vendors/connections.ts';
import { decideNextPoll, toPollWindow, type PollResult } from './decide-poll.ts';
import { fetchPage, type FetchedPage } from './fetch-page.ts';
import { findKnownIds } from '../intake/find-receipts.ts';
import { claimPoll, findRefusedEnquiries, keepFailure, keepSuccess, toRefusedKey, type Poll } from './keep-polls.ts';
import { receiveParsed } from '../vendors/receive-delivery.ts';
import type { Receiving } from '../intake/keep-delivery.ts';
import { parseDelivery } from '../sources/parse-delivery.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import { readCredentials, type PollWindow, type PullAdapter } from '../sources/pull-adapter.ts';
import type { Written } from '../sources/read-json.ts';

export type Polling = Receiving & {
  postgres: Database;
  fetch: typeof fetch;
  /** The address of each vendor. */
  vendorUrls: Record<string, string>;
  stopping: AbortSignal;
};

type Row = Record<string, Written>;
type WindowRead =
  /** `blank`: only a first page came, and it had no text. */
  { kind: 'read'; rows: number; fresh: number; blank: boolean } | Extract<FetchedPage, { detail: string }>;

/** Stops at a vendor that ignores the page number, which would never end. */
const maxPages = 1_000;
const atOnce = 200;
const maxErrorCharacters = 300;

/**
 * Asks a vendor for one window and stores all that is new in it. Only then it marks the window as read. If it ends
 * before that, the next poll asks for the same window, and we know stored enquiries by their ids.
 */
export async function pollConnection(connection: Connection, pull: PullAdapter, polling: Polling): Promise<void> {
  const poll = await claimPoll(polling.postgres, connection, pull.leastGapMs);
  if (poll === undefined) return;
  const window = toPollWindow(poll, poll.now, pull);
  const read = await readWindow(poll, window, pull, polling);
  // The next poll asks for it again.
  if (polling.stopping.aborted) return;

  const { source, id: connectionId } = connection;
  polling.metrics.polls.inc({ source, outcome: read.kind });
  if (read.kind === 'read') {
    const result: PollResult = { kind: 'read', window };
    const nextAt = decideNextPoll(result, 0, poll.now, pull);
    await keepSuccess(polling.postgres, poll, { window, read: read.rows, blank: read.blank, nextAt });
    if (read.fresh > 0) polling.log.info({ source, connectionId, enquiries: read.fresh }, 'a vendor told of enquiries');
    return;
  }
  const retryAfterMs = 'retryAfterMs' in read ? read.retryAfterMs : undefined;
  const kind = read.kind === 'unreadable' ? 'failed' : read.kind;
  const nextAt = decideNextPoll({ kind, retryAfterMs }, poll.failures + 1, poll.now, pull);
  const error = withoutSecrets(`${pull.adapter.title} ${read.detail}`, connection).slice(0, maxErrorCharacters);
  await keepFailure(polling.postgres, poll, { error, nextAt });
  polling.log.warn({ source, connectionId, because: read.kind, nextAt }, 'a vendor could not be asked');
}

async function readWindow(poll: Poll, window: PollWindow, pull: PullAdapter, polling: Polling): Promise<WindowRead> {
  const { connection } = poll;
  const credentials = readCredentials(pull, connection.secret ?? '');
  const base = polling.vendorUrls[connection.source];
  if (credentials === undefined || base === undefined)
    return { kind: 'refused', detail: `can not be asked: its secret must be ${pull.credentials.join(':')}` };
  const seen = new Set<string>();
  let rows = 0;
  let fresh = 0;
  for (let page = 1; page <= maxPages; page++) {
    const url = pull.toUrl(base, credentials, window, page);
    const fetched = await fetchPage(url, (text) => pull.readPage(text), {
      fetch: polling.fetch,
      stopping: polling.stopping,
    });
    if (fetched.kind === 'blank') {
      if (page > 1 || pull.blankIsNothing) return { kind: 'read', rows, fresh, blank: page === 1 };
      return { kind: 'failed', detail: 'answered without a word', retryAfterMs: undefined };
    }
    if (fetched.kind !== 'rows' && fetched.kind !== 'some') return fetched;
    // Some vendors answer every page with the first one.
    const newRows = fetched.rows.filter((row) => isNew(seen, JSON.stringify(row)));
    if (newRows.length > 0) {
      const stored = await storeRows(newRows, connection, pull, polling);
      if (stored === undefined)
        return { kind: 'failed', detail: 'was read, and not all of it could be stored', retryAfterMs: undefined };
      rows += newRows.length;
      fresh += stored;
    }
    if (fetched.kind === 'some') return fetched.rest;
    if (newRows.length === 0 || !pull.paged) return { kind: 'read', rows, fresh, blank: false };
  }
  return { kind: 'failed', detail: `answered ${maxPages} pages without an end`, retryAfterMs: undefined };
}

/** @returns how many were new; undefined when not all are known to be stored */
async function storeRows(
  rows: readonly Row[],
  connection: Connection,
  pull: PullAdapter,
  polling: Polling,
): Promise<number | undefined> {
  const { adapter } = pull;
  const idScope = adapter.ownIds ? connection.id : '';
  const read = rows.flatMap((row) => {
    const text = JSON.stringify(row);
    const raw = { method: 'GET' as const, query: '', contentType: 'application/json', text };
    const parsed = parseDelivery(adapter, raw, connection.aliases);
    return (parsed.ok ? parsed.leads : [unread(parsed.faults)]).map((lead) => ({ text, lead: withId(lead, text) }));
  });
  const ids = read.flatMap(({ lead }) => lead.sourceLeadId ?? []);
  const { source } = connection;
  const refused = await findRefusedEnquiries(polling.postgres, source, idScope, ids);
  const asked = read.map(({ lead }) => ({
    receiptId: randomUUID(),
    source,
    idScope,
    sourceLeadId: lead.sourceLeadId,
    idempotencyKey: null,
    bodyHash: '',
    read: lead.read,
  }));
  const known = await findKnownIds(polling.postgres.sql, asked);
  const fresh = read.filter(({ lead }, at) =>
    // The vendor may have corrected a refused enquiry; and a known id with another number is another person.
    lead.read.ok
      ? known.get(asked[at]?.receiptId ?? '')?.kind !== 'same'
      : !refused.has(toRefusedKey(lead.sourceLeadId ?? '', lead.phoneRaw)),
  );
  const receivedAt = new Date();
  for (let at = 0; at < fresh.length; at += atOnce) {
    const answers = await Promise.all(
      fresh.slice(at, at + atOnce).map(({ text, lead }) => {
        const raw = { method: 'GET' as const, query: '', contentType: 'application/json', text };
        const sent = { ...raw, bytes: Buffer.from(text), receivedAt };
        return receiveParsed([lead], { adapter, connection, sent }, polling);
      }),
    );
    if (answers.some(({ kind }) => kind === 'unavailable')) return undefined;
  }
  return fresh.length;
}

/** Gives an enquiry without an id one made from what it says and its time; if it holds no lead, from its whole text. */
function withId(lead: ParsedLead, text: string): ParsedLead {
  if (lead.sourceLeadId !== null) return lead;
  const identity = lead.read.ok
    ? JSON.stringify([
        lead.read.lead.phone,
        lead.read.lead.productName,
        lead.read.lead.message,
        lead.read.lead.enquiredAt,
      ])
    : (lead.phoneRaw ?? text);
  const sourceLeadId = `told-${hash('sha256', identity).slice(0, 32)}`;
  return { ...lead, sourceLeadId };
}

function unread(faults: Extract<ParsedLead['read'], { ok: false }>['faults']): ParsedLead {
  return {
    sourceLeadId: null,
    read: { ok: false, faults },
    phoneRaw: null,
    phoneAlternates: [],
    dndFlag: null,
    isTest: false,
    enquiryType: null,
  };
}

function isNew(seen: Set<string>, text: string): boolean {
  if (seen.has(text)) return false;
  seen.add(text);
  return true;
}

/** A vendor's words may quote our request, so remove the secrets. */
function withoutSecrets(text: string, { secret }: Connection): string {
  return (secret ?? '').split(':').reduce((said, part) => (part === '' ? said : said.replaceAll(part, '…')), text);
}
