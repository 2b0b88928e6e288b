import { indiamart } from './indiamart.ts';
import { toUrlBelow, type PulledPage, type PullAdapter } from './pull-adapter.ts';
import { readFields } from './read-fields.ts';
import { readRows } from './read-rows.ts';
import { toIndiaMartTime } from './to-indian-clock.ts';

const minuteMs = 60_000;
const pullPath = 'wservce/crm/crmListing/v2/';

/** IndiaMART's pull API v2, the safety net behind its push: both tell the same UNIQUE_QUERY_ID. */
export const pullIndiaMart: PullAdapter = {
  adapter: indiamart,
  credentials: ['key'],
  everyMs: 5 * minuteMs + 5_000,
  // Its own limit is five minutes between two requests; its clock is not ours.
  leastGapMs: 5 * minuteMs + 5_000,
  overlapMs: 15 * minuteMs,
  longestMs: 7 * 24 * 60 * minuteMs,
  paged: false,
  path: pullPath,
  toUrl: (base, [key = ''], { from, to }) =>
    toUrlBelow(base, pullPath, {
      glusr_crm_key: key,
      start_time: toIndiaMartTime(from),
      end_time: toIndiaMartTime(to),
    }),
  readPage,
};

/** The status line says 200 whatever happened; the code in the body tells. */
function readPage(text: string): PulledPage {
  const read = readRows(text);
  if (read.kind === 'unreadable') return { kind: 'unreadable', detail: 'answered no JSON' };
  const fields = readFields(read.kind === 'rows' ? read.beside : read.body);
  const code = fields.get('code')?.value ?? '';
  const detail = [`answered ${code}`, fields.get('message')?.value ?? ''].filter((part) => part !== '').join(': ');
  if (read.kind === 'rows' && (code === '' || code === '200')) return read;
  if (code === '200' || code === '204') return { kind: 'rows', rows: [] };
  if (code === '429') return { kind: 'limited', detail };
  if (/^4\d\d$/.test(code)) return { kind: 'refused', detail };
  return { kind: 'unreadable', detail: code === '' ? 'answered JSON without enquiries or a code' : detail };
}
