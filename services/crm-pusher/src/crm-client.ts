import { cutText } from '@leadline/contracts/cut-text';
import { inSpan, noteOnSpan, type SpanOptions } from '@leadline/tracing/span';
import { BrokenCircuitError, bulkhead, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel';
import { z } from 'zod';
import type { Config } from './config.ts';
import { decideAnswer, saysNothingFound, type CrmAnswer } from './decide-push.ts';
import type { Metrics } from './metrics.ts';
import type { CrmTask } from './to-crm-task.ts';

/** A client for the parts of Talking Shops' API that a push needs. Never throws: every failure is an answer. */
export type CrmClient = {
  findCustomer(mobile: string): Promise<CrmAnswer & { customerId?: string }>;
  createCustomer(customer: { mobile: string; name: string | null }): Promise<CrmAnswer & { customerId?: string }>;
  /** Searches all pages of the customer's tasks for one whose text holds the reference, and returns its id. */
  findTask(customerId: string, reference: string): Promise<CrmAnswer & { taskId?: string }>;
  createTask(task: CrmTask): Promise<CrmAnswer & { taskId?: string }>;
};

const operations = {
  find_customer: { method: 'GET', template: '/customers' },
  create_customer: { method: 'POST', template: '/customers' },
  find_task: { method: 'GET', template: '/tasks/customer/{customerId}' },
  create_task: { method: 'POST', template: '/tasks' },
} as const;
type Operation = keyof typeof operations;

/**
 * More pushes than this wait for each other: a CRM need not bear a burst of ours. Of eight pushes and four of the sweep, none
 * waits so long for slow answers that its message is delivered again.
 */
const requestsAtOnce = 4;
const maxNameCharacters = 200;
const pageSize = 100;
/** Stops searching a customer with more tasks than this, who can't be one person. */
const maxPages = 100;

const listed = z.object({ data: z.array(z.looseObject({ _id: z.string() })) });
const customerRow = z.looseObject({ _id: z.string(), mobile: z.string() });
const customerCreated = z.object({ customerId: z.string().min(1) });
const taskCreated = z.union([
  z.object({ taskId: z.string().min(1) }).transform(({ taskId }) => taskId),
  z.object({ _id: z.string().min(1) }).transform(({ _id }) => _id),
  z.object({ data: z.object({ _id: z.string().min(1) }) }).transform(({ data }) => data._id),
]);

export function crmClient(config: Config, fetcher: typeof fetch, metrics: Metrics): CrmClient {
  const budget = requestBudget(config.CRM_REQUESTS_PER_MINUTE);
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof Unreachable),
    { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) },
  );
  breaker.onStateChange((state) => metrics.breakerOpen.set(state === CircuitState.Closed ? 0 : 1));

  const inTurn = bulkhead(requestsAtOnce, Number.POSITIVE_INFINITY);
  const request = async (operation: Operation, path: string, body?: unknown): Promise<CrmAnswer> => {
    const waitMs = budget.take();
    if (waitMs > 0) return { kind: 'later', because: 'budget_spent', afterMs: waitMs };
    const answer = await inTurn.execute(() => ask(operation, path, body));
    if (answer === undefined) return { kind: 'later', because: 'breaker_open', afterMs: 10_000 };
    metrics.requests.inc({ operation, answer: answer.kind });
    return answer;
  };
  /** Undefined while the breaker is open: nothing was sent. */
  const ask = async (operation: Operation, path: string, body: unknown): Promise<CrmAnswer | undefined> => {
    try {
      return await breaker.execute(async () => {
        const stop = metrics.seconds.startTimer();
        const response = await inSpan(...toSpan(operation, config), async () => {
          const sent = await send({ config, fetcher }, operation, path, body);
          noteOnSpan({ 'http.response.status_code': sent.status });
          return sent;
        }).finally(stop);
        if (response.status >= 500) throw new Unreachable({ kind: 'unclear', because: `http_${response.status}` });
        const what = operation === 'find_task' ? 'task' : 'customer';
        if (isSearch(operation) && (response.status === 204 || saysNothingFound(response, what)))
          return { kind: 'ok' as const, body: { data: [] } };
        return decideAnswer(response);
      });
    } catch (error) {
      if (error instanceof BrokenCircuitError) return undefined;
      return error instanceof Unreachable ? error.answer : { kind: 'unclear', because: 'unreadable_answer' };
    }
  };

  /** Reads the pages of a list until it finds something or the list ends. */
  const search = async (
    operation: Operation,
    path: string,
    found: (row: unknown) => string | undefined,
  ): Promise<CrmAnswer & { id?: string }> => {
    for (let page = 1; page <= maxPages; page++) {
      const answer = await request(operation, `${path}${path.includes('?') ? '&' : '?'}page=${page}&limit=${pageSize}`);
      // A refused search is not about this call: our address or our account is wrong.
      if (answer.kind === 'refused' || answer.kind === 'conflict')
        return { kind: 'later', because: `http_${answer.status}`, afterMs: 60_000 };
      if (answer.kind !== 'ok') return answer;
      const list = listed.safeParse(answer.body);
      if (!list.success) return { kind: 'unclear', because: 'unreadable_list' };
      const id = list.data.data.map(found).find((customerId) => customerId !== undefined);
      if (id !== undefined) return { ...answer, id };
      if (list.data.data.length < pageSize) return answer;
    }
    return { kind: 'unclear', because: 'list_without_end' };
  };

  return {
    async findCustomer(mobile) {
      // The search matches any part of a name or number, so compare the whole number.
      const answer = await search('find_customer', `/customers?searchTerm=${encodeURIComponent(mobile)}`, (row) => {
        const customer = customerRow.safeParse(row);
        return customer.success && customer.data.mobile.replaceAll(/\D/g, '') === mobile
          ? customer.data._id
          : undefined;
      });
      return 'id' in answer && answer.id !== undefined ? { ...answer, customerId: answer.id } : answer;
    },
    async createCustomer({ mobile, name }) {
      const answer = await request('create_customer', '/customers', {
        mobile,
        ...(name === null ? {} : { name: cutText(name, maxNameCharacters) }),
        ...(config.CRM_CUSTOMER_SEGMENT === undefined ? {} : { segment: config.CRM_CUSTOMER_SEGMENT }),
      });
      // This 404 does not mean that nobody was found: our address is wrong.
      if (answer.kind === 'refused' && answer.status === 404)
        return { kind: 'later', because: 'http_404', afterMs: 60_000 };
      if (answer.kind !== 'ok') return answer;
      const created = customerCreated.safeParse(answer.body);
      return created.success
        ? { ...answer, customerId: created.data.customerId }
        : { kind: 'unclear', because: 'customer_without_id' };
    },
    async findTask(customerId, reference) {
      const answer = await search('find_task', `/tasks/customer/${encodeURIComponent(customerId)}`, (row) => {
        const task = z.looseObject({ _id: z.string() }).safeParse(row);
        return task.success && JSON.stringify(task.data).includes(reference) ? task.data._id : undefined;
      });
      return 'id' in answer && answer.id !== undefined ? { ...answer, taskId: answer.id } : answer;
    },
    async createTask(task) {
      const answer = await request('create_task', '/tasks', task);
      if (answer.kind !== 'ok') return answer;
      const created = taskCreated.safeParse(answer.body);
      return created.success ? { ...answer, taskId: created.data } : { kind: 'unclear', because: 'task_without_id' };
    },
  };
}

function isSearch(operation: Operation): boolean {
  return operations[operation].method === 'GET';
}

/**
 * Puts only the address' template into the span: a search's query is a phone number. We send the CRM no trace header.
 */
function toSpan(operation: Operation, config: Config): [name: string, options: SpanOptions] {
  const { method, template } = operations[operation];
  const attributes = {
    'http.request.method': method,
    'url.template': template,
    'server.address': new URL(config.CRM_URL).hostname,
  };
  return [`${method} ${template}`, { kind: 'client', attributes }];
}

/** The CRM is down or its answer is unclear. The breaker counts these. */
class Unreachable extends Error {
  override name = 'Unreachable';
  readonly answer: CrmAnswer;
  constructor(answer: CrmAnswer) {
    super('the CRM can not be reached');
    this.answer = answer;
  }
}

async function send(
  { config, fetcher }: { config: Config; fetcher: typeof fetch },
  operation: Operation,
  path: string,
  body: unknown,
): Promise<{ status: number; retryAfterMs: number | undefined; body: unknown }> {
  try {
    const response = await fetcher(`${config.CRM_URL.replace(/\/$/, '')}${path}`, {
      method: operations[operation].method,
      headers: { 'x-tenant-api-key': config.CRM_API_KEY, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(config.CRM_TIMEOUT_SECONDS * 1_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      retryAfterMs: retryAfter(response.headers.get('retry-after')),
      body: readJson(text),
    };
  } catch (error) {
    throw new Unreachable({ kind: 'unclear', because: error instanceof Error ? error.name : 'network' });
  }
}

function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 1_000), 3_600_000);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Allows so many requests in any 60 seconds. `take` returns 0 and counts one, or returns how long to wait. */
function requestBudget(perMinute: number): { take(): number } {
  const taken: number[] = [];
  return {
    take() {
      const now = performance.now();
      while (taken[0] !== undefined && now - taken[0] >= 60_000) taken.shift();
      if (taken.length >= perMinute) return Math.ceil(60_000 - (now - (taken[0] ?? now)));
      taken.push(now);
      return 0;
    },
  };
}
