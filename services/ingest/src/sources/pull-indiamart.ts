import { indiamart } from './indiamart.ts';
import { readSaid, withWords } from './listed-rows.ts';
import { toUrlBelow, type PulledPage, type PullAdapter } from './pull-adapter.ts';
import { readFields } from './read-fields.ts';
import { isDenial, readRows, toWords } from './read-rows.ts';
import { toIndiaMartTime } from './to-indiamart-time.ts';
import { decideSaid, type SaidInstead } from './vendor-words.ts';

const minuteMs = 60_000;
const pullPath = 'wservce/crm/crmListing/v2/';

/** IndiaMART's pull API v2, the safety net behind its push. Both use the same UNIQUE_QUERY_ID. */
export const pullIndiaMart: PullAdapter = {
  adapter: indiamart,
  credentials: ['key'],
  everyMs: 5 * minuteMs + 5_000,
  // The vendor's limit is five minutes between two requests, and its clock differs from ours.
  leastGapMs: 5 * minuteMs + 5_000,
  overlapMs: 15 * minuteMs,
  longestMs: 7 * 24 * 60 * minuteMs,
  paged: false,
  blankIsNothing: false,
  path: pullPath,
  toUrl: (base, [key = ''], { from, to }) =>
    toUrlBelow(base, pullPath, {
      glusr_crm_key: key,
      start_time: toIndiaMartTime(from),
      end_time: toIndiaMartTime(to),
    }),
  readPage,
};

/**
 * The status line always says 200; the code in the body counts. IndiaMART documents: 200 enquiries; 204 none in this
 * window, or none before tomorrow (a new key); 400 a window that it does not accept; 401 a wrong, expired or replaced
 * key; 429 two requests within five minutes, or blocked for fifteen; 500 an error of its own.
 */
function readPage(text: string): PulledPage {
  const read = readRows(text);
  if (read.kind === 'blank') return read;
  if (read.kind === 'unreadable') return readSaid(text);
  const around = read.kind === 'rows' ? read.beside : read.body;
  const fields = readFields(around);
  const code = fields.get('code')?.value ?? '';
  const verdict = decideSaid(toWords(around), 'unreadable');
  const detail = [`answered ${code}`, fields.get('message')?.value ?? ''].filter((part) => part !== '').join(': ');
  if (code === '204') return isRefusal(verdict) ? { ...verdict, detail } : { kind: 'rows', rows: [] };
  if (code === '429') return verdict.kind === 'limited' ? { ...verdict, detail } : { kind: 'limited', detail };
  if (/^4\d\d$/.test(code)) return { kind: 'refused', detail };
  if (code !== '' && code !== '200') return { kind: 'unreadable', detail };
  const inside = read.kind === 'rows' ? read : readRows(fields.get('response')?.value ?? '');
  if (inside.kind === 'rows' && (inside.rows.length > 0 || inside.errors.length > 0)) return withWords(inside);
  if (isRefusal(verdict)) return verdict;
  if (code === '' && read.kind !== 'rows')
    return { kind: 'unreadable', detail: 'answered JSON without enquiries or a code' };
  // It counts enquiries but lists none: that is not "none".
  if (isDenial(around) || /[1-9]/.test(fields.get('totalrecords')?.value ?? ''))
    return { kind: 'unreadable', detail: `${detail}, without the enquiries that it counts` };
  return { kind: 'rows', rows: [] };
}

function isRefusal(said: SaidInstead): said is Extract<SaidInstead, { kind: 'limited' | 'refused' }> {
  return said.kind === 'limited' || said.kind === 'refused';
}
