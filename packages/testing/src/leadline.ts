/**
 * What tests need from Leadline itself: its database and its NATS users. This package is below all others, so that
 * their tests may use it; `test/provide-leadline.ts`, which may import everything, provides these in each test's
 * process.
 */
// oxlint-disable-next-line typescript/no-empty-interface -- its members are declared where they are provided
export interface Leadline {}

let provided: Leadline | undefined;

export function provideLeadline(parts: Leadline): void {
  provided = parts;
}

/** @throws Error in a test project that does not provide it */
export function leadline(): Leadline {
  if (provided === undefined) throw new Error('no set-up file of this test project has provided Leadline');
  return provided;
}
