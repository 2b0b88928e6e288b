import { storeMessage } from '@leadline/messaging/stored-message';
import { freePort } from '@leadline/servers/free-port';
import { endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leadlineCommand, type LeadlineCommand } from './leadline-command.ts';
import { numberEnding, startSystem, type System } from './system.ts';
import { findText } from './find-text.ts';

type Service = 'ingest' | 'call-tracker' | 'dispatcher';

let system: System;
let leadline: LeadlineCommand;
let inThisProcess: Map<Service, System['services'][number]>;
const running = new Map<Service, ChildProcess>();

beforeAll(async () => {
  system = await startSystem({ overrides: { ingest: { PORT: String(await freePort()) } } });
  const [ingest, dispatcher, callTracker] = system.services;
  if (ingest === undefined || dispatcher === undefined || callTracker === undefined) throw new Error('a service lacks');
  inThisProcess = new Map([
    ['ingest', ingest],
    ['dispatcher', dispatcher],
    ['call-tracker', callTracker],
  ]);
  leadline = leadlineCommand(system.nats);
  await system.startDashboard();
});
afterAll(async () => {
  for (const child of running.values()) child.kill('SIGKILL');
  await system.stop();
});

/** The service as a process of its own, to be killed; in place of the one in this process the first time. */
async function startProcess(service: Service): Promise<ChildProcess> {
  const replaced = inThisProcess.get(service);
  if (replaced !== undefined) {
    inThisProcess.delete(service);
    system.services.splice(system.services.indexOf(replaced), 1);
    await replaced.stop();
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, '../faults/service-process.ts'), service], {
    env: { PATH: process.env['PATH'], ...system.settingsOf(service), LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  endWithUs(child);
  running.set(service, child);
  await until(
    `${service} answers`,
    async () => (await leadline.run('erase', '90000 00999', ...by, '--dry-run')).code === 0,
  );
  return child;
}
const by = ['--reason', 'asked by mail'];

/** A person who was called, and all that is kept of them: the agent's report, a dead letter of one, a refused delivery. */
async function callSomebody(nth: number) {
  const number = numberEnding('042');
  const words = [`Bhanumati${nth}`, `bhanu${nth}@example.in`, `Rameswaram${nth}`, `Ooty${nth}`, number.slice(-10)];
  const [name, email, place, lost] = words;
  const lead = await system.post(number, { name, email });
  const { call_room: room, crm_task_id: task } = await system.callIs(lead, 'pushed');
  const report = (payload: string) =>
    storeMessage(system.ops, {
      subject: 'agent.qualified',
      stream: 'AGENT',
      messageId: randomUUID(),
      headers: {
        'ce-specversion': '1.0',
        'ce-id': randomUUID(),
        'ce-type': 'agent.qualified',
        'ce-source': 'agent',
        'ce-subject': room,
        'ce-time': new Date().toISOString(),
      },
      payload,
    });
  const said = (location: unknown): string => JSON.stringify({ room, mode: 'sarvam', qualification: { location } });
  await report(said(place));
  // Cut off on its way: no JSON any more.
  await report(said(lost).slice(0, -2));
  await expect(system.post(number, { name: '', message: name })).rejects.toThrow('HTTP 422');
  await until('it is stored, and set aside by both that read such reports', async () => {
    const [kept] = await system.calls(lead);
    const dead = await leadline.run('tail', 'dlq', '--last', '1000', '--no-follow', '-o', 'raw');
    return kept?.qualification?.['location'] === place && dead.out.split(lost ?? '').length > 2;
  });
  return { number, words, place: place ?? '', lead, task: task ?? '' };
}

/** What each service changes last, or after the streams. */
const middleOf: Record<Service, string> = {
  ingest: `on leads for each row when (new.phone = 'erased')`,
  'call-tracker': `on calls for each row when (old.qualification is not null and new.qualification is null)`,
  dispatcher: `on dials for each row when (new.phone = 'erased')`,
};

/** Stops a service there, the second time that it comes by: the first is the rehearsal. */
async function stopInTheMiddle(service: Service): Promise<{ isThere(): Promise<boolean>; goOn(): Promise<void> }> {
  const client = new Client({ connectionString: system.db.url });
  await client.connect();
  await client.query(`select pg_advisory_lock(99, 0)`);
  await system.db.query(
    `create sequence comes_by;
     create function stop_here() returns trigger language plpgsql security definer as $$
       begin
         if nextval('comes_by') = 2 then perform pg_advisory_xact_lock(99, 0); end if;
         return new;
       end $$;
     create trigger stop_here before update ${middleOf[service]} execute function stop_here()`,
  );
  return {
    isThere: async () =>
      (await system.db.query(`select from pg_locks where locktype = 'advisory' and classid = 99 and not granted`))
        .length > 0,
    async goOn() {
      await client.end();
      await system.db.query(`drop function stop_here cascade; drop sequence comes_by`);
    },
  };
}

let people = 0;

test.for([
  ['ingest', 'ingest', ['calls', 'streams']],
  ['call-tracker', 'call-tracker', ['calls']],
  ['call-tracker', 'the command', ['calls']],
  ['dispatcher', 'dispatcher', []],
] as const)('while %s erases, %s is killed: asking again finishes it', async ([service, killed, kept]) => {
  const person = await callSomebody(++people);
  const child = running.get(service) ?? (await startProcess(service));
  const middle = await stopInTheMiddle(service);
  const command = leadline.start('erase', person.number, ...by, '--yes');
  // A service waits for a lock for a while only: it has failed in the middle then, which is as good.
  await until('it is in the middle', async () => command.hasEnded() || (await middle.isThere()));
  if (killed !== 'the command') {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    running.delete(service);
  }
  const { out } = await command.end('SIGKILL');
  await middle.goOn();
  if (service !== 'ingest') expect(out).toContain('erased of ingest: 1 leads');
  // The number leaves the calls last: whoever reads no further than this knows what the CRM holds.
  if (service === 'dispatcher') expect(out).toContain(`task ${person.task}`);
  if (killed !== 'the command') {
    expect(await findText(person.number.slice(-10), system, leadline)).toContain('calls');
    expect(await findText(person.place, system, leadline)).toEqual(kept);
    await startProcess(service);
  }

  const again = await leadline.run('erase', person.number, ...by, '--yes');
  expect([again.code, again.err]).toEqual([0, '']);
  expect(again.out).toContain(service === 'ingest' ? 'erased of ingest: 1 leads' : 'ingest erased it before, at ');
  expect(again.out).toContain('erased of dispatcher: 1 calls');
  expect(again.out).toContain(`task ${person.task}`);
  for (const word of person.words) expect([word, await findText(word, system, leadline)]).toEqual([word, []]);
  const tombstones = await system.db.query(`select from erased_numbers where phone_hash = leadline_phone_hash($1)`, [
    person.number,
  ]);
  expect(tombstones).toHaveLength(1);
  expect((await system.calls(person.lead)).map(({ status }) => status)).toEqual(['pushed']);
  const more = await leadline.run('erase', person.number, ...by, '--yes');
  expect(more.out).toContain('nothing to erase for this number');
});
