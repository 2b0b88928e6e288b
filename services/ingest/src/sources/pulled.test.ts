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
  test.for(['<html><body>Error</body></html>', '"x"', '[1, 2', '<p>[see below]</p>', 'Notice: [{"mobile":"98'])(
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
    [
      'not before tomorrow',
      answer(204, [], 'Data will be available after 24 hours'),
      { kind: 'limited', detail: 'answered 204: Data will be available after 24 hours' },
    ],
    [
      'shut off for a while',
      answer(429, [], 'Too Many Requests: the API is disabled for 15 minutes'),
      { kind: 'limited', retryAfterMs: 900_000 },
    ],
    ['a success that counts more than it tells', JSON.stringify({ CODE: 200, TOTAL_RECORDS: 3 }), failed],
    ['a success that calls itself none', '{"CODE":200,"STATUS":"FAILURE","RESPONSE":[]}', failed],
    ['an error as its only row', answer(200, [{ Error_Message: 'Invalid key' }]), refused],
    [
      'enquiries as JSON in a text',
      answer(200, JSON.stringify([{ UNIQUE_QUERY_ID: '1' }])),
      { kind: 'rows', rows: [{ UNIQUE_QUERY_ID: '1' }] },
    ],
    ['its own fault', answer(500), { kind: 'unreadable' }],
    ['a bare list', '[{"UNIQUE_QUERY_ID":12345678901234567}]', { rows: [{ UNIQUE_QUERY_ID: '12345678901234567' }] }],
    ['a page', '<html></html>', { kind: 'unreadable' }],
    ['anything else', '{"ok":true}', { kind: 'unreadable' }],
  ])('%s', ([, text, read]) => {
    expect(pullIndiaMart.readPage(text)).toMatchObject(read);
  });
});

const none = { kind: 'rows', rows: [] };
const blank = { kind: 'blank' };
const refused = { kind: 'refused' };
const limited = { kind: 'limited' };
const failed = { kind: 'unreadable' };

/** What an answer means, by vendor: a list's (TradeIndia, ExportersIndia), and IndiaMART's. docs/build/lead-sources.md tells the same. */
test.for<[string, object, object]>([
  ['', blank, blank],
  [' \n\t', blank, blank],
  ['\ufeff', blank, blank],
  ['null', blank, blank],
  ['""', blank, blank],
  ['{}', blank, blank],
  ['[]', none, none],
  ['[{}]', none, none],
  ['[null]', none, none],
  ['{"data":null}', blank, failed],
  ['{"status":"success","data":""}', blank, failed],
  ['{"status":"success","message":"Data fetched","data":[]}', none, none],
  ['{"success":false,"data":[]}', refused, failed],
  ['{"error":"Something","data":[]}', refused, failed],
  ['{"message":"Invalid key","data":[]}', refused, refused],
  ['{"error":"Invalid key","data":null}', refused, refused],
  ['[{"Error_Message":"Invalid userid / profile_id / key combination"}]', refused, refused],
  ['[{"Error_Message":"Quark 7"}]', refused, refused],
  ['[{"status":"error","code":"17","message":"Your limit is exceeded"}]', limited, limited],
  ['[{"message":"No inquiries found"}]', none, none],
  ['["Invalid key"]', refused, refused],
  ['{"response":[{"error":"Key expired, no leads"}]}', refused, refused],
  ['"No Record Found"', none, none],
  ['No enquiry found.', none, none],
  ['There are no new leads', none, none],
  ['Sorry! Please provide all the required parameters.', refused, refused],
  ['Invalid request <br/> key', refused, refused],
  ['Please try again after some time', limited, limited],
  ['Too Many Requests. Your key is disabled for 15 minutes', limited, limited],
  ['upstream connect error', failed, failed],
  ['<!DOCTYPE html><html><body>No records: please log in</body></html>', failed, failed],
])('%j means the same each time', ([text, listed, indiamart]) => {
  expect(readListed(text)).toMatchObject(listed);
  expect(pullIndiaMart.readPage(text)).toMatchObject(indiamart);
});

test('enquiries beside an error are kept, and the vendor is asked again', () => {
  expect(readListed(`[${row},{"error":"Too many requests, try after 5 minutes"}]`)).toEqual({
    kind: 'some',
    rows,
    rest: { kind: 'limited', detail: 'answered "Too many requests, try after 5 minutes"', retryAfterMs: 300_000 },
  });
  expect(readListed(`[${row},{"message":"No more data"},{}]`)).toEqual({ kind: 'rows', rows });
});

test('a vendor’s words are told without what may be somebody’s', () => {
  expect(readListed('Invalid: ravi@example.com, +91 98765 43210, 4711')).toEqual({
    kind: 'refused',
    detail: 'answered "Invalid: … …, 4711"',
  });
  const long = readListed('x'.repeat(5_000));
  expect('detail' in long && long.detail.length).toBeLessThan(250);
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
