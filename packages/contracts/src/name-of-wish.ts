/**
 * What a field's name asks: `no_calls`: yes means that its number may not be called; `calls`: no means that; undefined:
 * something else.
 */
export type NameOfWish = 'no_calls' | 'calls' | undefined;

/** A longer name is a text and no name. */
const maxCharacters = 200;

/** Words that are certainly about calls. */
const noCalls = anyOf(
  'n?dn[cd]r?',
  'ncpr',
  'ncco',
  '(?:do not|dont|don t|never|not to) (?:ever |be )?(?:call|called|phone|ring|dial|disturb)',
  '(?:no|not|stop|block|blocked|wants no|without) (?:all |any |more |further |phone |sales |voice )*(?:calls?|calling)',
  '(?:calls?|calling|phone) (?:not allowed|not permitted|blocked|stopped)',
  'do not allow (?:phone )?calls?',
);
/** Words that may also be about mail. */
const noContact = anyOf(
  'do not contact',
  'dont contact',
  'never contact',
  'not to be contacted',
  '(?:opt|opts|opted|opting) ?out',
  'optout',
  'optedout',
  'unsubscribed?',
  'black ?list(?:ed)?',
);
/** Names without a gap between their words. */
const joined =
  /^(?:is|has|on)?(?:donotcall|dontcall|donotphone|donotcontact|donotdisturb|nocalls?|nevercall|stopcall(?:s|ing)|(?:phone|call|voice|contact)?opt(?:ed)?out(?:of)?(?:calls?|phone)?|unsubscribed|blacklisted)(?:me|again|flag|status|list|requested|yn|c)*$/;
const inIndianScripts =
  /(?:कॉल|काल|फोन|संपर्क) (?:न|ना|मत|नही|नहीं|नको|करू नका|करु नका)(?:$| )|डी ?एन ?डी|(?:કૉલ|કોલ|ફોન) (?:ન|ના|નહીં)(?:$| )|ડી ?એન ?ડી|அழைக்க வேண்டாம்/u;
const consent = anyOf(
  'consents?',
  'permission',
  'opt(?:ed|s)? ?in',
  'optin',
  'allow(?:ed|s)?',
  'agree[ds]?',
  'ok',
  'okay',
  'can',
  'may',
);
const call = anyOf(
  'calls?',
  'called',
  'calling',
  'phone',
  'phoned',
  'telephone',
  'contact',
  'contacted',
  'voice',
  'ring',
);
const otherWay = anyOf(
  'e ?mails?',
  'mails?',
  'mailing',
  'sms',
  'texts?',
  'mms',
  'fax',
  'newsletters?',
  'whatsapp',
  'post',
  'push',
);
/** Names about when, why or by whom, but not about whether; or with a number or a category of a register. */
const notWhether = anyOf(
  'date',
  'dates',
  'days?',
  'at',
  'time',
  'times',
  'when',
  'why',
  'reason',
  'by',
  'before',
  'after',
  'until',
  'till',
  'between',
  'now',
  'today',
  'slot',
  'morning',
  'evening',
  'count',
  'id',
  'notes?',
  'remarks?',
  'comments?',
  'category',
  'number',
  'mobile no',
  'phone no',
);

/** JustDial has one such field for each number. Its adapter knows which number we call. */
const ofOneNumber = /^dn[cd] ?(?:mobile|phone)$/;

/**
 * Reads a field's name in any spelling: `Do_Not_Call__c`, `HasOptedOutOfCall`, `DND (Y/N)`, `Phone opt-in`, `कॉल न
 * करें`.
 */
export function readNameOfWish(name: string): NameOfWish {
  return name.length <= maxCharacters && mayTell(name) ? decideName(name) : undefined;
}

/** A quick test, because most names are about something else and every record asks. */
function mayTell(name: string): boolean {
  if (!isLatin.test(name)) return true;
  return (
    /dn[cd]|nc(?:pr|co)|opt|unsub|black/i.test(name) ||
    (aboutCalls.test(name) && /call|phone|ring|dial|disturb|contact/i.test(name))
  );
}

const isLatin = /^[\p{Script=Latin}\p{P}\p{S}\p{Z}\p{N}\s]*$/u;
const aboutCalls = /no|n['’ ]?t|never|stop|block|without|consent|permission|allow|agree|ok|can|may/i;

function decideName(name: string): NameOfWish {
  const words = name
    .normalize('NFKC')
    .replaceAll(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .replaceAll('\u093c', '')
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .replaceAll(/(?:on )?this (?:number|mobile|phone)/g, ' ')
    .trim();
  if (inIndianScripts.test(words)) return 'no_calls';
  if (notWhether.test(words) || ofOneNumber.test(words)) return undefined;
  const isOtherWay = otherWay.test(words) && !call.test(words);
  if (noCalls.test(words) || joined.test(words.replaceAll(' ', ''))) return 'no_calls';
  if (noContact.test(words)) return isOtherWay ? undefined : 'no_calls';
  return consent.test(words) && call.test(words) && !otherWay.test(words) ? 'calls' : undefined;
}

function anyOf(...words: string[]): RegExp {
  return new RegExp(`(?:^| )(?:${words.join('|')})(?: |$)`, 'u');
}
