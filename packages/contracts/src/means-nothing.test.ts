import { expect, test } from 'vitest';
import { meansNothing } from './means-nothing.ts';

const nothings = `
null | NULL | "null" | 'null' | (null) | [null] | <null> | null. | None | none. | nil | N/A | n/a | N.A. | NA | #N/A | - | -- | — | … | ... | ?
undefined | NaN | unknown | Unknown. | [unknown] | <unknown> | {unknown} | not mentioned | Not Mentioned | not_mentioned | NOT-MENTIONED
not specified | not provided | not given | not stated | not available | not applicable | not disclosed | not discussed | not asked
no answer | no response | no information | no info provided | no details | no data | none provided | nothing mentioned
Not mentioned by the customer during the call | customer did not say | The caller didn't specify | user didn’t mention it | not yet mentioned
I don't know | don't know | dont know | does not know | can't say | idk | not sure | to be confirmed | to be confirmed? | TBD | tbc
pata nahi | Pata nahin | pata nahi hai | mujhe nahi pata | maloom nahi | nahi bataya | koi jaankari nahi | jawab nahi diya
पता नहीं | पता नहीं। | मालूम नहीं | मुझे नहीं पता | जानकारी नहीं | कोई जानकारी नहीं दी | नहीं बताया | ग्राहक ने नहीं बताया | अज्ञात | लागू नहीं
माहित नाही | ખબર નથી | தெரியாது | తెలియదు | {{budget}} | \${budget} | N/A, N/A | null, none | [] | {} | ( )`;

const somethings = `
0 | 0.0 | no | No | nahi | नहीं | yes | false | 10 | ₹ | not interested | not needed | not urgent | no budget | not in Pune
Nil Kamal Nagar, Pune | None of the small ones, the big one | unknown brand from Surat | Null Bazaar, Mumbai | Na Hien Road | NA-12
none of them | nothing below 5 lakh | call me | details by mail | will confirm tomorrow | not more than 8 lakh | without GST | do not call
nobody else decides | available next week | जानकारी भेजो | अभी नहीं | बजट नहीं है | asked for a quote | 8 lakh, not sure`;

const cases = (text: string): string[] =>
  text
    .split(/\n| \| /)
    .map((word) => word.trim())
    .filter((word) => word !== '');

test.for(cases(nothings))('"%s" means nothing', (text) => {
  expect(meansNothing(text)).toBe(true);
});

test.for(['', ' ', '\u200b', '\t\n', '\u00a0'])('blank text %j means nothing', (text) => {
  expect(meansNothing(text)).toBe(true);
});

test.for(cases(somethings))('"%s" means something', (text) => {
  expect(meansNothing(text)).toBe(false);
});

test.for([
  ['budget', 'budget not mentioned'],
  ['budget', 'Customer did not mention the budget'],
  ['machine_interest', 'No machine specified'],
  ['budget', 'abhi budget decide nahi kiya'],
] as const)('of %s "%s" says nothing', ([about, text]) => {
  expect(meansNothing(text, about)).toBe(true);
  expect(meansNothing(text, 'units')).toBe(text.includes('decide') ? false : meansNothing(text));
});

test('a denial that is an answer stays, whatever was asked', () => {
  expect(meansNothing('no budget', 'budget')).toBe(false);
  expect(meansNothing('budget not more than 8 lakh, not mentioned in mail', 'budget')).toBe(false);
});
