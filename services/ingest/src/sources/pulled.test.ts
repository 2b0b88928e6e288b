import { describe, expect, test } from 'vitest';
import { readListed } from './listed-rows.ts';
import { readCredentials } from './pull-adapter.ts';
import { pullIndiaMart } from './pull-indiamart.ts';
import { findPullAdapter, pullAdapters } from './pull-registry.ts';

const row = '{"rfi_id":12345678901234567,"sender_name":"Ravi"}';
const rows = [{ rfi_id: '12345678901234567', sender_name: 'Ravi' }];

describe('a list is found in whatever the vendor puts around it', () => {
  test.for([
    ['a bare array', `[${row}]`],
    ['a BOM in front', `\ufeff[${row}]`],
    ['an object around it', `{"status":"ok","data":[${row}]}`],
    ['two objects around it', `{"Response":{"Records":[${row}]}}`],
    ['words in front', `Notice: something [deprecated]\n[${row}]`],
    ['a page’s warning in front, and a comment behind', `<br/><b>Warning</b>: x in {a}\n[${row}]<!-- 12 ms -->`],
    ['an object around it and words in front', `x = {"result":[${row}]};`],
  ])('%s', ([, text = '']) => {
    expect(readListed(text)).toMatchObject({ kind: 'rows', rows });
  });

  test('one enquiry without a list around it is one', () => {
    expect(readListed('{"data":{"rfi_id":"1","sender_name":"Ravi","sender_mobile":"9"}}')).toMatchObject({
      kind: 'rows',
      rows: [{ rfi_id: '1' }],
    });
  });
  test.for(['[]', '{"data":[]}', '{"message":"No Record Found"}', '{"error":"There are no new inquiries"}'])(
    'nothing came in: %s',
    (text) => {
      expect(readListed(text)).toMatchObject({ kind: 'rows', rows: [] });
    },
  );
  test.for(['<html><body>Error</body></html>', '', 'null', '"x"', '[1, 2', '<p>[see below]</p>'])(
    'what is no answer is told to be none: %j',
    (text) => {
      expect(readListed(text)).toMatchObject({ kind: 'unreadable' });
    },
  );
  test('a refusal keeps the vendor’s words', () => {
    expect(readListed('{"error":"Invalid key"}')).toEqual({ kind: 'refused', detail: 'answered "Invalid key"' });
    expect(readListed('{"message":"Limit exceeded"}')).toMatchObject({ kind: 'limited' });
  });
});

describe('IndiaMART says in the body what became of a question', () => {
  const answer = (code: unknown, response: unknown = [], message = ''): string =>
    JSON.stringify({ CODE: code, STATUS: 'x', MESSAGE: message, TOTAL_RECORDS: 0, RESPONSE: response });

  test.for<[string, string, object]>([
    ['enquiries', answer(200, [{ UNIQUE_QUERY_ID: '1' }]), { kind: 'rows', rows: [{ UNIQUE_QUERY_ID: '1' }] }],
    ['none', answer(204), { kind: 'rows', rows: [] }],
    ['none, with a code as text', answer('204', null), { kind: 'rows', rows: [] }],
    ['too soon', answer(429, [], 'once in 5 minutes'), { kind: 'limited', detail: 'answered 429: once in 5 minutes' }],
    ['no such key', answer(401), { kind: 'refused' }],
    ['its own fault', answer(500), { kind: 'unreadable' }],
    ['a bare list', '[{"UNIQUE_QUERY_ID":12345678901234567}]', { rows: [{ UNIQUE_QUERY_ID: '12345678901234567' }] }],
    ['a page', '<html></html>', { kind: 'unreadable' }],
    ['anything else', '{"ok":true}', { kind: 'unreadable' }],
  ])('%s', ([, text, read]) => {
    expect(pullIndiaMart.readPage(text)).toMatchObject(read);
  });
});

describe('each vendor is asked in its own way, in Indian time', () => {
  const window = { from: new Date('2026-11-22T18:29:59Z'), to: new Date('2026-11-23T18:30:00Z') };
  test.for([
    [
      'indiamart',
      'mR2x',
      '/v/wservce/crm/crmListing/v2/?glusr_crm_key=mR2x&start_time=22-Nov-202623%3A59%3A59&end_time=24-Nov-202600%3A00%3A00',
    ],
    [
      'tradeindia',
      '1:2:key',
      '/v/utils/my_inquiry.html?userid=1&profile_id=2&key=key&from_date=2026-11-22&to_date=2026-11-24&limit=100&page_no=3',
    ],
    [
      'exportersindia',
      'a@example.com:key',
      '/v/api-inquiry-detail.php?k=key&email=a%40example.com&date_from=2026-11-22',
    ],
  ])('%s', ([source = '', secret = '', expected]) => {
    const pull = findPullAdapter(source);
    if (pull === undefined) throw new Error(`no ${source}`);
    for (const base of ['http://vendor/v', 'http://vendor/v/']) {
      const url = pull.toUrl(base, readCredentials(pull, secret) ?? [], window, 3);
      expect(url.pathname + url.search).toBe(expected);
    }
  });

  test('a secret that lacks a part is none', () => {
    for (const pull of pullAdapters) {
      expect(readCredentials(pull, '')).toBeUndefined();
      expect(readCredentials(pull, pull.credentials.join(':'))).toEqual(pull.credentials);
    }
    const [, tradeindia] = pullAdapters;
    expect(tradeindia && readCredentials(tradeindia, '1:2')).toBeUndefined();
    expect(tradeindia && readCredentials(tradeindia, '1:2:a:b')).toEqual(['1', '2', 'a:b']);
  });
});
