/** One thing that `doctor` looked at. */
export type Finding = {
  about: string;
  /** `note` is worth knowing and nothing to repair. */
  verdict: 'good' | 'note' | 'bad';
  found: string;
  /** What to do, where something is to be done. */
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
