/** A vitest reporter that names the tests that passed only when tried again: they are to be looked at. */
export default class {
  #named = [];

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky === true) this.#named.push(`${test.module.relativeModuleId}: ${test.fullName}`);
  }

  onTestRunEnd() {
    for (const name of this.#named) console.log(`passed at its second try: ${name}`);
  }
}
