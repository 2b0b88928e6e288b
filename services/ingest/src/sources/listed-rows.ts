import { unreadable, type ParsedDelivery } from './adapter.ts';
import type { ParsedLead } from './parsed-lead.ts';
import type { PulledPage } from './pull-adapter.ts';
import type { Written } from './read-json.ts';
import { hasBlankRows, isDenial, readRows, toWords, type PulledBody } from './read-rows.ts';
import { decideSaid, readWords, type SaidInstead } from './vendor-words.ts';

/** Reads a delivery that consists of rows alone. */
export function parseRows(text: string, toLead: (row: Written) => ParsedLead): ParsedDelivery {
  const read = readRows(text);
  const rows = read.kind === 'rows' ? read.rows : read.kind === 'said' ? [read.body] : [];
  return rows.length === 0 ? unreadable('holds no enquiry') : { ok: true, leads: rows.map(toLead) };
}

/** Reads an answer that is a list, or says why it is none. */
export function readListed(text: string): PulledPage {
  const read = readRows(text);
  switch (read.kind) {
    case 'blank':
      return read;
    case 'rows':
      return withWords(read);
    case 'unreadable':
      return readSaid(text);
    case 'said': {
      const words = toWords(read.body);
      const isEmpty = hasBlankRows(read.body) && !isDenial(read.body);
      if (words === '') return isEmpty ? { kind: 'blank' } : refuse('answered JSON without enquiries');
      const verdict = decideSaid(words, isEmpty ? 'unreadable' : 'refused');
      return isEmpty && verdict.kind === 'unreadable' ? { kind: 'blank' } : toPage(verdict);
    }
  }
}

/** Reads words that are no JSON: a vendor's "nothing", a refusal, or something unknown. */
export function readSaid(text: string): PulledPage {
  const words = readWords(text);
  return words === undefined
    ? { kind: 'unreadable', detail: 'answered no JSON' }
    : toPage(decideSaid(words, 'unreadable'));
}

/**
 * Adds what the vendor said among the rows and around them. An empty list beside an error does not mean "nobody has
 * enquired".
 */
export function withWords({ rows, errors, beside }: Extract<PulledBody, { kind: 'rows' }>): PulledPage {
  const wrong = errors.map((words) => toPage(decideSaid(words, 'refused'))).find(isWrong);
  if (wrong !== undefined) return rows.length === 0 ? wrong : { kind: 'some', rows, rest: wrong };
  const words = toWords(beside);
  if (rows.length > 0 || (words === '' && !isDenial(beside))) return { kind: 'rows', rows };
  const verdict = decideSaid(words, isDenial(beside) ? 'refused' : 'unreadable');
  return verdict.kind === 'refused' || verdict.kind === 'limited' ? verdict : { kind: 'rows', rows };
}

function toPage(said: SaidInstead): PulledPage {
  return said.kind === 'nothing' ? { kind: 'rows', rows: [] } : said;
}

function isWrong(page: PulledPage): page is Extract<PulledPage, { detail: string }> {
  return 'detail' in page;
}

function refuse(detail: string): PulledPage {
  return { kind: 'refused', detail };
}
