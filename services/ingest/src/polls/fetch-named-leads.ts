import type { Database } from '@leadline/database/open-database';
import { every, type Timer } from '@leadline/service-kit/every';
import { createHmac } from 'node:crypto';
import { claimNamedLeads, settleNamedLead, type DueLead } from '../vendors/named-leads.ts';
import { decideNamedLead, type NamedLeadAnswer } from '../vendors/decide-named-lead.ts';
import { receiveParsed, type SentDelivery } from '../vendors/receive-delivery.ts';
import type { Receiving } from '../intake/keep-delivery.ts';
import type { SourceAdapter } from '../sources/adapter.ts';
import { parseDelivery } from '../sources/parse-delivery.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import { fieldOf, readJson } from '../sources/read-json.ts';
import { findAdapter } from '../sources/registry.ts';

type Asking = Receiving & {
  postgres: Database;
  fetch: typeof fetch;
  /** The Graph API with its version, https://graph.facebook.com/v26.0. */
  graphUrl: string;
  /** For connections that have no token of their own. */
  accessToken: string | undefined;
  lookEachMs: number;
};

/** Whoever takes a notification in wakes its own replica; the others find what that one could not ask for. */
const restLooks = 10;
const atOnce = 8;
const patienceMs = 15_000;

/** Fetches leads that vendors only named. Every replica runs it, and claims each lead before it asks. */
export function fetchNamedLeads(deps: Asking): Timer {
  return every({
    name: 'ask for awaited leads',
    ms: deps.lookEachMs,
    restMs: restLooks * deps.lookEachMs,
    log: deps.log,
    async work(stopping) {
      for (let asked = 0; !stopping.aborted;) {
        const due = await claimNamedLeads(deps.postgres, atOnce, 4 * patienceMs);
        await Promise.all(due.map((lead) => askForOne(lead, deps)));
        asked += due.length;
        if (due.length < atOnce) return asked === 0 ? 'rest' : undefined;
      }
      return undefined;
    },
  });
}

async function askForOne(due: DueLead, deps: Asking): Promise<void> {
  const adapter = findAdapter(due.connection.source);
  if (adapter === undefined) return;
  const { source, id: connectionId } = due.connection;
  const asked = await ask(due, adapter, deps);
  const ageMs = Date.now() - due.receivedAt.getTime();
  const decision = decideNamedLead(asked?.answer ?? null, due.attempts, ageMs);
  switch (decision.kind) {
    case 'take': {
      const sent = asked?.sent ?? toSent(due.notification);
      const stored = await receiveParsed([decision.lead], { adapter, connection: due.connection, sent }, deps);
      if (stored.kind === 'taken') await settleNamedLead(deps.postgres, due.id, { kind: 'done' });
      return;
    }
    case 'later':
      deps.log.warn({ source, connectionId, because: decision.error }, 'an awaited lead could not be read yet');
      await settleNamedLead(deps.postgres, due.id, decision);
      return;
    case 'give_up': {
      const faults = [{ pointer: '', reason: 'not_readable', detail: `could not be read: ${decision.error}` }];
      const refused = toRefused(due.sourceLeadId, faults);
      const sent = toSent(due.notification);
      const stored = await receiveParsed([refused], { adapter, connection: due.connection, sent }, deps);
      if (stored.kind === 'taken')
        await settleNamedLead(deps.postgres, due.id, { kind: 'given_up', error: decision.error });
    }
  }
}

/** Undefined: no answer came. Never log the address: it holds the token. */
async function ask(
  due: DueLead,
  adapter: SourceAdapter,
  deps: Asking,
): Promise<{ answer: NamedLeadAnswer; sent: SentDelivery } | undefined> {
  const token = due.connection.accessToken ?? deps.accessToken ?? '';
  const url = new URL(`${deps.graphUrl.replace(/\/$/, '')}/${encodeURIComponent(due.sourceLeadId)}`);
  url.searchParams.set('access_token', token);
  // Meta apps may require this proof that we know the app's secret.
  if (due.connection.secret !== null)
    url.searchParams.set('appsecret_proof', createHmac('sha256', due.connection.secret).update(token).digest('hex'));
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await deps.fetch(url, { redirect: 'error', signal: AbortSignal.timeout(patienceMs) });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch {
    return undefined;
  }
  const sent = toSent(new TextDecoder().decode(bytes), bytes);
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    sent,
    answer: {
      status: response.status,
      code: readCode(sent.text),
      retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1_000 : null,
      lead: readLead(sent, due, adapter),
    },
  };
}

/** Reads the lead under the id that the vendor named. */
function readLead(sent: SentDelivery, due: DueLead, adapter: SourceAdapter): ParsedLead | null {
  const parsed = parseDelivery(adapter, sent, due.connection.aliases);
  const [lead] = parsed.ok ? parsed.leads : [];
  if (lead === undefined) return null;
  const { sourceLeadId } = due;
  const { read } = lead;
  return {
    ...lead,
    sourceLeadId,
    read: read.ok ? { ok: true, lead: { ...read.lead, sourceLeadId } } : read,
  };
}

/** Also finds the code of an error inside a list, as batch requests return it. */
function readCode(text: string): number | null {
  const body = readJson(text);
  const code = fieldOf(fieldOf(Array.isArray(body) ? body[0] : body, 'error'), 'code');
  return typeof code === 'string' && /^\d{1,9}$/.test(code) ? Number(code) : null;
}

function toSent(text: string, bytes: Uint8Array = Buffer.from(text)): SentDelivery {
  return { method: 'GET', query: '', contentType: 'application/json', text, bytes, receivedAt: new Date() };
}

function toRefused(sourceLeadId: string, faults: Extract<ParsedLead['read'], { ok: false }>['faults']): ParsedLead {
  return {
    sourceLeadId,
    read: { ok: false, faults },
    phoneRaw: null,
    phoneAlternates: [],
    dndFlag: null,
    isTest: false,
    enquiryType: null,
  };
}
