/**
 * Whether a whole value says nothing, in the words of language models, form builders and exports: "null", "N/A", "not
 * mentioned", "pata nahi", "पता नहीं", "-", "{{budget}}". Case, punctuation and outer brackets make no difference. A
 * value that says something else too is kept; words of `about`, its question, do not count as something else ("budget
 * not mentioned"). Kept: "0", "no", "Nil Kamal Nagar", "none of the small ones, the big one".
 */
export function meansNothing(text: string, about = ''): boolean {
  const value = text
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .trim();
  // A template that nobody filled in.
  if (/^(\{\{[^{}]*\}\}|\$\{[^{}]*\}|%\w+%)$/.test(value)) return true;
  return value.split(/[,;|\n]/).every((part) => partMeansNothing(part, about));
}

function partMeansNothing(part: string, about: string): boolean {
  const words = toWords(part);
  if (words.length === 0) return true;
  const whole = words.join(' ');
  return nothings.has(whole) || saysThatNothingWasSaid(words, toWords(about));
}

function toWords(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll(/[’‘ʼ`´]/g, "'")
    .replaceAll(/\bcan(?:'t|not)\b/g, 'can not')
    .replaceAll(/n't\b/g, ' not')
    .replaceAll(/\b(?<verb>did|does|do|is|was|has|had|could|would)nt\b/g, '$<verb> not')
    .split(/[\p{P}\p{Z}\s~=|<>^`]+/u)
    .filter((word) => word !== '');
}

/** Only words of this kind, among them a denial and a word of telling: "customer did not say", "कोई जानकारी नहीं". */
function saysThatNothingWasSaid(words: readonly string[], about: readonly string[]): boolean {
  return (
    words.every((word) => denying.has(word) || telling.has(word) || beside.has(word) || about.includes(word)) &&
    words.some((word) => denying.has(word)) &&
    words.some((word) => telling.has(word))
  );
}

const list = (text: string): Set<string> =>
  new Set(
    text
      .normalize('NFKC')
      .trim()
      .split(/\s*\n\s*|\s*, */),
  );

const nothings = list(`
  null, none, nil, nill, n a, na, nan, undefined, undef, void, empty, blank, unknown, unk, unkn, unspecified, unavailable
  not applicable, nothing, tbd, tbc, tba, idk, dk, dunno, no idea, missing, infinity, inf, none yet, nothing yet, not yet
  to be confirmed, to be decided, to be determined, to be discussed, to be announced, to be told, to be asked
  unclear, inaudible, unintelligible, unanswered, undisclosed, unstated, unmentioned, unsure, not sure, not certain, undetermined, undecided
  no one, nobody, object object, placeholder, no value, null null, none none, unknown unknown, nada, kuch nahi, kuch nahin
  कुछ नहीं, अज्ञात, शून्य मान, पता नही, नहीं मालूम, लागू नहीं, नल
  माहित नाही, माहीत नाही, सांगितले नाही, ખબર નથી, જાણ નથી, தெரியாது, தெரியவில்லை, తెలియదు, ಗೊತ್ತಿಲ್ಲ
  അറിയില്ല, জানি না, জানা নেই, ਪਤਾ ਨਹੀਂ, معلوم نہیں, پتہ نہیں`);

const denying = list(`
  not, no, never, none, nothing, without, nahi, nahin, nahee, nhi, nai, nahi, naa
  नहीं, नही, ना, न, नाही`);

const telling = list(`
  mention, mentions, mentioned, specify, specified, specific, provide, provided, give, given, gave, state, stated, tell, told
  say, said, share, shared, disclose, disclosed, discuss, discussed, ask, asked, answer, answers, answered, respond
  responded, response, reply, replied, indicate, indicated, reveal, revealed, record, recorded, capture, captured, collect
  collected, obtain, obtained, confirm, confirmed, determined, decided, known, know, knows, sure, available, applicable
  found, info, information, detail, details, data, value, clear, audible, heard, hear, understood, understand, understandable
  filled, set, input, request, requested, requests, explicit, decide, decides, tay, comment, comments, remark, remarks, idea, cover, covered, touched, extracted, detected, identified, received
  pata, maloom, malum, maalum, malum, jaankari, jankari, jaankaari, jawab, jawaab, javab, bataya, batayi, bataye, batai, bola
  boli, kaha, pucha, poocha, puchha, uplabdh, ullekh, spasht
  पता, मालूम, जानकारी, जवाब, उत्तर, बताया, बताई, बतायी, बताये, कहा, बोला, पूछा, ज्ञात, उपलब्ध, उल्लेख, स्पष्ट, निश्चित, माहित, माहिती`);

const beside = list(`
  the, a, an, any, this, that, it, its, was, is, were, are, be, been, being, has, have, had, did, do, does, could, can, will
  would, yet, so, far, as, of, now, at, all, by, in, on, during, from, to, about, for, with, call, caller, callee, customer
  customers, client, user, person, lead, buyer, prospect, he, she, they, him, her, them, me, us, i, we, explicitly, clearly
  conversation, transcript, anything, further, specifically, here, there, field, agent, which, what
  koi, kuch, kuchh, hai, hain, tha, thi, the, ki, ka, ke, ko, mujhe, unhone, usne, ne, abhi, tak, diya, di, gaya, gayi, kiya
  hua, customer, graahak, bhi, bilkul, ji, sir
  कोई, कुछ, है, हैं, था, थी, थे, की, का, के, को, मुझे, उन्होंने, उसने, ने, अभी, तक, दिया, दी, गया, गई, गयी, किया, हुआ, ग्राहक, भी, में, जी, बारे, इस, से`);
