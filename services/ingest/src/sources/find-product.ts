/** One question of a lead form: its text and key, and the answer. */
export type Answered = { question: string; value: string };

/** Longer texts hold neither a question about a product nor a product. */
const maxText = 300;

/** The words of a question or answer, whatever separates them: `when_are_you_buying?` is `when are you buying`. */
function toWords(text: string): string {
  return text
    .slice(0, maxText)
    .normalize('NFKC')
    .replaceAll(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .replaceAll('\u093c', '')
    .replaceAll(/(?<=\p{Nd}),(?=\p{Nd})/gu, '')
    .replaceAll(/[^\p{L}\p{M}\p{N}%₹<>+.]+/gu, ' ')
    .trim();
}

/** Any of these as whole words of any script (`\b` knows only Latin letters); an underscore is a space within one. */
function anyOf(words: string): RegExp {
  const either = words.normalize('NFKC').replaceAll('\u093c', '').trim().split(/\s+/).join('|').replaceAll('_', ' ');
  return new RegExp(`(?<![\\p{L}\\p{M}])(?:${either})(?![\\p{L}\\p{M}])`, 'u');
}

/** Words of a question about a product, in English, Hindi in both scripts, Marathi, Gujarati and Tamil. */
const namesThing = anyOf(`
  products? machine(?:s|ry|ries)? services? models? items? categor(?:y|ies) equipments? vehicles? requirements?
  interest(?:s|ed)? looking skus? utpad seva maal मशीन मशीने मशीनें मशिन मशीनरी यंत्र उत्पाद उत्पादन प्रोडक्ट
  प्रॉडक्ट सर्विस सेवा मॉडल मॉडेल उपकरण આવશ્યકતા મશીન મશીનરી ઉત્પાદન પ્રોડક્ટ સેવા સર્વિસ મોડેલ இயந்திரம்
  எந்திரம் மெஷின் தயாரிப்பு பொருள் சேவை மாடல்
`);

/** Words of a question about a time, sum, count, place or reason. Its answer is no product, whatever nouns it has. */
const asksForMeasure = anyOf(`
  when how where why who whom time timeline timeframe date days? weeks? months? years? soon urgent urgency
  deadline budget prices? pricing cost rates? invest investment amount spend afford loan emi finance turnover
  revenue role location city district pin_?code address production daily monthly quantity qty units number_of no\\.?_of count many much capacity output area experience purpose kab
  kab_?tak kitn[aei] kitne kahan? kyon kyun kaise samay paisa paise daam keemat कब कब_तक कितना कितनी कितने कहा
  कहां कहाँ क्यो क्यों कैसे समय तारीख दिन महीने बजट कीमत दाम मूल्य निवेश राशि मात्रा संख्या क्षमता केव्हा कधी
  किती कुठे किंमत ક્યારે કેટલા કેટલી કેટલું કેટલો ક્યાં બજેટ કિંમત ભાવ સમય તારીખ જથ્થો எப்போது எப்பொழுது எவ்வளவு
  எத்தனை எங்கே பட்ஜெட் விலை நேரம் தேதி
`);

/** Questions that only yes or no can answer. */
const asksForYes = new RegExp(
  [
    '^(?:are|is|am|was|were|do|does|did|have|has|had|can|could|would|will|shall|should|may|want|wish|need|ready|willing) ' +
      '(?:you|u|your|yours|we|i|it|there|this|that|they|anyone|to)(?!\\p{L})',
    '^(?:kya|क्या|શું) ',
    ' (?:or not|ya nahi|या नही|या नहीं|कि नही|कि नहीं|है क्या|हैं क्या|आहे का|உள்ளதா|hai kya|kya)$',
    'வேண்டுமா|உள்ளதா|விரும்புகிறீர்களா',
  ].join('|'),
  'u',
);

const asksWhich = anyOf(`
  which what kaun_?s[aie] kon_?s[aie] konsi कौन कौनसी कौनसा कोनसी कोनसा कोणती कोणते कोणता કયું કઈ કયા எந்த என்ன
`);

/** Whether a question may ask for the product. */
function asksForProduct(question: string): boolean {
  const words = toWords(question);
  if (asksWhichThing.test(words)) return true;
  return namesThing.test(words) && ![asksForMeasure, asksForYes, namesRecord].some((other) => other.test(words));
}

/** Asks for the product first, and mentions time, place or amount only later. */
const asksWhichThing =
  /^(?:which|what|kaun ?s[iae]|konsi) (?:type of |kind of )?(?:product|machine|service|model|item|equipment|vehicle)s? (?:do|did|does|are|is|would|will|should|can|you|u|chahiye|lena|leni) /u;

/** Fields that programs keep about a product, and that are no name of it. */
const namesRecord = anyOf('ids? urls? links? page images? photos? files? utm');

/** Asks for something that an enquiry has elsewhere, or for something about the person. */
const asksForOther = anyOf(`
  e_?mail mail phone mobile whats_?app contact call pin pin_?code zip postal post_?code address company business
  job title role gender age language country street name gst gstin designation occupation profession message
  comments? remarks? consent location state city district village website url source नाम पता शहर फोन मोबाइल
  व्यवसाय गांव जिला राज्य कंपनी टिप्पणी संदेश નામ સરનામું શહેર ફોન મોબાઇલ பெயர் முகவரி நகரம் தொலைபேசி
`);

const yesOrNo =
  /^(?:y|n|yes|yes please|no|no thanks|yeah|yep|nope|true|false|on|off|ok|okay|sure|maybe|may be|not sure|definitely|agree|agreed|i agree|interested|not interested|haan?|han ?ji|haa?n ?ji|ji|ji haa?n?|nahi+n?|nhi|हा|हां|हाँ|जी|जी हा|जी हां|जी हाँ|नही|नहीं|नाही|होय|हो|હા|ના|ஆம்|இல்லை)$/u;

const unit =
  '(?:%|k|l|cr|lakhs?|lacs?|crores?|thousands?|hazaa?r|rs|rs\\.|inr|rupees?|₹|pcs|pieces?|units?|nos?|qty|hours?|hrs?|minutes?|mins?|' +
  'days?|weeks?|months?|mnths?|years?|yrs?|din|hafte|mahin[ae]|saal|लाख|करोड|करोड़|हजार|हज़ार|रुपये|रुपए|रूपये|दिन|सप्ताह|हफ्ते|महीने|महीना|महिने|माह|साल|वर्ष|નંગ|લાખ|દિવસ|મહિના|மாதம்|நாட்கள்|லட்சம்)';
const sum = `(?:₹|rs\\.?|inr)? ?\\p{Nd}[\\p{Nd}.,+]*(?: ?${unit})*`;
const isMeasure = new RegExp(
  `^(?:(?:within|in|after|before|about|approx\\.?|around|under|over|above|below|upto|up to|at least|at most|less than|more than|next|last|[<>+]) ?)*${sum}` +
    `(?: ?(?:to|-|–|se|and|से) ?${sum}| ${sum})?(?: ?(?:\\+|or more|or less|and above|and below|se kam|se zyada|से कम|से ज्यादा|के अंदर|के भीतर|में|me|mein|ke andar|times?|only))*$`,
  'u',
);
const isTime =
  /^(?:(?:within|in|this|next|coming|after|before|by|the|a|an|one|two|three|few|couple of) )+(?:days?|weeks?|months?|years?|quarters?|diwali|season)$|^(?:immediate(?:ly)?|asap|urgent(?:ly)?|now|right now|right away|today|tomorrow|later|soon|anytime|any time|morning|afternoon|evening|weekend|not decided(?: yet)?|just (?:exploring|enquiring|looking|browsing)|abhi|aaj|kal|turant|jaldi|अभी|आज|कल|तुरंत|जल्दी|बाद मे|तुरंत चाहिए|\p{Nd}{4} \p{Nd}{1,2} \p{Nd}{1,2}.*|\p{Nd}{1,2} \p{Nd}{1,2} \p{Nd}{2,4})$/u;

/** Whether an answer says yes or no and nothing else. */
export function isYesOrNo(answer: string): boolean {
  return yesOrNo.test(toWords(answer));
}

/** Whether an answer is a yes, a no, a sum, a count or a time, and so no product. */
function isNoThing(answer: string, question = ''): boolean {
  const words = toWords(answer);
  if (yesOrNo.test(words) || isTime.test(words)) return true;
  // A model may be called 500.
  if (/^\p{Nd}+$/u.test(words) && asksWhich.test(toWords(question))) return false;
  return isMeasure.test(words);
}

/** We can't tell what a question in another script asks for. */
const isReadable = /^(?:[\p{Script=Latin}\p{Script=Devanagari}\p{Script=Gujarati}\p{Script=Tamil}]|\P{L})*$/u;

/**
 * The answer that is the product: the answer to a question that names a product; else, with `guess`, to the only
 * question that we can't explain otherwise. Answers that are a time, a sum, a count or a yes never count.
 */
export function findProduct<Answer extends Answered>(
  answers: readonly Answer[],
  { guess }: { guess: boolean },
): Answer | undefined {
  const things = answers.filter(({ question, value }) => !isNoThing(value, question));
  const asked = things.filter(({ question }) => asksForProduct(question));
  if (asked.length > 0 || !guess) return asked.find(({ question }) => asksWhich.test(toWords(question))) ?? asked[0];
  const unclear = answers.filter(({ question }) => {
    const words = toWords(question);
    if (!isReadable.test(words)) return false;
    return !asksForOther.test(words) && !asksForMeasure.test(words) && !asksForYes.test(words);
  });
  const [only] = unclear;
  return unclear.length === 1 && only !== undefined && !isNoThing(only.value, only.question) ? only : undefined;
}
