import { describe, expect, test } from 'vitest';
import { shapes } from './fixtures/one-enquiry.ts';
import { lead } from './fixtures/one-person.ts';
import { findAdapter } from './registry.ts';

/** The same as a form's fields, as PHP and browsers write nesting. */
function toPairs(value: unknown, path: string[] = []): [string, string][] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => toPairs(inner, [...path, key]));
  const [top = '', ...rest] = path;
  return [
    [
      top + rest.map((piece) => `[${piece}]`).join(''),
      typeof value === 'string' || typeof value === 'number' ? `${value}` : '',
    ],
  ];
}

function read(source: string, contentType: string, text: string): unknown {
  const parsed = findAdapter(source)?.parse({ method: 'POST', query: '', contentType, text }, {});
  if (parsed?.ok !== true) return parsed;
  return parsed.leads.map(({ read: parsedLead }) => (parsedLead.ok ? parsedLead.lead : parsedLead.faults));
}

describe('one enquiry is one lead, whoever built the form', () => {
  for (const source of ['form', 'make', 'zapier']) {
    test.for(Object.entries(shapes))(`${source}: %s`, ([, body]) => {
      expect(read(source, 'application/json', JSON.stringify(body))).toEqual([expect.objectContaining(lead)]);
    });
  }
  test.for(Object.entries(shapes).filter(([, body]) => !Array.isArray(body)))('as a form: %s', ([, body]) => {
    const text = new URLSearchParams(toPairs(body)).toString();
    expect(read('form', 'application/x-www-form-urlencoded', text)).toEqual([expect.objectContaining(lead)]);
  });
});
