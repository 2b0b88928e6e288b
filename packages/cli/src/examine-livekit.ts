import { health } from '@leadline/contracts/commands/health';
import { rehearsalRoomName } from '@leadline/contracts/room-name';
import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { toFaultWords } from '@leadline/telephony/livekit';
import { openRehearsal, type AgentInRoom, type Rehearsal } from '@leadline/telephony/rehearsal';
import { readServerVersion } from '@leadline/telephony/server-version';
import { openTrunks, type Trunk } from '@leadline/telephony/trunks';
import { tryBridge, type BridgeAnswer } from '@leadline/telephony/try-bridge';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { bad, good, note, type Finding } from './finding.ts';
import { judgeAgent, type AgentTrial } from './judge-agent.ts';
import type { LiveKitLogin } from './with-livekit.ts';

export type LiveKitQuestion = {
  login: LiveKitLogin;
  agentName: string;
  /** Undefined: every trunk is named. */
  trunkId: string | undefined;
  waitMs: number;
};

const lookEachMs = 200;
/** By then an unnamed worker that runs has come. */
const unnamedWithinMs = 3_000;
const webhookWithinMs = 8_000;
/** Servers whose faults hurt our calls, with what happens. */
const knownFaults: Record<string, string> = {
  // https://github.com/livekit/livekit/issues/4269
  '1.9.11': 'it cuts a waiting dial off after seconds and sends it again',
};

/** Tries all that a call needs but the phone, and shows each finding as it comes. Its rooms are deleted in the end. */
export async function examineLiveKit(
  nats: Nats,
  asked: LiveKitQuestion,
  show: (finding: Finding) => void,
): Promise<void> {
  const { login, agentName } = asked;
  const rehearsal = openRehearsal(login);
  const newRoom = (): string => rehearsalRoomName(randomBytes(6).toString('hex'));
  // Into a room that is made without an agent LiveKit sends every worker that has no name.
  const [room, bare] = [newRoom(), newRoom()];
  const startedAt = Date.now();
  try {
    await rehearsal.open(room, { name: agentName, metadata: toJob(room) });
  } catch (error) {
    show(bad('LiveKit', toFaultWords(error), 'without it no call is placed'));
    return;
  }
  try {
    show(toVersion(login.url, await readServerVersion(login, room)));
    for (const finding of await examineTrunks(asked)) show(finding);
    await rehearsal.open(bare).catch(() => undefined);
    for (const finding of judgeAgent(await tryAgent(rehearsal, { room, bare, startedAt }, asked))) show(finding);
    show(bridgeFindings[await tryBridge(login, bare)]);
  } finally {
    await Promise.all([room, bare].map((name) => rehearsal.close(name).catch(() => undefined)));
  }
  show(await awaitWebhook(nats, startedAt));
}

function toVersion(url: string, version: string | undefined): Finding {
  if (version === undefined) return good('LiveKit', `${url}, accepts the key; it does not tell its version`);
  const fault = knownFaults[version];
  return fault === undefined
    ? good('LiveKit', `server ${version} at ${url}, accepts the key`)
    : bad('LiveKit', `server ${version} at ${url}: ${fault}`, 'use another version (docs/operate/livekit.md)');
}

async function examineTrunks({ login, trunkId }: LiveKitQuestion): Promise<Finding[]> {
  let trunks: Trunk[];
  try {
    trunks = await openTrunks(login).list();
  } catch (error) {
    // The server has no SIP service without Redis.
    return [bad('trunk', toFaultWords(error), 'trunks need LiveKit with Redis, and a key that may administer SIP')];
  }
  const found = trunkId === undefined ? trunks : trunks.filter(({ id }) => id === trunkId);
  if (found.length === 0)
    return [
      bad(
        'trunk',
        trunkId === undefined ? 'LiveKit knows no outbound trunk' : `LiveKit knows no outbound trunk ${trunkId}`,
        'leadline livekit trunk create, or set SIP_TRUNK_ID to one of leadline livekit trunk list',
      ),
    ];
  return found.map(({ id, address, numbers, user }) =>
    numbers.length === 0
      ? note('trunk', `${id} leads to ${address}, and has no number`, 'set CALLER_ID, or make it anew with --number')
      : good('trunk', `${id} leads to ${address}${user === '' ? '' : ` as ${user}`}, with ${numbers.join(', ')}`),
  );
}

async function tryAgent(
  rehearsal: Rehearsal,
  { room, bare, startedAt }: { room: string; bare: string; startedAt: number },
  { agentName, waitMs }: LiveKitQuestion,
): Promise<AgentTrial> {
  const sinceMs = (): number => Date.now() - startedAt;
  let agents: AgentInRoom[] = [];
  let cameAfterMs: number | null = null;
  while (cameAfterMs === null && sinceMs() < waitMs) {
    await wait(lookEachMs);
    agents = await rehearsal.agents(room).catch(() => agents);
    if (agents.some(({ name, isActive }) => name === agentName && isActive)) cameAfterMs = sinceMs();
  }
  const waitedMs = sinceMs();
  if (waitedMs < unnamedWithinMs) await wait(unnamedWithinMs - waitedMs);
  const isMissing = cameAfterMs === null;
  const [uninvited, isTaken, busyIn] = await Promise.all([
    rehearsal.agents(bare).catch(() => []),
    isMissing ? rehearsal.isJobTaken(room, agentName).catch(() => false) : false,
    isMissing ? rehearsal.countRoomsWith(agentName, room).catch(() => 0) : 0,
  ]);
  const strangers = agents.filter(({ name }) => name !== agentName).map(({ name }) => name);
  return { agentName, cameAfterMs, waitedMs, isTaken, busyIn, strangers, isUnnamedThere: uninvited.length > 0 };
}

const bridgeFindings: Record<BridgeAnswer, Finding> = {
  answers: good('SIP bridge', 'answers; whether the trunk works shows only a call'),
  none: bad('SIP bridge', 'does not answer', 'start it, with the Redis and the key of LiveKit’s server'),
  no_redis: bad('SIP bridge', 'cannot be reached: LiveKit has no Redis', 'give server and bridge the same Redis'),
  unclear: note(
    'SIP bridge',
    'only a call shows whether it works',
    'send one lead with your own number (docs/operate/livekit.md)',
  ),
};

/** The room's own webhooks must reach the call-tracker: some replica tells of one since then. */
async function awaitWebhook(nats: Nats, startedAt: number): Promise<Finding> {
  const until = Date.now() + webhookWithinMs;
  let told: { lastAt: string | null; refusedAt: string | null } | undefined;
  for (;;) {
    try {
      const { webhooks, serviceTime } = await ask(nats, health['call-tracker'], { far: false });
      const skewMs = Date.parse(serviceTime) - Date.now();
      told = webhooks;
      const since = (at: string | null | undefined): boolean => Date.parse(at ?? '') - skewMs >= startedAt;
      if (since(told?.lastAt))
        return good('webhooks', 'LiveKit’s webhooks reach the call-tracker, signed with its key');
      if (since(told?.refusedAt))
        return bad(
          'webhooks',
          'reach the call-tracker, signed with a key that it does not have',
          'the api_key of the webhook lines must be its LIVEKIT_API_KEY: leadline livekit print-config',
        );
    } catch (error) {
      if (!(error instanceof CommandUnanswered) && !(error instanceof CommandRefused)) throw error;
      if (Date.now() >= until)
        return bad('webhooks', `the call-tracker does not answer (${error.message})`, 'leadline doctor');
    }
    if (Date.now() >= until) break;
    await wait(500);
  }
  if (told === undefined) return note('webhooks', 'this call-tracker does not tell of them', 'bring it up to date');
  return bad(
    'webhooks',
    `did not reach the call-tracker (${told.lastAt === null ? 'none since it started' : `the last one at ${told.lastAt}`})`,
    'put the lines of leadline livekit print-config into livekit.yaml, and see that LiveKit reaches that address',
  );
}

function toJob(room: string): string {
  return JSON.stringify({
    version: 1,
    room,
    callId: 0,
    leadId: 0,
    attempt: 1,
    mode: 'sarvam',
    name: 'Nobody',
    phone: '+910000000000',
    products: [],
    now: new Date().toISOString(),
    zone: 'Asia/Kolkata',
  });
}
