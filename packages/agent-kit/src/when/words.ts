import { slipsBetween } from '@leadline/contracts/slips-between';

/**
 * A part of the day: when it begins and ends, and when to call if the person says nothing more exact. Minutes from
 * midnight.
 */
export const parts = {
  morning: { from: 6 * 60, rungAt: 10 * 60, until: 12 * 60 },
  noon: { from: 12 * 60, rungAt: 12 * 60, until: 13 * 60 },
  afternoon: { from: 12 * 60, rungAt: 14 * 60, until: 17 * 60 },
  evening: { from: 17 * 60, rungAt: 18 * 60, until: 20 * 60 },
  night: { from: 20 * 60, rungAt: 20 * 60, until: 24 * 60 },
} as const;
export type Part = keyof typeof parts;

export type Unit = 'minute' | 'hour' | 'day' | 'week' | 'month';

/** What one word can say about a time. */
export type Word =
  | { kind: 'number'; value: number; spelled: 'digits' | 'word' | 'doubtful' | 'ordinal' }
  /** A clock time; `sure` if the hour can't be morning or evening, as in 17:30 or 05:30. */
  | { kind: 'clock'; minutes: number; sure: boolean }
  | { kind: 'date'; date: number; month: number; year: number | null }
  /** Sava, saadhe, paune or a half: how it changes the number behind it. */
  | { kind: 'fraction'; by: number }
  | { kind: 'unit'; unit: Unit }
  | { kind: 'half'; half: 'am' | 'pm' }
  | { kind: 'part'; part: Part }
  /** A meal or the end of work, in minutes from midnight: when it is, and when it is over. */
  | { kind: 'moment'; minutes: number; over: number }
  | { kind: 'day'; offset: number }
  | { kind: 'weekday'; weekday: number }
  | { kind: 'month'; month: number }
  | { kind: 'mark'; mark: Mark }
  | { kind: 'other' };

/** Words that say how to read their neighbours. */
const markNames = [
  'baje',
  'past_hour',
  'to_hour',
  'date',
  'after',
  'before',
  'in',
  'at',
  'or',
  'range',
  'until',
  'not',
  'over',
  'now',
  'soon',
  'next',
  'this',
  'weekend',
  'month_end',
  'month_start',
  'on',
  'next_ok',
  'break',
  'comma',
] as const;
export type Mark = (typeof markNames)[number];

/** Spellings in Latin letters and in Devanagari, without nukta, and with the anusvara in place of the chandrabindu. */
const spellings: [Word, string][] = [];
const say = (word: Word, written: string): void => void spellings.push([word, written]);

/** Numbers by value: Hindi, Hinglish, English. The ones that are also common words count only before a word of time. */
const numbers: Record<number, string> = {
  1: 'ek one एक',
  2: 'two दो',
  3: 'teen tin three तीन',
  4: 'char chaar four चार',
  5: 'panch paanch pach paach five पांच पाच',
  6: 'che chhe chhah chah cheh six छह छः छे छ',
  7: 'saat seven सात',
  8: 'aath ath aat eight आठ',
  9: 'nau nao nine नौ',
  10: 'das dus ten दस',
  11: 'gyarah gyara gyaarah eleven ग्यारह',
  12: 'barah bara baarah twelve बारह',
  13: 'terah thirteen तेरह',
  14: 'chaudah chauda fourteen चौदह',
  15: 'pandrah pandra pandhra fifteen पंद्रह पन्द्रह',
  16: 'solah sola sixteen सोलह',
  17: 'satrah satra seventeen सत्रह',
  18: 'atharah athara eighteen अठारह',
  19: 'unnis nineteen उन्नीस',
  20: 'bees bis twenty बीस',
  21: 'ikkis ikkees इक्कीस',
  22: 'bais baees बाईस',
  23: 'teis teiis तेईस',
  24: 'chaubis chaubees चौबीस',
  25: 'pachis pachchis pachees पच्चीस',
  26: 'chhabbis chabbis छब्बीस',
  27: 'sattais सत्ताईस',
  28: 'atthais athais अट्ठाईस',
  29: 'untis unatis उनतीस',
  30: 'tees thirty तीस',
  31: 'ikattis iktis इकतीस',
  35: 'paintis पैंतीस',
  40: 'chalis chaalis forty चालीस',
  45: 'paintalis paitalis पैंतालीस',
  50: 'pachas pachaas fifty पचास',
  55: 'pachpan पचपन',
};
for (const [value, written] of Object.entries(numbers)) {
  say({ kind: 'number', value: Number(value), spelled: value === '1' ? 'doubtful' : 'word' }, written);
}
// "kar do" is "do it", "sat" is Saturday, "a" is an article.
say({ kind: 'number', value: 2, spelled: 'doubtful' }, 'do couple');
say({ kind: 'number', value: 1, spelled: 'doubtful' }, 'a an');
say({ kind: 'number', value: 1.5, spelled: 'word' }, 'dedh dedhh derh ded डेढ');
say({ kind: 'number', value: 2.5, spelled: 'word' }, 'dhai dhaai adhai adhaai ढाई अढाई');
const ordinals: Record<number, string> = {
  1: 'first pehli pahli पहली',
  2: 'second dusri doosri दूसरी',
  3: 'third teesri tisri तीसरी',
  4: 'fourth chauthi चौथी',
  5: 'fifth panchvi paanchvi पांचवीं',
  6: 'sixth',
  7: 'seventh',
  8: 'eighth',
  9: 'ninth',
  10: 'tenth dasvi दसवीं',
  15: 'fifteenth',
  20: 'twentieth',
  30: 'thirtieth',
};
for (const [value, written] of Object.entries(ordinals)) {
  say({ kind: 'number', value: Number(value), spelled: 'ordinal' }, written);
}

say({ kind: 'fraction', by: 0.25 }, 'sava savaa sawa savah savaah सवा');
say({ kind: 'fraction', by: 0.5 }, 'saadhe saadheh sadheh sadhe sade saade sadhae sarhe sadhey saadhey sadde साढे');
say({ kind: 'fraction', by: -0.25 }, 'paune pauneh pone paun pauna पौने पौन पौना');
say({ kind: 'number', value: 0.5, spelled: 'word' }, 'aadha aadhe aadh adha adhe aadhi half आधा आधे आध हाफ');

say({ kind: 'unit', unit: 'minute' }, 'minute minutes min mins minat mint मिनट मिनिट');
say({ kind: 'unit', unit: 'hour' }, 'hour hours hr आवर ghanta ghante ghanto ghanton ghnte घंटा घंटे घंटों घण्टा घण्टे');
say({ kind: 'unit', unit: 'day' }, 'day days din dino dinon दिन दिनों');
say({ kind: 'unit', unit: 'week' }, 'week weeks वीक hafta hafte hafton हफ्ता हफ्ते हफ्तों सप्ताह');
say({ kind: 'unit', unit: 'month' }, 'month months मंथ mahina mahine maheene mahinon महीना महीने महीनों');

say({ kind: 'half', half: 'am' }, 'am एएम');
say({ kind: 'half', half: 'pm' }, 'pm पीएम');

say(
  { kind: 'part', part: 'morning' },
  'morning forenoon subah subha subeh savere sawere tadke tarke praatah pratah सुबह सवेरे तडके भोर प्रातः प्रात पूर्वाह्न मॉर्निंग',
);
say({ kind: 'part', part: 'noon' }, 'noon midday');
say(
  { kind: 'part', part: 'afternoon' },
  'afternoon आफ्टरनून अपराह्न noontime dopahar dopehar dopaher dupahar duphar dopahr दोपहर दुपहर',
);
say(
  { kind: 'part', part: 'evening' },
  'evening eve shaam sham saam sanjh saanjh sandhya evng evg शाम सांझ संध्या सन्ध्या इवनिंग ईवनिंग',
);
say({ kind: 'part', part: 'night' }, 'night nite raat rat raatko रात नाइट');

say({ kind: 'moment', minutes: 10 * 60, over: 10 * 60 }, 'breakfast nashta naashta nashte नाश्ता नाश्ते');
say({ kind: 'moment', minutes: 13 * 60, over: 14 * 60 }, 'lunch lanch khana लंच');
say({ kind: 'moment', minutes: 17 * 60, over: 17 * 60 + 30 }, 'tea chai');
say({ kind: 'moment', minutes: 18 * 60, over: 18 * 60 + 30 }, 'office work duty eod shop dukan dukaan ऑफिस दुकान');
say({ kind: 'moment', minutes: 20 * 60, over: 20 * 60 + 30 }, 'dinner डिनर');
say({ kind: 'moment', minutes: 24 * 60, over: 24 * 60 }, 'midnight');

say({ kind: 'day', offset: 0 }, 'aaj today aj आज टुडे');
say({ kind: 'day', offset: 1 }, 'kal tomorrow tomorow tommorow tmrw tmr tomo kl कल टुमारो टुमॉरो');
say({ kind: 'day', offset: 2 }, 'parso parson parsu parsoo perso prso prson overmorrow परसों परसो');
say({ kind: 'day', offset: 3 }, 'tarso tarson narso narson तरसों नरसों');
say({ kind: 'day', offset: -1 }, 'yesterday');

const weekdays = [
  'sunday sun sundays ravivar raviwar itwar itvaar रविवार इतवार संडे',
  'monday mon mondays somvar somwar somvaar सोमवार मंडे',
  'tuesday tue tues mangalvar mangalwar mangal मंगलवार मंगल ट्यूजडे ट्यूसडे',
  'wednesday wed wednes budhvar budhwar budh बुधवार बुध वेडनेसडे वेडनसडे',
  'thursday thu thur thurs guruvar guruwar brihaspativar veervar गुरुवार बृहस्पतिवार वीरवार थर्सडे',
  'friday fri shukravar shukrawar shukrvar shukrwar jumma शुक्रवार जुमा फ्राइडे फ्राईडे',
  'saturday sat shanivar shaniwar shanichar शनिवार सैटरडे सेटरडे',
];
weekdays.forEach((written, weekday) => say({ kind: 'weekday', weekday }, written));

const months = [
  'january jan janvari janwari janavari janwary जनवरी',
  'february feb farvari farwari faravari febuary फरवरी',
  'march mar मार्च',
  'april apr aprail अप्रैल',
  'may मई',
  'june jun joon जून',
  'july jul julai जुलाई',
  'august aug agast अगस्त',
  'september sep sept sitambar सितंबर सितम्बर',
  'october oct aktubar aktoobar अक्टूबर अक्तूबर',
  'november nov navambar नवंबर नवम्बर',
  'december dec disambar disember दिसंबर दिसम्बर',
];
months.forEach((written, at) => say({ kind: 'month', month: at + 1 }, written));

const marks: Record<Mark, string> = {
  baje: 'baje bajey baj bje bj bajhe bajeh bujeh bujah bujhe oclock hrs बजे',
  past_hour: 'past bajke bajkar बजकर बजके',
  to_hour: 'bajne बजने',
  date: 'tarikh tareekh taarikh date तारीख',
  after: 'after aftr baad bad bd later onwards onward post बाद आफ्टर',
  before: 'before बिफोर pehle pahle phle by पहले',
  in: 'in mein me within andar bhar में मे अंदर भर',
  at: 'at around about approx karib kareeb lagbhag करीब लगभग',
  or: 'or ya either या',
  range: 'se to and aur between beech bich से और बीच',
  until: 'tak till until तक',
  not: 'not nahi nahin nai nhi naa mat never no cannot cant wont dont except chhod chhodkar chhodke chod chodkar alawa alava siva sivay छोड छोडकर अलावा सिवा नहीं नही मत न ना',
  over: 'tha thi kiya kia hui hua gaya gayi aaya called spoke missed थी था थे किया हुआ हुई गया आया',
  now: 'now abhi abi turant immediately अभी तुरंत',
  soon: 'soon jaldi shortly sometime जल्दी',
  next: 'next नेक्स्ट agle agla agli aglay अगले अगला अगली',
  this: 'this coming is iss aane aanewale इस आने',
  weekend: 'weekend weekends वीकेंड',
  month_end: 'monthend',
  month_start: 'monthstart',
  on: 'ko को',
  // These may follow a bare number that is an hour: "kal 5 call karna".
  next_ok:
    'pe par ki ke ka call phone fone karna karo kar karen kariye kijiye karenge ring me please pls sir ji madam ok theek thik again please पर के की कॉल फोन फ़ोन करना करो करें कीजिए कर',
  break: 'but lekin magar ab then toh phir fir instead actually matlab लेकिन मगर अब तो फिर',
  comma: '',
};
for (const mark of markNames) say({ kind: 'mark', mark }, marks[mark]);

const known = new Map<string, Word>(
  spellings.flatMap(([word, written]) =>
    written
      .split(' ')
      .filter((spelling) => spelling !== '')
      .map((spelling) => [plain(spelling), word] as const),
  ),
);

/** Brings spellings that people and speech recognisers mix into one form. */
export function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/[\u093c\u200b-\u200d\ufeff]/g, '')
    .normalize('NFC')
    .replaceAll('\u0901', '\u0902')
    .replaceAll(/[\u0966-\u096f]/g, (digit) => String(digit.charCodeAt(0) - 0x0966));
}

export function lookUp(word: string): Word {
  return known.get(word) ?? withShortVowels(word) ?? withoutVowels(word) ?? misspelt(word) ?? { kind: 'other' };
}

/** Chats and speech recognisers leave vowels out: "shm", "dphr", "ghnt". Two letters alone may be anything. */
function withoutVowels(word: string): Word | undefined {
  const isBare = /^[b-df-hj-np-tv-z]{3,}$/.test(word) && !bareEnglish.has(word);
  return isBare ? (byConsonants.get(consonantsOf(word)) ?? undefined) : undefined;
}

/** "Send", and not Sunday. */
const bareEnglish = new Set(['snd']);

function consonantsOf(word: string): string {
  return word
    .replaceAll(/[aeiouy]/g, '')
    .replaceAll('w', 'v')
    .replaceAll(/(.)\1+/g, '$1');
}

/** Hindi in Latin letters has no rule for how long a vowel is written: "baara", "kaal". "Free" is no Friday. */
function withShortVowels(word: string): Word | undefined {
  return /^[a-z]{4,}$/.test(word) && word !== 'free'
    ? (byShortVowels.get(shortVowelsOf(word)) ?? undefined)
    : undefined;
}

function shortVowelsOf(word: string): string {
  return word.replaceAll(/a+/g, 'a').replaceAll(/e{2,}/g, 'i').replaceAll(/o{2,}/g, 'u').replaceAll('w', 'v');
}

const byConsonants = bySound(consonantsOf);
const byShortVowels = bySound(shortVowelsOf);

/** Null: several words sound like this. */
function bySound(soundOf: (spelling: string) => string): Map<string, Word | null> {
  const words = new Map<string, Word | null>();
  for (const [spelling, word] of known) {
    if (!/^[a-z]+$/.test(spelling)) continue;
    const before = words.get(soundOf(spelling));
    words.set(soundOf(spelling), before === undefined || before === word ? word : null);
  }
  return words;
}

/** Long names of days, months and parts of a day: with so many letters one wrong one makes no other word. */
const longNames = [...known].filter(
  ([spelling, { kind }]) => /^[a-z]{6,}$/.test(spelling) && ['day', 'weekday', 'month', 'part'].includes(kind),
);

function misspelt(word: string): Word | undefined {
  if (!/^[a-z]{5,}$/.test(word)) return undefined;
  const near = longNames.filter(
    ([spelling, { kind }]) =>
      // "Shyam" is a name.
      (word.length > 5 || kind === 'weekday') &&
      spelling[0] === word[0] &&
      slipsBetween(spelling, word) <= (spelling.length >= 8 ? 2 : 1),
  );
  const words = new Set(near.map(([, meant]) => meant));
  return words.size === 1 ? near[0]?.[1] : undefined;
}
