import { Hono, type Context } from 'hono';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { socketOf } from '../cut-connection.ts';
import type { HeldFaults } from '../faults.ts';
import type { OddAnswers } from '../odd-answers.ts';

type Customer = { _id: string; name: string; mobile: string; email: string; segment: string; created_at: string };
type Task = { _id: string; customerId: string; body: Record<string, unknown>; created_at: string };

const customerBody = z.object({
  mobile: z.string().regex(/^\d{10,15}$/),
  name: z.string().optional(),
  email: z.string().optional(),
  segment: z.string().optional(),
});
const taskBody = z.looseObject({ customerId: z.string(), title: z.string(), description: z.string() });

/**
 * Simulates Talking Shops as far as its API is known: a key in `x-tenant-api-key`, pages, a search that matches any
 * part of a name or number, a rate limit per tenant and minute, and no idempotency. It writes a log of its own.
 */
export function crmApp(options: {
  apiKey: string;
  requestsPerMinute: number;
  log: (line: Record<string, unknown>) => void;
  faults: () => HeldFaults['crm'];
  odd: OddAnswers;
}): Hono {
  const { log, faults } = options;
  const customers: Customer[] = [];
  const tasks: Task[] = [];
  let minute = { began: 0, requests: 0 };
  const app = new Hono();

  app.use('*', async (c, next) => {
    if (c.req.header('x-tenant-api-key') !== options.apiKey)
      return c.json({ success: false, message: 'Unauthorized' }, 401);
    const now = Date.now();
    if (now - minute.began >= 60_000) minute = { began: now, requests: 0 };
    if (++minute.requests > options.requestsPerMinute) {
      return c.json({ success: false, message: 'Too many requests' }, 429, {
        'retry-after': String(Math.ceil((minute.began + 60_000 - now) / 1_000)),
      });
    }
    const { status, retryAfterSeconds, slowMs } = faults();
    if (slowMs !== undefined) await wait(slowMs);
    if (status !== undefined) {
      const headers: Record<string, string> =
        retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return new Response(JSON.stringify({ success: false, message: 'simulated fault' }), { status, headers });
    }
    const operation = toOperation(c.req.method, c.req.path);
    const body = c.req.method === 'POST' ? await c.req.text() : '';
    const odd = options.odd.next(operation, `${c.req.url} ${body}`);
    if (odd === undefined) return next();
    log({ event: 'answered', operation, fault: odd.says });
    return odd.response;
  });

  app.get('/customers', (c) => {
    const term = c.req.query('searchTerm') ?? '';
    const until = Date.now() - (faults().searchLagMs ?? 0);
    const found = customers.filter(
      (customer) =>
        [customer.name, customer.mobile, customer.email].some((text) => text.includes(term)) &&
        Date.parse(customer.created_at) <= until,
    );
    return c.json({ success: true, ...page(c, found) });
  });
  app.post('/customers', async (c) => {
    const given = customerBody.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return c.json({ success: false, message: 'mobile is required' }, 400);
    const { mobile, name = '', email = '', segment = '' } = given.data;
    const known = customers.find((customer) => customer.mobile === mobile);
    if (faults().uniqueMobiles === true && known !== undefined)
      return c.json({ success: false, message: `Customer already exists. Existing ID: ${known._id}` }, 409);
    const customer = { _id: objectId(), mobile, name, email, segment, created_at: new Date().toISOString() };
    customers.push(customer);
    log({ event: 'customer.created', id: customer._id, mobile });
    return c.json({ success: true, message: 'Customer created', customerId: customer._id }, 201);
  });

  app.post('/tasks', async (c) => {
    const given = taskBody.safeParse(await c.req.json().catch(() => undefined));
    const { refuseTasks, falseSuccess, dropAfterCreate } = faults();
    if (refuseTasks === true || !given.success) return c.json({ success: false, message: 'Validation failed' }, 422);
    if (falseSuccess === true) return c.json({ success: false, message: 'Internal error' }, 200);
    const { customerId } = given.data;
    if (!customers.some((customer) => customer._id === customerId))
      return c.json({ success: false, message: 'No such customer' }, 404);
    const task = { _id: objectId(), customerId, body: given.data, created_at: new Date().toISOString() };
    tasks.push(task);
    const room = /\[leadline:([^\]]+)\]/.exec(JSON.stringify(given.data))?.[1];
    log({ event: 'task.created', id: task._id, customerId, ...(room === undefined ? {} : { room }) });
    if (dropAfterCreate === true) socketOf(c).destroy();
    return c.json({ success: true, message: 'Task created', taskId: task._id }, 201);
  });
  const listed = (task: Task): Record<string, unknown> => ({
    ...task.body,
    _id: task._id,
    created_at: task.created_at,
  });
  app.get('/tasks', (c) => c.json({ success: true, ...page(c, tasks.map(listed)) }));
  app.get('/tasks/customer/:customerId', (c) =>
    c.json({
      success: true,
      ...page(c, tasks.filter((task) => task.customerId === c.req.param('customerId')).map(listed)),
    }),
  );
  return app;
}

/** A page of rows, by `page` and `limit` (1 to 100, default 10). */
function page(c: Context, all: unknown[]): Record<string, unknown> {
  const limit = Math.min(100, Math.max(1, Number(c.req.query('limit') ?? 10) || 10));
  const number = Math.max(1, Number(c.req.query('page') ?? 1) || 1);
  const data = all.slice((number - 1) * limit, number * limit);
  return { data, pagination: { page: number, limit, total: all.length, totalPages: Math.ceil(all.length / limit) } };
}

function objectId(): string {
  return randomBytes(12).toString('hex');
}

function toOperation(method: string, path: string): string {
  if (method === 'GET') return path.includes('/tasks') ? 'find_task' : 'find_customer';
  return path.endsWith('/tasks') ? 'create_task' : 'create_customer';
}

export const crmWords = {
  errorRow: { success: false, message: 'Tenant is suspended' },
  errorText: 'upstream connect error',
  notYet: { status: 425, json: { success: false, message: 'Still being imported' } },
  refused: { status: 422, json: { success: false, message: 'Validation failed' } },
  conflict: { success: false, message: 'Customer already exists.' },
};
