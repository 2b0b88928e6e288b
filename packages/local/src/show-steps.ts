import { connectNats } from '@leadline/messaging/connect';
import { tail } from '@leadline/messaging/tail';
import { createLogger } from '@leadline/service-kit/logger';
import { z } from 'zod';
import { withoutEmpty, type NatsAccess } from './start-servers.ts';
import { toClock, toStepLine } from './to-step-line.ts';

/** Says what becomes of leads and calls, one line a step, from now on. */
export async function showSteps(
  access: { url: string; login: ReturnType<NatsAccess['user']> },
  say: (line: string) => void,
): Promise<{ stop(): Promise<void> }> {
  const nats = await connectNats({
    url: access.url,
    ...withoutEmpty(access.login),
    name: 'npm start',
    log: createLogger({ service: 'npm start', level: 'silent' }),
  });
  const since = new Date();
  const tails = (['LEADS', 'CALLS', 'DLQ'] as const).map((stream) =>
    tail(nats, stream, { since }, ({ subject, at, payload }) => {
      const data = z.record(z.string(), z.unknown()).safeParse(payload);
      const line =
        stream === 'DLQ' ? `a message is set aside as ${subject}` : toStepLine(subject, data.success ? data.data : {});
      if (line !== undefined) say(`${toClock(at)}  ${line}`);
    }),
  );
  return {
    async stop() {
      const stopping = Promise.all(tails.map((reading) => reading.stop()));
      // A server that is gone answers no tail: the connection's end ends them.
      if (!nats.isUp()) await nats.close();
      await stopping;
      await nats.close();
    },
  };
}
