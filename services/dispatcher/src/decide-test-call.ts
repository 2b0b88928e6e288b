/** A lead that `leadline test-call` made. */
export type TestCall = {
  madeAt: Date;
  /** Another call was made for it, whatever became of that. */
  hasEarlierCall: boolean;
};

/** Who asked for the call has gone by then, and expects no ring any more. */
const rungWithinMs = 120_000;

/**
 * Why a test call must not ring. It gets one call, soon after it was made, and only to a number that the operators have named
 * as their own. All the rules for other leads follow this one.
 */
export function refuseTestCall(
  test: TestCall,
  phone: string | undefined,
  now: Date,
  { testNumbers }: { testNumbers: readonly string[] },
): 'not_a_test_number' | 'test_call_over' | 'test_call_late' | undefined {
  if (phone === undefined || !testNumbers.includes(phone)) return 'not_a_test_number';
  if (test.hasEarlierCall) return 'test_call_over';
  return now.getTime() - test.madeAt.getTime() > rungWithinMs ? 'test_call_late' : undefined;
}
