import { defineEntity, p } from '@mikro-orm/core';

/** A person who asked for something. The columns are a contract with other tools; `failureReason` is ours. */
export const Lead = defineEntity({
  name: 'Lead',
  tableName: 'leads',
  properties: {
    id: p.integer().primary().autoincrement(),
    name: p.text(),
    phone: p.text(),
    source: p.text(),
    email: p.text().nullable(),
    productName: p.text().fieldName('product_name').nullable(),
    city: p.text().nullable(),
    state: p.text().nullable(),
    queryMessage: p.text().fieldName('query_message').nullable(),
    status: p.text().default('new'),
    retryAfter: p.datetime().fieldName('retry_after').nullable(),
    retryCount: p.integer().fieldName('retry_count').default(0),
    createdAt: p.datetime().fieldName('created_at').defaultRaw('now()'),
    updatedAt: p.datetime().fieldName('updated_at').defaultRaw('now()'),
    failureReason: p.text().fieldName('failure_reason').nullable(),
  },
});
