import { maxTogether } from './peer-queue.ts';

/**
 * What comes while a group is being sent goes together in the next one, as ingest does. Each resolves or rejects with its
 * group.
 */
export function sendInGroups<T>(sendAll: (all: T[]) => Promise<void>): (item: T) => Promise<void> {
  let waiting: { item: T; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let isSending = false;
  const sendOn = async (): Promise<void> => {
    isSending = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, maxTogether);
      waiting = waiting.slice(maxTogether);
      try {
        await sendAll(group.map(({ item }) => item));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    isSending = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isSending) void sendOn();
    });
}
