import type { ParsedLead } from '../sources/parsed-lead.ts';

/** The vendor's answer to our request for a lead; null: nothing readable. */
export type NamedLeadAnswer = {
  status: number;
  /** The vendor's own error code. */
  code: number | null;
  retryAfterMs: number | null;
  lead: ParsedLead | null;
} | null;

export type NamedLeadDecision =
  | { kind: 'take'; lead: ParsedLead }
  | { kind: 'later'; delayMs: number; error: string }
  | { kind: 'give_up'; error: string };

const firstDelayMs = 2_000;
const longestDelayMs = 3_600_000;
const giveUpAfterMs = 7 * 86_400_000;
/** Graph counts its limits over an hour or a day; asking each second would keep them full. */
const limitedDelayMs = 300_000;

/**
 * What the Graph API's codes mean. None is final: the same 100/33 means a missing lead, a lead made just now, or a
 * token that may not see it (no leads access in the business settings, a role removed). Source:
 * developers.facebook.com, "Handling Errors" and "Rate Limits"; n8n#10793, Mautic-facebook#2, php-graph-sdk#1121.
 */
const meanings: readonly { codes: (code: number) => boolean; error: string; isLimit?: boolean }[] = [
  {
    codes: (code) => code === 100 || code === 803,
    error: 'there is no such lead, or the access token may not read it',
  },
  { codes: (code) => code === 190 || code === 102, error: 'the access token is missing, expired or wrong' },
  {
    codes: (code) => code === 3 || code === 10 || (code >= 200 && code < 300),
    error: 'the app or the token lacks a permission: leads_retrieval, or leads access in the business settings',
  },
  {
    codes: (code) => [4, 17, 32, 341, 368, 613].includes(code) || (code >= 80_000 && code < 80_100),
    error: 'asked too often',
    isLimit: true,
  },
  { codes: (code) => code === 1 || code === 2, error: 'trouble at Meta, which should pass' },
  {
    codes: (code) => code === 12 || code === 2635,
    error: 'this version of the Graph API has ended: see META_GRAPH_URL',
  },
];

/**
 * What to do after an answer. Only time helps, or a person who corrects the token, so we ask again, ever more slowly,
 * for a week. A replay asks again for leads that we gave up.
 */
export function decideNamedLead(answer: NamedLeadAnswer, attempts: number, ageMs: number): NamedLeadDecision {
  if (answer !== null && answer.status === 200 && answer.lead !== null) return { kind: 'take', lead: answer.lead };
  const meaning = meanings.find(({ codes }) => answer?.code != null && codes(answer.code));
  const error = toError(answer, meaning?.error);
  if (ageMs > giveUpAfterMs) return { kind: 'give_up', error };
  const growing = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempts - 1, 20));
  const least = meaning?.isLimit === true || answer?.status === 429 ? limitedDelayMs : 0;
  const askedMs = Math.min(answer?.retryAfterMs ?? 0, longestDelayMs);
  return { kind: 'later', delayMs: Math.max(growing, askedMs > 0 ? askedMs : least), error };
}

function toError(answer: NamedLeadAnswer, meaning: string | undefined): string {
  if (answer === null) return 'no answer';
  if (answer.code !== null)
    return meaning === undefined ? `refused with code ${answer.code}` : `${meaning} (${answer.code})`;
  return answer.status === 200 ? 'the answer holds no lead' : `answered ${answer.status}`;
}
