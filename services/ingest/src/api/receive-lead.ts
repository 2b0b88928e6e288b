import { maxRows, type BatchResult, type Fault } from '../intake/lead-schema.ts';
import { keepDelivery, type Receiving } from '../intake/keep-delivery.ts';
import { nestsTooDeep, tooDeep, writeJson } from '../intake/nesting.ts';
import { toLead, type ReadLead } from '../intake/to-lead.ts';
import { toProblem, type ProblemKind, type StatusProblem } from './to-problem.ts';

/** Who sent it, and the Idempotency-Key it came with. */
export type Sender = { source: string; idempotencyKey: string | null };

export type Refusal = { accepted: false; problem: StatusProblem };
export type Answer = { accepted: true; id: number; status: 'new' } | Refusal;

/** Answers one lead, once the lead or its refusal is committed. */
export function receiveLead(text: string, sender: Sender, receiving: Receiving): Promise<Answer> {
  const json = readJson(text);
  return deliver({ ...sender, body: text, read: json.ok ? readLead(json.value) : json }, receiving);
}

/**
 * Treats each row on its own: a bad row does not stop the good ones, and the sender may correct and resend it alone or
 * among others.
 */
export async function receiveBatch(
  text: string,
  sender: Sender,
  receiving: Receiving,
): Promise<{ accepted: true; result: BatchResult } | Refusal> {
  const batch = readRows(text);
  if (!batch.ok) {
    const answer = await deliver({ ...sender, body: text, read: batch }, receiving);
    if (answer.accepted) throw new Error('a batch that can not be read was taken as a lead');
    return answer;
  }
  const answers = await Promise.all(
    batch.rows.map((row, index) =>
      deliver(
        {
          source: sender.source,
          // A source's own key holds no space, so a row's key never equals a lead's.
          idempotencyKey: sender.idempotencyKey === null ? null : `${sender.idempotencyKey} ${index}`,
          body: nestsTooDeep(row) ? writeJson(row) : JSON.stringify(row),
          read: readLead(row),
        },
        receiving,
      ),
    ),
  );
  const accepted = answers.filter((answer) => answer.accepted).length;
  const results = answers.map((answer, row) =>
    answer.accepted ? { row, status: 202 as const, id: answer.id } : { row, ...answer.problem },
  );
  return { accepted: true, result: { accepted, rejected: answers.length - accepted, results } };
}

async function deliver(sent: Sender & { body: string; read: ReadLead }, receiving: Receiving): Promise<Answer> {
  const { source, idempotencyKey, body, read } = sent;
  const sourceLeadId = read.ok ? read.lead.sourceLeadId : null;
  const { receiptId, outcome } = await keepDelivery(
    { source, idScope: '', sourceLeadId, idempotencyKey, body, read },
    receiving,
  );
  switch (outcome.kind) {
    case 'accepted':
    // A repeat gets the id of the lead that was there already.
    case 'joined':
      return { accepted: true, id: outcome.leadId, status: 'new' };
    case 'repeated':
      // Repeats the first answer, even if the lead has changed since.
      if (outcome.leadId !== null) return { accepted: true, id: outcome.leadId, status: 'new' };
      return { accepted: false, problem: toProblem('erased', { receipt: receiptId }) };
    case 'rejected': {
      const { faults } = outcome;
      const kind = kinds.get(faults[0]?.reason ?? '') ?? 'invalid-lead';
      return { accepted: false, problem: toProblem(kind, { errors: faults, receipt: receiptId }) };
    }
    case 'unavailable':
      return { accepted: false, problem: toProblem('unavailable') };
  }
}

const kinds = new Map<string, ProblemKind>([
  ['malformed_json', 'malformed-json'],
  ['not_a_batch', 'invalid-batch'],
  ['too_many_rows', 'invalid-batch'],
  ['idempotency_key_reused', 'idempotency-key-reused'],
]);

type Faulty = { ok: false; faults: Fault[] };

function readLead(value: unknown): ReadLead {
  return nestsTooDeep(value) ? { ok: false, faults: [tooDeep] } : toLead(value);
}

function readJson(text: string): { ok: true; value: unknown } | Faulty {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    // The error's text may quote the body, so take only the position from it.
    const message = error instanceof Error ? error.message : '';
    const [where] = /position \d{1,8} \(line \d+ column \d+\)$|^Unexpected end of JSON input$/.exec(message) ?? [];
    const detail = where === undefined ? 'is not JSON' : `is not JSON: ${where}`;
    return { ok: false, faults: [{ pointer: '', reason: 'malformed_json', detail }] };
  }
}

function readRows(text: string): { ok: true; rows: unknown[] } | Faulty {
  const json = readJson(text);
  if (!json.ok) return json;
  const { value } = json;
  const rows: unknown = typeof value === 'object' && value !== null && 'leads' in value ? value.leads : value;
  const refuse = (reason: string, detail: string): Faulty => ({
    ok: false,
    faults: [{ pointer: rows === value ? '' : '/leads', reason, detail }],
  });
  if (!Array.isArray(rows)) return refuse('not_a_batch', 'must be {"leads": [ … ]}');
  if (rows.length > maxRows) return refuse('too_many_rows', `has ${rows.length} rows; at most ${maxRows} at once`);
  return { ok: true, rows };
}
