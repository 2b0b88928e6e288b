import { erase, type EraseAsked, type Erased } from '@leadline/contracts/commands/erase';
import type { Database } from '@leadline/database/open-database';
import { rows } from '@leadline/database/sql';
import { answer, CommandRefused, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { requirePhone } from '@leadline/messaging/require-phone';
import { z } from 'zod';
import { isNoTest } from './keep-push.ts';

/** `ops.crm-pusher.erase` */
export function answerErase(nats: Nats, postgres: Database): Promise<Answering> {
  return answer(nats, erase['crm-pusher'], (asked) => findAtTheCrm(asked, postgres));
}

const push = z.object({
  id: z.number(),
  waits: z.boolean(),
  taskId: z.string().nullable(),
  customerId: z.string().nullable(),
});

/**
 * Erases nothing, because this service keeps ids only. Lists the person's customer and task ids at the CRM, so that
 * somebody can erase them there. Refused while a call waits for its task: the push needs name and number. Ask it before
 * the dispatcher, which removes the number.
 */
async function findAtTheCrm(asked: EraseAsked, postgres: Database): Promise<Erased> {
  const pushes = await rows(
    postgres.sql,
    push,
    `select c.id, c.status = 'called' and c.attempt is not null and ${isNoTest} and p.failed_at is null as waits,
            c.crm_task_id as task_id, p.customer_id
       from calls c left join crm_pushes p on p.call_id = c.id where last_ten(c.phone) = last_ten($1) order by c.id`,
    [requirePhone(asked.phone)],
  );
  const enquiryTasks = await rows(
    postgres.sql,
    z.object({ taskId: z.string().nullable(), customerId: z.string().nullable() }),
    `select t.task_id, t.customer_id from crm_enquiries t join leads l on l.id = t.lead_id
      where last_ten(l.phone) = last_ten($1) order by t.told_at`,
    [requirePhone(asked.phone)],
  );
  const waiting = pushes.find(({ waits }) => waits);
  if (waiting !== undefined)
    throw new CommandRefused(`phone: call ${waiting.id} waits for its task in the CRM; try again once it has one`);
  const customers = [...new Set([...pushes, ...enquiryTasks].flatMap(({ customerId }) => customerId ?? []))];
  const tasks = [...pushes, ...enquiryTasks].flatMap(({ taskId }) => taskId ?? []);
  return {
    counts: {},
    left: [
      ...(customers.length === 0 ? [] : [`in the CRM, to be erased there: customer ${customers.join(', ')}`]),
      ...(tasks.length === 0 ? [] : [`in the CRM, to be erased there: task ${tasks.join(', ')}`]),
    ],
  };
}
