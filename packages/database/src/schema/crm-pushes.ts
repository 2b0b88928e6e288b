import { defineEntity, p } from '@mikro-orm/core';

/** The progress of a qualified call's push to the CRM. */
export const CrmPush = defineEntity({
  name: 'CrmPush',
  tableName: 'crm_pushes',
  properties: {
    callId: p.integer().fieldName('call_id').primary(),
    attempts: p.integer().default(0),
    customerId: p.text().fieldName('customer_id').nullable(),
    /** Committed before each POST of a task: from here on a task may exist. */
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
    /** The receipt ids of the enquiries that the task mentions. */
    enquiries: p.array().columnType('uuid[]').nullable(),
  },
});
