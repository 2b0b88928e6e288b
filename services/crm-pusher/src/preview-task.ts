import { previewTask } from '@leadline/contracts/commands/test-call';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { Deps } from './deps.ts';
import { readTestCall } from './keep-push.ts';
import { toQualifiedCall } from './push-call.ts';
import { toCrmTask } from './to-crm-task.ts';

/** `ops.crm-pusher.preview_task`: the task that a test call would have made. Only test calls: it holds what was said. */
export function answerPreviews(nats: Nats, deps: Deps): Promise<Answering> {
  return answer(nats, previewTask, async ({ leadId }) => {
    const call = await readTestCall(leadId, deps);
    if (call === undefined) return null;
    // The CRM is not asked for the customer.
    const { customerId: _unknown, status: _new, ...task } = toCrmTask(toQualifiedCall(call), 'unknown', deps.mapping);
    return { answers: call.qualification ?? {}, task };
  });
}
