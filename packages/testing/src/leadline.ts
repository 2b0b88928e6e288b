/**
 * What tests use of Leadline itself: its database, its NATS users. This package stands below Leadline's, so that their
 * tests may use it; `test/provide-leadline.ts`, which may know everybody, says in each test's process what these are.
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
