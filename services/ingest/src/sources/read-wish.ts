import { meansNothing } from '@leadline/contracts/means-nothing';
import { readNameOfWish } from '@leadline/contracts/name-of-wish';
import { readWish as readSaid } from '@leadline/contracts/to-wish';
import type { Field, Fields } from './read-fields.ts';

/** What a record says of whether its number may be called. */
export type Wish = 'do_not_call' | 'callable' | 'unclear';

/** Whether a field of this name says whether its number may be called. */
export function tellsWish(name: string): boolean {
  return readNameOfWish(name) !== undefined;
}

/** What a register or a list says of a number, beside the words of `readSaid`. */
const yes =
  /^(?:checked|ticked|active|registered|listed|(?:fully |partially )?blocked|(?:full|fully|partial) dnd|dnd active|never|opt out)$/;
const no =
  /^(?:nil|inactive|not (?:on |in |a )?(?:set|registered|listed|dnd|dnc|list)|non[ -]?(?:dnd|dnc)|no (?:dnd|dnc)|subscribed|clear|ok)$/;
/** A wish, whatever the field is called that says this and nothing else: a status, a remark, a disposition. */
const plainWish =
  /^(?:(?:please|pls|customer said|asked) )?(?:dnd|dnc|ndnc|do ?not ?(?:call|disturb|phone)|don'?t call|never call|no (?:more |further )?calls|stop (?:calling|calls)|not to be called|call mat kar(?:o|na|iye|na ji)?|कॉल मत करो|कॉल मत करना|कॉल न करें|फोन मत करना)(?: (?:me|again|anymore|any more|this number|please|dobara|ever))*$/;

/**
 * What a field of that name means by its value: yes in any spelling is a wish not to be called; no, or nothing, is none;
 * of anything else nobody knows, and so nobody is rung.
 */
export function toWish(value: string): Wish {
  const words = toPlain(value);
  if (no.test(words)) return 'callable';
  // "Yes, asked twice" is a yes; "no calls please" is no no.
  if (yes.test(words) || /^(?:yes|true|y)[^\p{L}\p{M}\p{N}]/u.test(words)) return 'do_not_call';
  return meanings[readSaid(value)];
}

const meanings = { yes: 'do_not_call', no: 'callable', unclear: 'unclear' } as const;

function toPlain(value: string): string {
  return value
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('’', "'")
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[\s"'([{.,;:!-]+|[\s"')\]}.,;:!-]+$/gu, '');
}

const maxPlainCharacters = 60;

const strongest: readonly Wish[] = ['do_not_call', 'unclear', 'callable'];

/**
 * What a record's fields say together: one wish not to be called outweighs every other field.
 * @returns undefined where no field of that kind is there; `name` is the deciding field's, as it was sent
 */
export function readWish(fields: Fields): { wish: Wish; name: string } | undefined {
  const wishes = [...fields].flatMap(([key, field]) => {
    const wish = readFieldWish(key, field);
    return wish === undefined ? [] : [{ name: field.name, wish }];
  });
  return strongest.flatMap((wish) => wishes.find((task) => task.wish === wish) ?? [])[0];
}

/** What one field says, under its name as it was sent or under the key that it is known by; undefined: nothing of this. */
export function readFieldWish(key: string, { name, value }: Field): Wish | undefined {
  switch (readNameOfWish(name) ?? readNameOfWish(key)) {
    case 'no_calls':
      return toWish(value);
    case 'calls':
      // Consent that is refused; without an answer nobody refused it.
      return !meansNothing(value) && readSaid(value) === 'no' ? 'do_not_call' : 'callable';
    case undefined:
      return value.length <= maxPlainCharacters && plainWish.test(toPlain(value)) ? 'do_not_call' : undefined;
  }
}
