import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** One protection taken out of a copy of the tree, by exact text: a text that is not there any more is an error. */
export type Mutant = { name: string; edits: readonly { file: string; find: string; put: string }[] };

const dispatcher = 'services/dispatcher/src';
const noNumberInUse = [
  {
    file: `${dispatcher}/load-dial-facts.ts`,
    find: 'numberInUse: found.isHeld ? { until: found.heldUntil } : undefined,',
    put: 'numberInUse: found.isHeld && found.id < 0 ? { until: found.heldUntil } : undefined,',
  },
  {
    file: `${dispatcher}/decide-group.ts`,
    find: 'given.some(({ phone }) => phone === facts.phone)',
    put: "given.some(({ phone }) => phone === '')",
  },
];

export const mutants: readonly Mutant[] = [
  {
    name: 'dial before the intent commits',
    edits: [
      {
        file: `${dispatcher}/place-call.ts`,
        find: "  const token = await inSpan('await permit', {}, () => awaitPermit(claim, waits, deps));\n",
        put: `  const early = dial(claim, { token: await deps.livekit.signDialToken(), askedForCommitAt: performance.now() }, deps);
  const token = await awaitPermit(claim, waits, deps);\n`,
      },
      {
        file: `${dispatcher}/place-call.ts`,
        find: 'const told = await dial(claim, token, deps);',
        put: 'const told = await early;',
      },
    ],
  },
  { name: 'claim without its condition', edits: noNumberInUse },
  {
    name: 'ack before commit',
    edits: [
      {
        file: 'packages/messaging/src/consume/consume.ts',
        find: '        const decision = await decide(delivery, hands);\n',
        put: '        message.ack();\n        const decision = await decide(delivery, hands);\n',
      },
    ],
  },
  {
    name: 'publish outside the transaction',
    edits: [
      {
        file: 'services/crm-pusher/src/keep-push.ts',
        find: `    if (changed === 0) return;
    await enqueue(sql, 'crm-pusher', callPushed, {`,
        put: `    written = changed > 0;
  });
  if (written)
    await enqueue(deps.postgres.sql, 'crm-pusher', callPushed, {`,
      },
      {
        file: 'services/crm-pusher/src/keep-push.ts',
        find: `callId: push.id, taskId },
    });
  });
`,
        put: `callId: push.id, taskId },
    });
`,
      },
      {
        file: 'services/crm-pusher/src/keep-push.ts',
        find: `taskId: string, deps: Deps): Promise<void> {
`,
        put: `taskId: string, deps: Deps): Promise<void> {
  let written = false;
`,
      },
    ],
  },
  {
    name: 'a fresh message id per retry',
    edits: [
      {
        file: 'packages/messaging/src/outbox/publish-rows.ts',
        find: 'messageId: id,',
        put: 'messageId: `${id}-${performance.now()}`,',
      },
    ],
  },
  {
    name: 'relay by seq > last',
    edits: [
      {
        file: 'packages/messaging/src/outbox/relay.ts',
        find: 'where published_at is null and failed_at is null and aggregate <> all($1::text[])',
        put: "where published_at is null and failed_at is null and aggregate <> all($1::text[]) and seq > ${String((globalThis as Record<string, unknown>)['last'] ?? 0)}",
      },
      {
        file: 'packages/messaging/src/outbox/relay.ts',
        find: '      provedAt = askedAt;\n',
        put: "      provedAt = askedAt;\n      if (batch.length > 0) (globalThis as Record<string, unknown>)['last'] = batch.at(-1)?.seq;\n",
      },
    ],
  },
  {
    name: 'CRM without look-up',
    edits: [
      {
        file: 'services/crm-pusher/src/push-call.ts',
        find: "  const known = await crm.findTask(customerId, reference(push.callRoom ?? ''));\n",
        put: "  const known: CrmAnswer & { taskId?: string } = { kind: 'ok' };\n  reference(push.callRoom ?? '');\n",
      },
    ],
  },
  {
    name: 'default reconnect limit',
    edits: [
      {
        file: 'packages/messaging/src/connection/connect.ts',
        find: 'maxReconnectAttempts: -1,',
        put: 'maxReconnectAttempts: 10,',
      },
    ],
  },
  {
    name: 'a sweep that redials',
    edits: [
      {
        file: `${dispatcher}/settle-and-recover.ts`,
        find: "import type { Deps } from './deps.ts';\n",
        put: `import type { Deps } from './deps.ts';
import { rows } from '@leadline/database/sql';
import { z } from 'zod';
`,
      },
      {
        file: `${dispatcher}/settle-and-recover.ts`,
        find: '  if (await deps.generation.holds(deps.postgres.sql)) await revokeUnsentDials(deps, stopping);\n',
        put: `  await revokeUnsentDials(deps, stopping);
      const { livekit, policy } = deps;
      const silent = await rows(
        deps.postgres.sql,
        z.object({ callRoom: z.string(), phone: z.string() }),
        \`select c.call_room, c.phone from calls c join dials d on d.call_id = c.id left join call_facts f on f.call_id = c.id
          where c.status = 'calling' and d.sent_at < clock_timestamp() - interval '4 seconds' and f.dial_result is null\`,
        [],
      );
      for (const { callRoom: room, phone: number } of silent) {
        const token = await livekit.signDialToken();
        void livekit.dial({ token, number, room, trunkId: policy.trunkId, callerId: policy.callerId, ringSeconds: policy.ringSeconds, maxCallSeconds: policy.maxCallSeconds });
      }
`,
      },
    ],
  },
  {
    name: 'a retry that ignores the open call',
    edits: [
      ...noNumberInUse,
      {
        file: `${dispatcher}/list-due-leads.ts`,
        find: "and (c.status = 'calling' or (d.call_id is not null and d.decided_at is null)))",
        put: "and c.id < 0 and (c.status = 'calling' or (d.call_id is not null and d.decided_at is null)))",
      },
      {
        file: `${dispatcher}/decide-dial.ts`,
        find: "  if (facts.hasUndecidedCall) return { kind: 'not_due', reason: 'call_in_progress', until: null };\n",
        put: '',
      },
      {
        file: `${dispatcher}/claim-due-leads.ts`,
        find: '$2::timestamptz + ${claimedFor}',
        put: "$2::timestamptz + interval '1 second'",
      },
      {
        file: 'packages/database/src/migrations/0001-first-schema.ts',
        find: "'create unique index calls_one_open on",
        put: "'create index calls_one_open on",
      },
    ],
  },
  {
    name: 'a dial without permit',
    edits: [
      {
        file: `${dispatcher}/place-call.ts`,
        find: "  const token = await inSpan('await permit', {}, () => awaitPermit(claim, waits, deps));\n",
        put: '  if (claim.callId < 0) await awaitPermit(claim, waits, deps);\n  const token: DialToken | undefined = { token: await deps.livekit.signDialToken(), askedForCommitAt: performance.now() };\n',
      },
    ],
  },
  {
    name: 'a leg’s end that settles at once',
    edits: [
      {
        file: 'services/call-tracker/src/decide-settling.ts',
        find: '  if (legLeftAt === null) return wait();\n',
        put: '  if (legLeftAt === null) return wait();\n  if (facts.everAnswered) return { at: legLeftAt, waited: false };\n',
      },
    ],
  },
  {
    name: 'call-<id> alone as the outer name',
    edits: [
      {
        file: 'packages/contracts/src/room-name.ts',
        find: 'return `call-${callId}-${random}`;',
        put: "return random === '' ? random : `call-${callId}`;",
      },
    ],
  },
  {
    name: 'deaf to who asks while the last attempt rings',
    edits: [
      {
        file: `${dispatcher}/decide-retry.ts`,
        find: 'if (isUsedUp && !call.askedMeanwhile)',
        put: 'if (isUsedUp)',
      },
      {
        file: `${dispatcher}/heed-enquiries.ts`,
        find: "const madeGood = ['retries_used_up', 'too_old'];",
        put: 'const madeGood: string[] = [];',
      },
    ],
  },
  {
    name: 'a group permit that counts its members as before the group',
    edits: [
      {
        file: `${dispatcher}/decide-permits.ts`,
        find: 'mayRing(afterOthers(facts, given), now, policy)',
        put: 'mayRing(given.length < 0 ? afterOthers(facts, given) : facts, now, policy)',
      },
      {
        file: `${dispatcher}/decide-permits.ts`,
        find: 'firstDueInMs + given.length * policy.paceMs',
        put: 'firstDueInMs',
      },
    ],
  },
  {
    name: 'jitter on promises',
    edits: [
      {
        file: `${dispatcher}/decide-promise.ts`,
        find: "return { kind: 'promise', dueAt: nextOpening(policy.window, at, ringWindowMs(policy)) };",
        put: "const spread = new Date(at.getTime() - (at.getTime() % 10) * 1_000);\n  return { kind: 'promise', dueAt: nextOpening(policy.window, spread, ringWindowMs(policy)) };",
      },
    ],
  },
  {
    name: 'a promise that does not lift too_old',
    edits: [
      {
        file: `${dispatcher}/decide-dial.ts`,
        find: 'if (!isPromised && now.getTime() - wishedAt >',
        put: 'if (now.getTime() - wishedAt >',
      },
    ],
  },
  {
    name: 'a promise lost on put-back',
    edits: [
      {
        file: `${dispatcher}/decide-promise.ts`,
        find: "return dial.failedBefore < maxFailedDials ? { state: 'waiting' }",
        put: "return dial.failedBefore > maxFailedDials ? { state: 'waiting' }",
      },
    ],
  },
  {
    name: 'a promise rung after an opt-out',
    edits: [
      {
        file: `${dispatcher}/decide-dial.ts`,
        find: "  if (facts.doNotCall) return { kind: 'refuse', reason: 'do_not_call' };\n",
        put: "  if (facts.doNotCall && !isPromiseDue(facts, now, policy)) return { kind: 'refuse', reason: 'do_not_call' };\n",
      },
      {
        file: `${dispatcher}/decide-dial.ts`,
        find: "return then.kind === 'refuse' ? then :",
        put: "return then.kind === 'refuse' && then.reason !== 'do_not_call' ? then :",
      },
      {
        file: `${dispatcher}/decide-promise.ts`,
        find: "  if (lead.doNotCall) return { kind: 'refuse', because: 'do_not_call' };\n",
        put: '',
      },
      {
        file: `${dispatcher}/keep-promises.ts`,
        find: 'if (promise === null || call.endsBecause === null) return promise;',
        put: "if (promise === null || call.endsBecause !== 'wrong_number') return promise;",
      },
      {
        file: `${dispatcher}/decide-retry.ts`,
        find: 'if (call.isPromised && !call.doNotCall) return',
        put: 'if (call.isPromised) return',
      },
    ],
  },
];

/**
 * A copy of the services and packages with one protection taken out, below `folder`. What they depend on is the
 * repository's own.
 * @throws Error when a text to be replaced is not there exactly once
 */
export function makeMutant(mutant: Mutant, repository: string, folder: string): string {
  const notOurs = new Set(['.leadline', '.git', 'recordings']);
  for (const part of ['services', 'packages', 'test', 'package.json', 'tsconfig.base.json', 'pnpm-workspace.yaml']) {
    cpSync(join(repository, part), join(folder, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !notOurs.has(basename(path)),
    });
  }
  linkModules(repository, folder);
  for (const [file, text] of toMutated(mutant, repository)) writeFileSync(join(folder, file), text);
  return folder;
}

/** What is not ours is the repository's own; what is ours lies in the copy. */
function linkModules(repository: string, folder: string): void {
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(repository, 'node_modules')))
    if (name !== '@leadline') symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
  cpSync(join(repository, 'node_modules/@leadline'), join(folder, 'node_modules/@leadline'), {
    recursive: true,
    verbatimSymlinks: true,
  });
}

/** The files that it changes, as they are then. @throws Error when a text to be replaced is not there exactly once */
export function toMutated(mutant: Mutant, repository: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { file, find, put } of mutant.edits) {
    const text = texts.get(file) ?? readFileSync(join(repository, file), 'utf8');
    const times = text.split(find).length - 1;
    if (times !== 1) throw new Error(`mutant "${mutant.name}": ${file} holds its text ${times} times: ${find}`);
    texts.set(
      file,
      text.replace(find, () => put),
    );
  }
  return texts;
}
