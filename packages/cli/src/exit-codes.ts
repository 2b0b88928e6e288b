/** What a script may rely on; docs/build/command-line.md says the same. */
export const exitCodes = {
  done: 0,
  /** A service refused, nothing was found, or `doctor` found something to fix. */
  refused: 1,
  /** Wrong use: nothing was asked of anybody. */
  wrongUse: 2,
  /** No connection or no answer: whether a command was carried out is not known. */
  unanswered: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** The person asked for what can't be: its text says what to ask instead. */
export class WrongUse extends Error {
  override name = 'WrongUse';
}

/** Nothing was found, or something is to be fixed, and that has been said already. */
export class Unsuccessful extends Error {
  override name = 'Unsuccessful';
}
