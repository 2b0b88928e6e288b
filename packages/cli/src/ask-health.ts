import { health, type Health } from '@leadline/messaging/answer-health';
import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';

export const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'] as const;
export type ServiceName = (typeof services)[number];

export type AskedHealth = { service: ServiceName; health: Health } | { service: ServiceName; silent: string };

/** Asks one replica of each service how it is; with `far` also how it reaches the systems that are not ours. */
export function askHealth(nats: Nats, asked: { far: boolean }, withinMs: number): Promise<AskedHealth[]> {
  return Promise.all(
    services.map(async (service): Promise<AskedHealth> => {
      try {
        return { service, health: await ask(nats, `ops.${service}.health`, asked, health, withinMs) };
      } catch (error) {
        if (error instanceof CommandUnanswered || error instanceof CommandRefused)
          return { service, silent: error.message };
        throw error;
      }
    }),
  );
}
