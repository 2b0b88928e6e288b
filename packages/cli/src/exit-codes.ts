/** Scripts may rely on these; docs/build/command-line.md lists them too. */
export const exitCodes = {
  done: 0,
  /** A service refused, nothing was found, or `doctor` found something to fix. */
  refused: 1,
  /** Wrong use: we asked no service. */
  wrongUse: 2,
  /** No connection or no answer: we do not know whether the command was carried out. */
  unanswered: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** The person asked for something impossible; the text says what to ask instead. */
export class WrongUse extends Error {
  override name = 'WrongUse';
}

/** Something was not found or needs fixing, and we have already said so. */
export class Unsuccessful extends Error {
  override name = 'Unsuccessful';
}
