import { health, type Health } from '@leadline/contracts/commands/health';
import { serviceNames, type ServiceName } from '@leadline/contracts/services';
import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';

export type AskedHealth = { service: ServiceName; health: Health } | { service: ServiceName; silent: string };

/** Asks one replica of each service for its health; with `far` also how it reaches far systems. */
export function askHealth(nats: Nats, asked: { far: boolean }, withinMs: number): Promise<AskedHealth[]> {
  return Promise.all(
    serviceNames.map(async (service): Promise<AskedHealth> => {
      try {
        return { service, health: await ask(nats, health[service], asked, withinMs) };
      } catch (error) {
        if (error instanceof CommandUnanswered || error instanceof CommandRefused)
          return { service, silent: error.message };
        throw error;
      }
    }),
  );
}
