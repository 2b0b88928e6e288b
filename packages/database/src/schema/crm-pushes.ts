import { defineEntity, p } from '@mikro-orm/core';

/** How far the push of a qualified call to the CRM has got. */
export const CrmPush = defineEntity({
  name: 'CrmPush',
  tableName: 'crm_pushes',
  properties: {
    callId: p.integer().fieldName('call_id').primary(),
    attempts: p.integer().default(0),
    customerId: p.text().fieldName('customer_id').nullable(),
    /** Committed before each POST of a task: from here on one may exist. */
    sentAt: p.datetime().fieldName('sent_at').nullable(),
    nextTryAt: p.datetime().fieldName('next_try_at').nullable(),
    emptyLooks: p.integer().fieldName('empty_looks').default(0),
    /** Answers 409 in a row; null and 0 are the same. */
    conflicts: p.integer().nullable(),
    /** POSTs of a customer so far; null and 0 are the same. */
    customerPosts: p.integer().fieldName('customer_posts').nullable(),
    lastLookedAt: p.datetime().fieldName('last_looked_at').nullable(),
    lastError: p.text().fieldName('last_error').nullable(),
    failedAt: p.datetime().fieldName('failed_at').nullable(),
    taskId: p.text().fieldName('task_id').nullable(),
    /** The enquiries, by their receipts, that the task tells. */
    enquiries: p.array().columnType('uuid[]').nullable(),
  },
});
