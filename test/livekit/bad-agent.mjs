// An agent that does everything wrong that `leadline agent check` looks for. Run where the Node example's packages are.
import { connectAgent } from '@leadline/agent-kit/connect-agent';
import { cli, defineAgent, ServerOptions } from '@livekit/agents';
import { RoomEvent } from '@livekit/rtc-node';
import { fileURLToPath } from 'node:url';

const { env } = process;

export default defineAgent({
  async entry(ctx) {
    await ctx.connect();
    // A worker without a name is sent to every room, and is told nothing.
    if (ctx.job.metadata === '') return;
    const { room, mode } = JSON.parse(ctx.job.metadata);
    const leadline = await connectAgent({ url: env.NATS_URL, user: env.NATS_USER, pass: env.NATS_PASS });
    // It takes the phone's joining for its answer, and each disconnect for the end; it stays, and never hangs up.
    ctx.room.on(RoomEvent.ParticipantConnected, () => leadline.qualified(room, mode, { budget: 'guessed' }));
    ctx.room.on(RoomEvent.ParticipantDisconnected, async () => {
      await leadline.ended(room, { by: 'callee' });
      await leadline.ended(room, { by: 'error' });
    });
  },
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  cli.runApp(
    new ServerOptions({
      agent: fileURLToPath(import.meta.url),
      agentName: env.AGENT_NAME,
      host: '127.0.0.1',
      port: Number(env.WORKER_PORT),
      numIdleProcesses: 1,
      loadFunc: async () => 0,
    }),
  );
}
