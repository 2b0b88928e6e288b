import { connectNats } from '@leadline/messaging/connect';
import { tail } from '@leadline/messaging/tail';
import { createLogger } from '@leadline/service-kit/logger';
import { z } from 'zod';
import { withoutEmpty, type NatsAccess } from './start-servers.ts';
import { toClock, toStepLine } from './to-step-line.ts';

/** Prints what happens to leads and calls from now on, one line for each step. */
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
      // A server that is gone does not answer; closing the connection ends the tails.
      if (!nats.isUp()) await nats.close();
      await stopping;
      await nats.close();
    },
  };
}
