import { connectAgent, type End } from '@leadline/agent-kit/connect-agent';
import { resolveWhen } from '@leadline/agent-kit/resolve-when';
import { cli, defineAgent, llm, ServerOptions, voice, type JobContext } from '@livekit/agents';
import { DisconnectReason, RoomEvent, type Participant, type Room } from '@livekit/rtc-node';
import { RoomServiceClient } from 'livekit-server-sdk';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { detectorPrompt, openModels, toInstructions } from './models.ts';

const { env } = process;
/** How long the person may be away before it counts as the end: LiveKit and its bridge take seconds to connect anew. */
const awayMs = 15_000;

/** The phone leg: when it is there, whether the person answered, and who ended it. */
function watchPhone(room: Room, identity: string) {
  const joined = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<boolean>();
  const left = Promise.withResolvers<'callee' | 'error'>();
  let away: NodeJS.Timeout | undefined;
  const end = (by: 'callee' | 'error'): void => (joined.resolve(), answered.resolve(false), left.resolve(by));
  const see = (participant: Participant): void => {
    if (participant.identity !== identity) return;
    clearTimeout(away);
    joined.resolve();
    const { 'sip.callStatus': status, 'sip.callTag': tag } = participant.attributes;
    // The tag comes with the answer and stays. The status goes back to `dialing` when the bridge has to join again.
    if (status === 'active' || (tag ?? '') !== '') answered.resolve(true);
  };
  room.on(RoomEvent.ParticipantConnected, see);
  room.on(RoomEvent.ParticipantAttributesChanged, (_, participant) => see(participant));
  room.on(RoomEvent.ParticipantDisconnected, (participant) => {
    if (participant.identity !== identity) return;
    const { UNKNOWN_REASON, DUPLICATE_IDENTITY } = DisconnectReason;
    // Without a reason, or replaced by itself: the person may still be on the line.
    const isLoss = [undefined, UNKNOWN_REASON, DUPLICATE_IDENTITY].includes(participant.disconnectReason);
    clearTimeout(away);
    if (isLoss) away = setTimeout(() => end('error'), awayMs);
    else end('callee');
  });
  room.on(RoomEvent.Disconnected, () => end('error'));
  for (const participant of room.remoteParticipants.values()) see(participant);
  return { joined: joined.promise, answered: answered.promise, left: left.promise };
}

async function entry(ctx: JobContext): Promise<void> {
  const job = JSON.parse(ctx.job.metadata);
  const { room, mode, takeover } = job;
  const identity = `phone-${room}`;
  const { NATS_URL = '', NATS_USER = 'agent', NATS_PASS = '' } = env;
  const leadline = await connectAgent({ url: NATS_URL, user: NATS_USER, pass: NATS_PASS });
  // The last word: also when the worker is stopped in mid-call. Nobody answered: there is nothing to tell.
  let end: End | undefined;
  ctx.addShutdownCallback(async () => {
    if (end !== undefined) await leadline.ended(room, end);
    await leadline.close();
  });
  await ctx.connect();
  const phone = watchPhone(ctx.room, identity);

  const models = await openModels();
  const session = new voice.AgentSession(models.session);
  const hangUp = async (told: Omit<End, 'by'>): Promise<void> => {
    end = { ...end, ...told, by: 'agent' };
    const speech = session.generateReply({ instructions: 'Say goodbye in one short sentence.', toolChoice: 'none' });
    await Promise.race([speech.waitForPlayout(), wait(8_000)]);
    const rooms = new RoomServiceClient(env.LIVEKIT_URL ?? '', env.LIVEKIT_API_KEY, env.LIVEKIT_API_SECRET);
    // The person may be quicker: then the leg is not found.
    await rooms.removeParticipant(ctx.room.name ?? room, identity).catch(() => undefined);
  };

  const tools = {
    save_answers: llm.tool({
      description: 'Save what the person said, each time they say something new. Values are short texts.',
      parameters: job.answers ?? { type: 'object', additionalProperties: { type: 'string' } },
      execute: async (answers: Record<string, unknown>) => {
        await leadline.qualified(room, mode, answers);
        return 'saved';
      },
    }),
    request_callback: llm.tool({
      description:
        'The person wants to be called at another time. Read the time back, then call this again as confirmed.',
      parameters: z.object({ words: z.string().describe('the time in their own words'), confirmed: z.boolean() }),
      execute: async ({ words, confirmed }) => {
        const when = resolveWhen(words, new Date(), job.zone ?? 'Asia/Kolkata');
        if (when.kind === 'none') return 'not a time: ask again';
        if (when.kind === 'readings')
          return `ask which: ${when.readings.map(({ at }) => at.toISOString()).join(' or ')}`;
        const { at, precision } = when;
        await leadline.callbackRequested(room, { words, at, precision, confirmed });
        return `${at.toISOString()}; we call at these hours only: ${JSON.stringify(job.openings ?? [])}`;
      },
    }),
    never_call_again: llm.tool({
      description: 'The person never wants to be called again. It ends the call.',
      execute: async () => {
        // At once, for a killed agent has no last word.
        await leadline.qualified(room, mode, { do_not_call: 'yes' });
        void hangUp({ doNotCall: true, disposition: 'do_not_call' });
      },
    }),
    end_call: llm.tool({
      description: 'Say goodbye and hang up, when everything is said.',
      parameters: z.object({
        disposition: z.string().describe('interested, not_interested, wrong_number, language_barrier, call_later …'),
        language: z.string().nullish().describe('the language they want, if it is not yours'),
      }),
      execute: async ({ disposition, language = null }) => void hangUp({ disposition, language }),
    }),
  };
  await session.start({
    agent: new voice.Agent({ instructions: toInstructions(job), tools }),
    room: ctx.room,
    inputOptions: { participantIdentity: identity, closeOnDisconnect: false },
  });
  await leadline.ready(room);

  // Who answered: it listens from the phone's first sound on, and gives up 5 s after its start without one.
  await phone.joined;
  const detector = new voice.AMD(session, {
    llm: models.classifier,
    participantIdentity: identity,
    noSpeechTimeoutMs: 2_500,
    waitUntilFinished: false,
    prompt: detectorPrompt,
    suppressCompatibilityWarning: true,
  });
  const verdict = takeover === undefined ? detector.execute().catch(() => undefined) : Promise.resolve(undefined);
  if (!(await phone.answered)) return ctx.shutdown('nobody answered');
  end = { by: 'error' };
  const startedAt = performance.now();
  void phone.left.then((by) => {
    if (end?.by !== 'agent') end = { ...end, by };
    ctx.shutdown('the call is over');
  });

  // After a restart of the server its status may never say `active`: our own ceiling ends the wait.
  const who = await Promise.race([verdict, phone.left, wait(25_000)]);
  await detector.aclose().catch(() => undefined);
  if (typeof who === 'object') {
    const { MACHINE_VM, MACHINE_UNAVAILABLE } = voice.AMDCategory;
    const leaves = who.category === MACHINE_VM && job.messageLeft !== true;
    const afterMs = Math.round(performance.now() - startedAt);
    await leadline.answeredBy(room, { category: who.category, afterMs, detail: who.reason, messageLeft: leaves });
    if (leaves) await session.generateReply({ instructions: 'Leave a message: who called, and why.' }).waitForPlayout();
    if (who.category === MACHINE_VM || who.category === MACHINE_UNAVAILABLE)
      return hangUp({ disposition: 'no_conversation' });
  }
  session.generateReply({
    instructions: takeover === undefined ? 'Greet: say who calls and why.' : 'Excuse the break in the line, and go on.',
  });
}

export default defineAgent({ entry });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const most = Number(env.CALLS_AT_ONCE ?? 4);
  cli.runApp(
    new ServerOptions({
      agent: fileURLToPath(import.meta.url),
      // A worker without a name is sent to every room.
      agentName: env.AGENT_NAME || 'leadline-agent',
      host: env.WORKER_HOST ?? '127.0.0.1',
      port: Number(env.WORKER_PORT ?? 8089),
      numIdleProcesses: Number(env.IDLE_PROCESSES ?? 2),
      // Worker and server both pass over a worker at 0.7 or more: that is reached with so many calls, whatever the CPU does.
      loadThreshold: 0.7,
      loadFunc: async (worker) => (0.7 * worker.activeJobs.length) / most,
    }),
  );
}
