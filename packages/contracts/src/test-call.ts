/**
 * The source of the leads that `leadline test-call` makes, and of their calls: no other lead may have it. Such a lead is
 * rung at most once, and nobody at the CRM hears of it. Its origin also says `is_test`, by which older versions of the
 * dispatcher never ring it.
 */
export const testCallSource = 'test_call';
