import { expect, test } from 'vitest';
import { readPriority } from './to-priority.ts';

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

test.for(
  lines(`
    urgent
    Very serious
    very high
    very interested
    Very much interested, wants a quote
    extremely serious buyer
    needs it urgently
    wants it immediately
    ASAP
    as soon as possible
    wants to buy right away
    in a hurry
    needs it today
    can't wait
    cannot wait, please call
    no time to lose
    without any delay
    no doubt very serious
    not only comparing, very serious
    not joking, needs it urgently
    urgent hai
    bahut urgent hai
    jaldi chahiye
    bahut jaldi chahiye
    turant chahiye
    abhi chahiye
    aaj hi lena hai
    fatafat chahiye bhai
    bahut serious hai
    bahut serious hai, mazak nahi
    der nahi karni hai
    bina deri ke chahiye
    paisa nahi hai par urgent chahiye
    nahi, urgent hai
    बहुत गंभीर, तुरंत चाहिए
    तुरंत चाहिए
    अभी चाहिए
    जल्दी चाहिए
    बहुत जल्दी है
    बहुत गंभीर
    देर मत करो
    अर्जेंट है
  `),
)('"%s" is urgent', (told) => {
  expect(readPriority(told)).toBe('urgent');
});

test.for(
  lines(`
    high
    High
    serious
    seriously thinking about it
    गंभीर
    not urgent but very serious
    serious, no hurry
    hot lead
  `),
)('"%s" is high', (told) => {
  expect(readPriority(told)).toBe('high');
});

test.for(
  lines(`
    not urgent
    Not Urgent.
    not very urgent
    not at all urgent
    it is not urgent right now
    isn't urgent
    isn’t in a hurry
    doesn't need it urgently
    I don't think this is very urgent
    non-urgent
    no urgency
    no hurry
    no hurry at all
    no rush
    in no hurry
    nothing urgent
    never said it was urgent
    hardly urgent
    not serious
    not very serious, only comparing prices
    not that serious
    not really serious
    not so serious about it
    not high
    low
    very low
    very casual
    low urgency
    urgency: low
    less serious
    medium
    somewhat serious
    maybe urgent later
    just looking
    only comparing
    urgent? no
    was urgent, not any more
    urgent nahi
    urgent nahi hai
    urgent bilkul nahi hai
    jaldi nahi
    jaldi nahi hai
    koi jaldi nahi
    koi jaldi nahi hai
    itni jaldi nahi hai
    abhi nahi
    abhi nahi chahiye
    abhi soch rahe hain
    serious nahi hai
    zyada serious nahi
    bahut serious nahi hai
    nahi, jaldi nahi
    no jaldi
    jaldi mat karo
    अभी नहीं
    अभी नहीं चाहिए
    गंभीर नहीं
    गंभीर नहीं है
    ज़्यादा गंभीर नहीं
    बहुत गंभीर नहीं है
    जल्दी नहीं
    कोई जल्दी नहीं है
    तुरंत नहीं चाहिए
    अर्जेंट नहीं है
    कम गंभीर
    सिर्फ दाम पूछ रहे हैं
  `),
)('"%s" raises nothing', (told) => {
  expect(readPriority(told)).toBeUndefined();
});
