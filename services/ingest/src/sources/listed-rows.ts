import { unreadable, type ParsedDelivery } from './adapter.ts';
import type { ParsedLead } from './parsed-lead.ts';
import type { PulledPage } from './pull-adapter.ts';
import { readFields } from './read-fields.ts';
import type { Written } from './read-json.ts';
import { readRows } from './read-rows.ts';

/** Of a delivery that is nothing but rows. */
export function parseRows(text: string, toLead: (row: Written) => ParsedLead): ParsedDelivery {
  const read = readRows(text);
  const rows = read.kind === 'rows' ? read.rows : read.kind === 'said' ? [read.body] : [];
  return rows.length === 0 ? unreadable('holds no enquiry') : { ok: true, leads: rows.map(toLead) };
}

/** An answer that is a list, or says why it is none. */
export function readListed(text: string): PulledPage {
  const read = readRows(text);
  switch (read.kind) {
    case 'rows':
      return read;
    case 'unreadable':
      return { kind: 'unreadable', detail: 'answered no JSON' };
    case 'said': {
      const fields = readFields(read.body);
      const said = ['error', 'message', 'msg', 'status'].flatMap((name) => fields.get(name)?.value ?? []).join(', ');
      if (/no (?:\w+ ){0,2}(?:inquir|enquir|record|lead|data)/i.test(said)) return { kind: 'rows', rows: [] };
      if (/limit|too many|frequen/i.test(said)) return { kind: 'limited', detail: `answered "${said}"` };
      return { kind: 'refused', detail: said === '' ? 'answered JSON without enquiries' : `answered "${said}"` };
    }
  }
}
