/** What a person's own words say about how soon to call; `undefined`: nothing. */
export type SaidPriority = 'urgent' | 'high' | undefined;

/**
 * Reads how serious or urgent the person is, in English, Hindi and Hinglish. A denied word means its opposite, and
 * raises nothing: "not urgent", "koi jaldi nahi", "गंभीर नहीं". It reads each part of a sentence by itself.
 */
export function readPriority(seriousness: string): SaidPriority {
  let priority: SaidPriority;
  let isUrgencyDenied = false;
  for (const clause of toClauses(seriousness)) {
    // "Urgent? No." and "urgent tha, ab nahi" take back what came before.
    if (bareDenial.test(clause)) {
      if (priority !== undefined) isUrgencyDenied = true;
      priority = undefined;
      continue;
    }
    const read = readClause(clause);
    if (read === 'urgency_denied') isUrgencyDenied = true;
    else if (read === 'urgent' || (read === 'high' && priority === undefined)) priority = read;
  }
  return priority === 'urgent' && isUrgencyDenied ? 'high' : priority;
}

const sides = String.raw`(?<![\p{L}\p{M}\p{N}])(?:WORDS)(?![\p{L}\p{M}\p{N}])`;
const anyOf = (words: string): RegExp => new RegExp(sides.replace('WORDS', words.normalize('NFC')), 'u');

/** Denials with the opposite meaning: a person who can't wait is in a hurry, one who makes no joke is serious. */
const urgentIdioms = anyOf(
  String.raw`(?:can not|can t|cant|could not|will not|won t|wont|nahi|nahin) wait|(?:no|without|without any|do not|don t|dont|avoid|any) (?:more )?delays?|no time to (?:lose|waste)|(?:der|deri|derri|late) (?:nahi|nahin|na|mat|bilkul nahi)(?: (?:karo|karna|karni|chahiye|kare|karein|hona))?|bina (?:der|deri)(?: ke)?|wait (?:nahi|nahin)(?: kar)?(?: sakte| sakta| sakti)?|(?:देर|देरी) (?:नहीं|न|मत|ना)(?: (?:करो|करना|चाहिए|करें))?|बिना (?:देर|देरी)(?: (?:के|किए|किये))?|इंतज़ार नहीं|इंतजार नहीं`,
);
const emptyIdioms = anyOf(
  String.raw`no doubts?|without (?:a )?doubt|not only|not just|not merely|no kidding|not joking|no jokes?|no problems?|no issues?|not (?:a )?time ?pass|no time ?pass|(?:mazak|mazaak|majak|time ?pass|shak|doubt|problem|dikkat|tension|issue) (?:nahi|nahin)|koi (?:shak|dikkat|problem) (?:nahi|nahin)|(?:मज़ाक|मजाक|शक|दिक्कत|टाइमपास) नहीं`,
);

const denying = String.raw`not|no|non|never|neither|nor|none|nothing|hardly|barely|scarcely|without|un|[a-z]+n t|dont|doesnt|isnt|didnt|wasnt|cant|cannot|wont|aint|nahi|nahin|nahee|nhi|nai|na|mat|नहीं|नही|ना|न|मत|नाही`;
const lessening = String.raw`low|lower|lowest|less|lesser|least|little|medium|moderate|moderately|average|normal|zero|nil|half|partly|somewhat|slightly|fairly casual|casual|maybe|may be|perhaps|possibly|might|shayad|kam|thoda|thodi|thora|कम|थोड़ा|थोड़ी|थोडा|शायद|मध्यम|सामान्य`;

const serious = String.raw`serious|seriously|gambhir|gambheer|gambhirta|sanjeeda|keen|genuine|committed|determined|pakka|pukka|गंभीर|गम्भीर|सीरियस|पक्का`;
const interested = String.raw`interested|eager|hot|important|high|strong|ready|positive|likely|excited|much|soon|good|utsuk|इच्छुक|उत्सुक|ज़रूरी|जरूरी|ज़रूरत|जरूरत|जल्दी|तुरंत|अर्जेंट|jaldi|zaroori|jaruri|zaruri|urgent`;
const stressing = String.raw`very|extremely|highly|super|really|quite|so|too|absolutely|totally|fully|completely|dead|most|100|hundred percent|bahut|bohot|bohat|bhut|bahot|kaafi|kafi|ekdum|ekdam|bilkul|poora|pura|sabse|बहुत|बेहद|काफ़ी|काफी|एकदम|बिल्कुल|बिलकुल|पूरी तरह|सबसे|अति|अत्यंत`;
const urgency = String.raw`urgent|urgently|urgency|ugrent|argent|arjent|immediate|immediately|immediatly|asap|a s a p|right away|right now|at once|straight away|emergency|hurry|rush|top priority|highest priority|as soon as possible|earliest|jaldi|jaldi se|jald|jald se jald|turant|turat|foran|fauran|fatafat|abhi ke abhi|tatkal|tatkaal|shighra|urgently|अर्जेंट|अर्जेन्ट|अरजेंट|इमरजेंसी|तुरंत|तुरन्त|तत्काल|फौरन|फ़ौरन|जल्दी|जल्द|शीघ्र|फटाफट|लगेच`;
/** Only beside a word of wanting: "abhi chahiye", "needs it today". "abhi soch rahe hain" is no hurry. */
const soonWords = String.raw`abhi|aaj|aaj hi|kal hi|isi hafte|today|tomorrow|tonight|this week|within (?:a|one|1|two|2) (?:day|days|week)|now|अभी|आज|आज ही|कल ही|इसी हफ्ते`;
const wanting = String.raw`need|needs|needed|want|wants|wanted|require|requires|required|buy|buying|buys|purchase|order|ordering|book|booking|deliver|delivery|install|start|finalise|finalize|close|chahiye|chahie|chaiye|chahte|chahta|lena|lenge|leni|mangta|karna|kharidna|चाहिए|चाहिये|लेना|लेनी|लेंगे|करना|खरीदना|ख़रीदना|मंगाना`;

const matches = {
  urgency: anyOf(urgency),
  soon: anyOf(soonWords),
  wanting: anyOf(wanting),
  serious: anyOf(serious),
  stressed: anyOf(
    String.raw`(?:${stressing})(?: (?:much|very|zyada|jyada|hi|bhi|ज़्यादा|ज्यादा|ही))*(?: [\p{L}\p{M}]+)? (?:${serious}|${interested})`,
  ),
  onlyStress: new RegExp(String.raw`^(?:very|bahut|बहुत|very much|extremely|highly)$`, 'u'),
  high: anyOf(String.raw`high|highest|hot|उच्च`),
  denying: anyOf(denying),
  lessening: anyOf(lessening),
  hindiDenial: anyOf(String.raw`nahi|nahin|nahee|nhi|nai|na|mat|नहीं|नही|ना|न|मत|नाही`),
};

const bareDenial = new RegExp(
  String.raw`^(?:ab|abhi|but|par|lekin|filhaal|filhal|अब|अभी|फिलहाल|मगर|पर|लेकिन)? ?(?:no|nope|not|not any ?more|not now|not really|not yet|not at all|no more|no longer|nahi|nahin|nhi|नहीं|नही)(?: (?:hai|he|h|ji|sir|any ?more|है|जी))?$`,
  'u',
);

function toClauses(text: string): string[] {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/[’‘ʼ`´]/g, "'")
    .replaceAll(/\bcannot\b/g, 'can not')
    .split(
      /[,;.!?।|\n()–—]+|(?<![\p{L}\p{M}])(?:but|however|though|although|yet|and|lekin|magar|par|phir bhi|aur|लेकिन|मगर|पर|और|परंतु|किंतु)(?![\p{L}\p{M}])/u,
    )
    .map((clause) => clause.replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, ' ').trim())
    .filter((clause) => clause !== '');
}

function readClause(text: string): SaidPriority | 'urgency_denied' {
  if (urgentIdioms.test(text)) return 'urgent';
  const clause = text.replace(emptyIdioms, ' ').trim();
  const isUrgent = matches.urgency.test(clause) || (matches.soon.test(clause) && matches.wanting.test(clause));
  if (isDenied(clause)) return isUrgent ? 'urgency_denied' : undefined;
  if (matches.lessening.test(clause)) return undefined;
  if (isUrgent || matches.stressed.test(clause) || matches.onlyStress.test(clause)) return 'urgent';
  return matches.high.test(clause) || matches.serious.test(clause) ? 'high' : undefined;
}

/** English denies what follows; Hindi denies what stands within a few words before, or what follows. */
function isDenied(clause: string): boolean {
  const denial = matches.denying.exec(clause);
  if (denial === null) return false;
  const meant = new RegExp(
    `${matches.urgency.source}|${matches.soon.source}|${matches.serious.source}|${matches.stressed.source}|${matches.high.source}`,
    'gu',
  );
  const positions = [...clause.matchAll(meant)].map(({ index }) => index);
  if (positions.some((at) => at > denial.index)) return true;
  const hindi = matches.hindiDenial.exec(clause);
  if (hindi === null) return false;
  const between = Math.max(...positions, -1);
  return between >= 0 && clause.slice(between, hindi.index).trim().split(' ').length <= 5;
}
