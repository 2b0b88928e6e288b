import { toKey, type Fields } from './read-fields.ts';

/** What a record says of whether its number may be called. */
export type Wish = 'do_not_call' | 'callable' | 'unclear';

/** What a field is called that tells it, in CRMs, dialling lists and forms; case and separators do not matter. */
export const wishNames: readonly string[] = [
  'do not call',
  'dont call',
  'do not phone',
  'do not contact',
  'do not disturb',
  'no calls',
  'no call',
  'never call',
  'dnc',
  'dnd',
  'ndnc',
  'dnc status',
  'dnd status',
  'dnc flag',
  'dnd flag',
  'is dnc',
  'is dnd',
  'on dnd',
  'on dnc',
  'dnd registered',
  'dnc list',
  'dnd list',
  'do not call list',
  'do not call flag',
  'do not call registry',
  'phone opt out',
  'call opt out',
  'calls opt out',
  'voice opt out',
  'opt out of calls',
  'opted out of calls',
  'has opted out of call',
  'has opted out of calls',
  'has opted out of phone',
  'opted out of phone',
  'opt out phone',
  'opt out',
  'opted out',
  'has opted out',
  'optout status',
  'unsubscribed',
  'unsubscribed from calls',
  'unsubscribe from calls',
  'calls unsubscribed',
  'do not allow phone calls',
  'donotphone',
  'stop calls',
  'कॉल न करें',
];

const names = new Set(wishNames.map(toKey));

/** Whether a field of this name says that its number may not be called. */
export function tellsWish(name: string): boolean {
  return names.has(toKey(name));
}

const yes =
  /^(?:y|yes|true|t|1|on|x|checked|ticked|set|✓|✔|☑|✅|active|registered|listed|blocked|dnd|dnc|ndnc|do ?not ?call|do ?not ?disturb|don'?t call|opt(?:ed)?[ -]?out|unsubscribed?|stop|never|ha+n?|ji|ji ha+n?|हाँ|हां|हा|जी|जी हाँ|होय|હા|ஆம்)$/;
const no =
  /^(?:n|no|false|f|0|off|none|nil|null|undefined|n\/?a|unchecked|unset|inactive|not (?:set|registered|listed|dnd|dnc)|non[ -]?(?:dnd|dnc)|nahi+n?|na|opt(?:ed)?[ -]?in|subscribed|callable|ok|ok to call|can call|call|allowed|नहीं|नही|ना|नाही|ના|இல்லை)$/;

/**
 * What a field of that name means by its value: yes in any spelling is a wish not to be called; no, or nothing, is none;
 * of anything else nobody knows, and so nobody is rung.
 */
export function toWish(value: string): Wish {
  const said = value
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('’', "'")
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[\s"'([{.,;:!-]+|[\s"')\]}.,;:!-]+$/gu, '')
    .replace(/^([01])\.0+$/, '$1');
  if (said === '' || no.test(said)) return 'callable';
  // "Yes, asked twice" is a yes; "no calls please" is no no.
  return yes.test(said) || /^(?:yes|true|y)[^\p{L}\p{M}\p{N}]/u.test(said) ? 'do_not_call' : 'unclear';
}

const strongest: readonly Wish[] = ['do_not_call', 'unclear', 'callable'];

/**
 * What a record's fields say together: one wish not to be called outweighs every other field.
 * @returns undefined where no field of that kind is there; `name` is the deciding field's, as it was sent
 */
export function readWish(fields: Fields): { wish: Wish; name: string } | undefined {
  const told = [...fields]
    .filter(([key]) => names.has(key))
    .map(([, { name, value }]) => ({ name, wish: toWish(value) }));
  return strongest.flatMap((wish) => told.find((one) => one.wish === wish) ?? [])[0];
}
