/** The result of one check of `doctor`. */
export type Finding = {
  about: string;
  /** `note` is worth knowing but needs no repair. */
  verdict: 'good' | 'note' | 'bad';
  found: string;
  /** What to do, if there is something to do. */
  fix?: string;
};

export const good = (about: string, found: string): Finding => ({ about, verdict: 'good', found });
export const note = (about: string, found: string, fix?: string): Finding => ({
  about,
  verdict: 'note',
  found,
  ...(fix === undefined ? {} : { fix }),
});
export const bad = (about: string, found: string, fix: string): Finding => ({ about, verdict: 'bad', found, fix });
