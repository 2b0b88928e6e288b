import { meansNothing } from './means-nothing.ts';

/** Whether a person wants no more calls, ever; `unclear`: a value that is neither yes nor no. */
export type Wish = 'yes' | 'no' | 'unclear';

const words = (text: string): Set<string> =>
  new Set(
    text
      .normalize('NFKC')
      .trim()
      .split(/\s*\n\s*|\s*, */),
  );

const yesWords = words(`
  true, yes, y, yeah, yep, yup, yah, yea, aye, ok, okay, sure, on, t, 1, 1 0, checked, check, x, v, set, requested, asked, confirmed
  affirmative, definitely, absolutely, certainly, of course, indeed, please, right, correct, agreed, always, forever, yes please
  yes sir, never, never again, never call again, never call, do not call, do not call again, dont call, don't call, don't call again
  dont call again, no more calls, no calls, no call, no further calls, stop, stop calling, stop calls, dnd, dnc, ndnc, opt out
  opted out, optout, unsubscribe, unsubscribed, remove, remove me, block, blocked, blacklist, not call
  haan, han, haa, ha, haanji, haan ji, han ji, ha ji, ji, ji haan, ji han, ji ha, jee, jee haan, bilkul, zaroor, jarur, sahi, theek hai, thik hai
  call mat karo, call mat karna, mat karo, mat karna, mat call karo, phone mat karo, phone mat karna, call nahi karna
  हाँ, हां, हा, जी, जी हाँ, जी हां, हाँ जी, हां जी, हाजी, बिल्कुल, बिलकुल, ज़रूर, जरूर, सही, ठीक है, मत करो, कॉल मत करो, फोन मत करो, फ़ोन मत करो
  कॉल मत करना, फोन मत करना, कॉल न करें, फोन न करें, हो, होय, હા, ஆம், అవును, ಹೌದು, അതെ, হ্যাঁ, ਹਾਂ`);

const noWords = words(`
  false, no, n, nope, nah, off, f, 0, 0 0, unchecked, unset, not requested, not asked, negative, not at all, no thanks, no sir
  may call, can call, call, call again, may be called, can be called, allowed, callable, ok to call, okay to call, opt in, opted in
  call anytime, fine to call, no objection, not explicit, did not request, not dnd, not dnc, no dnd, no dnc, not do not call, no request, no such request, not raised, not expressed, no wish
  nahi, nahin, nahee, nhi, na, naa, nai, nahi ji, ji nahi, nahin ji, ji nahin, bilkul nahi
  नहीं, नही, ना, न, નહીં, નહી, जी नहीं, नहीं जी, बिल्कुल नहीं, नाही, નથી, ના, இல்லை, కాదు, లేదు, ಇಲ್ಲ, ഇല്ല, না, ਨਹੀਂ`);

/** Reads a wish in any form that programs and language models write. An empty value, in any of its words, is no. */
export function readWish(value: unknown): Wish {
  if (typeof value === 'object' && value !== null) {
    const read = leavesOf(value, 0).map(readLeaf);
    if (read.includes('yes')) return 'yes';
    // `{ "requested": false, "reason": "busy" }` says no, and why.
    return read.includes('no') || read.length === 0 ? 'no' : 'unclear';
  }
  return readLeaf(value);
}

function readLeaf(value: unknown): Wish {
  if (value === undefined || value === null || value === false || value === 0) return 'no';
  if (value === true || value === 1) return 'yes';
  if (typeof value !== 'string') return Number.isNaN(value) ? 'no' : 'unclear';
  const text = value
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/[’‘ʼ`´]/g, "'")
    .replaceAll(/[^\p{L}\p{M}\p{N}']+/gu, ' ')
    .trim();
  const plain = text.replaceAll(/^'+|'+$/g, '').trim();
  if (yesWords.has(plain) || ticks.has(value.trim())) return 'yes';
  if (noWords.has(plain) || meansNothing(value)) return 'no';
  // "No, he did not ask" and "false (not explicit)", but not "no, do not call".
  const parts = value.split(/[,.;:()–—\n]|\s-+\s/).filter((part) => /[\p{L}\p{N}]/u.test(part));
  if (parts.length > 1 && parts.every((part) => readLeaf(part) === 'no')) return 'no';
  return 'unclear';
}

const ticks = new Set(['✓', '✔', '✔️', '☑', '✅', '👍']);

function leavesOf(value: object, depth: number): unknown[] {
  return Object.values(value).flatMap((item: unknown) =>
    typeof item === 'object' && item !== null ? (depth < 8 ? leavesOf(item, depth + 1) : ['too deep']) : [item],
  );
}
