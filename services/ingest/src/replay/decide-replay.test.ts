import { describe, expect, test } from 'vitest';
import { decideReplay, type ReplayDecision, type StoredPart } from './decide-replay.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';

const now = new Date('2026-11-23T06:00:00Z');
const age = { receivedAt: new Date('2026-11-22T06:00:00Z'), now, maxDays: 7 };
const described = { name: 'Asha', email: null, productName: 'Mill', city: 'Pune', state: null, message: null };
const stored: StoredPart = { verdict: 'accepted', isRepeat: false, leadId: 7, phone: '+919876543210', described };
const lead = { ...described, name: 'Asha', phone: '+919876543210', sourceLeadId: 'A-1', enquiredAt: null };
const parsed = (read: ParsedLead['read']): ParsedLead => ({
  sourceLeadId: 'A-1',
  read,
  phoneRaw: null,
  phoneAlternates: [],
  dndFlag: null,
  isTest: false,
  enquiryType: null,
});
const good = parsed({ ok: true, lead });
const bad = parsed({ ok: false, faults: [{ pointer: '/phone', reason: 'landline', detail: 'is a landline' }] });

describe('what reading a delivery again would change', () => {
  test.for<[string, StoredPart | undefined, ParsedLead | undefined, ReplayDecision['kind']]>([
    ['an accepted one that reads the same', stored, good, 'same'],
    ['one that was refused and still is', { ...stored, verdict: 'rejected', leadId: null }, bad, 'same'],
    ['one that was refused and is a lead today', { ...stored, verdict: 'rejected', leadId: null }, good, 'new_lead'],
    ['an enquiry that nobody saw in it then', undefined, good, 'new_lead'],
    ['an accepted one that would be refused today', stored, bad, 'refused_now'],
    ['an accepted one that nobody sees in it today', stored, undefined, 'refused_now'],
    ['a repeat, however it reads', { ...stored, isRepeat: true }, bad, 'same'],
    ['one whose lead was erased', { ...stored, leadId: null }, good, 'same'],
    ['another number', { ...stored, phone: '9876500000' }, good, 'other_number'],
    ['the same number in its old form', { ...stored, phone: '9876543210' }, good, 'same'],
    ['other words', { ...stored, described: { ...described, city: null, message: 'old' } }, good, 'differs'],
    ['words that are not its own', { ...stored, described: { productName: 'Mill' } }, good, 'same'],
  ])('%s', ([, was, today, kind]) => {
    expect(decideReplay(was, today, age).kind).toBe(kind);
  });

  test('the fields that read otherwise are named', () => {
    const was = { ...stored, described: { ...described, city: null, message: 'old' } };
    expect(decideReplay(was, good, age)).toMatchObject({ kind: 'differs', fields: ['city', 'message'] });
  });
  test('nobody is called for what they asked more than a week ago', () => {
    const old = { ...age, receivedAt: new Date('2026-11-15T00:00:00Z') };
    expect(decideReplay(undefined, good, old).kind).toBe('late');
  });
});
