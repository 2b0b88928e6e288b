import { meansNothing } from '@leadline/contracts/means-nothing';
import { readNameOfWish } from '@leadline/contracts/name-of-wish';
import { readWish as readSaid } from '@leadline/contracts/to-wish';
import type { Field, Fields } from './read-fields.ts';

/** Whether a record says that we may call its number. */
export type Wish = 'do_not_call' | 'callable' | 'unclear';

/** Whether a field of this name says whether we may call its number. */
export function tellsWish(name: string): boolean {
  return readNameOfWish(name) !== undefined;
}

/** What registers and lists say about a number, beside the words of `readSaid`. */
const yes =
  /^(?:checked|ticked|active|registered|listed|(?:fully |partially )?blocked|(?:full|fully|partial) dnd|dnd active|never|opt out)$/;
const no =
  /^(?:nil|inactive|not (?:on |in |a )?(?:set|registered|listed|dnd|dnc|list)|non[ -]?(?:dnd|dnc)|no (?:dnd|dnc)|subscribed|clear|ok)$/;
/** A wish not to be called, in any field that says this and nothing else: a status, a remark, a disposition. */
const plainWish =
  /^(?:(?:please|pls|customer said|asked) )?(?:dnd|dnc|ndnc|do ?not ?(?:call|disturb|phone)|don'?t call|never call|no (?:more |further )?calls|stop (?:calling|calls)|not to be called|call mat kar(?:o|na|iye|na ji)?|कॉल मत करो|कॉल मत करना|कॉल न करें|फोन मत करना)(?: (?:me|again|anymore|any more|this number|please|dobara|ever))*$/;

/**
 * What such a field's value means. Any form of yes is a wish not to be called; no, or an empty value, is none. Of any
 * other value nobody knows the meaning, so we call nobody.
 */
export function toWish(value: string): Wish {
  const words = toPlain(value);
  if (no.test(words)) return 'callable';
  // "Yes, asked twice" is a yes; "no calls please" is not a no.
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
 * What a record's fields say together: one wish not to be called outweighs all other fields.
 * @returns undefined where no field is of that kind; `name` is the deciding field's, as it was sent
 */
export function readWish(fields: Fields): { wish: Wish; name: string } | undefined {
  const wishes = [...fields].flatMap(([key, field]) => {
    const wish = readFieldWish(key, field);
    return wish === undefined ? [] : [{ name: field.name, wish }];
  });
  return strongest.flatMap((wish) => wishes.find((task) => task.wish === wish) ?? [])[0];
}

/** What one field says, by the name that was sent or its known key; undefined if it says nothing of this. */
export function readFieldWish(key: string, { name, value }: Field): Wish | undefined {
  switch (readNameOfWish(name) ?? readNameOfWish(key)) {
    case 'no_calls':
      return toWish(value);
    case 'calls':
      // A consent field that says no. An unanswered one refuses nothing.
      return !meansNothing(value) && readSaid(value) === 'no' ? 'do_not_call' : 'callable';
    case undefined:
      return value.length <= maxPlainCharacters && plainWish.test(toPlain(value)) ? 'do_not_call' : undefined;
  }
}
