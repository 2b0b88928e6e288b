import { expect, test } from 'vitest';
import { readNameOfWish } from './name-of-wish.ts';

test.for([
  'Do Not Call',
  'do-not-call?',
  'DONOTCALL',
  'Do_Not_Call__c',
  'Do Not Call Me',
  'Do not call this number',
  "Don't call",
  'never_call_again',
  'No calls please',
  'wants_no_calls',
  'Call not allowed',
  'DND',
  'DND (Y/N)',
  'isDnd',
  'TRAI DND',
  'Registered on DND',
  'Phone DND',
  'dnc_requested',
  'NDNC',
  'NCPR',
  'HasOptedOutOfCall',
  'Opt Out (Calls)',
  'Telephone opt-out',
  'Opted out of email and phone',
  'Unsubscribed',
  'Blacklisted',
  'Stop calling',
  'कॉल न करें',
  'कॉल मत करना',
  'डीएनडी',
  'ડીએનડી',
])('a yes to %s is a wish not to be called', (name) => {
  expect(readNameOfWish(name)).toBe('no_calls');
});

test.for(['Call consent', 'Consent to call', 'Phone Opt In', 'OK to call', 'allow_calls', 'May we call you?'])(
  'a no to %s is one',
  (name) => {
    expect(readNameOfWish(name)).toBe('calls');
  },
);

test.for([
  'Email Opt Out',
  'SMS Opt Out',
  'Do not send email',
  'Unsubscribed from all email',
  'Email consent',
  'DND date',
  'Opted out at',
  'Opt out reason',
  'DNC updated by',
  'DND Category',
  'DND Number',
  'dncmobile',
  'dnc_phone',
  'Do not call before',
  'Do not call after 6',
  'Can we call you now?',
  'Best time to call',
  'When may we call you?',
  'Call',
  'Called',
  'Last call',
  'Notes',
  'Mobile',
  'No. of calls',
  'contact',
  'can',
  'x'.repeat(300),
])('%s says nothing of it', (name) => {
  expect(readNameOfWish(name)).toBeUndefined();
});
