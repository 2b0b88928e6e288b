import { supervise, type Running, type Supervised } from './supervise.ts';

/** The stages, each depending on the ones before it. We end a stage before those that it depends on. */
const stages = ['server', 'simulator', 'service'] as const;
export type Stage = (typeof stages)[number];

export type ProcessGroup = {
  keep(stage: Stage, key: string, name: string, start: () => Promise<Running>): Promise<void>;
  /** The pids of the running processes, by key. */
  pids(stage?: Stage): Record<string, number>;
  /** Ends a member in order and starts it again, with its current settings. */
  restart(key: string): Promise<void>;
  stop(): Promise<void>;
};

/** The processes of this run. Each is started again when it dies. Calls `changed` after each start and each death. */
export function openProcessGroup(options: { say: (line: string) => void; changed: () => void }): ProcessGroup {
  const members: { stage: Stage; key: string; supervised: Supervised }[] = [];
  return {
    async keep(stage, key, name, start) {
      members.push({ stage, key, supervised: await supervise({ ...options, name, start }) });
      options.changed();
    },
    pids: (stage) =>
      Object.fromEntries(
        members
          .filter((member) => stage === undefined || member.stage === stage)
          .flatMap(({ key, supervised }) => {
            const pid = supervised.pid();
            return pid === undefined ? [] : [[key, pid]];
          }),
      ),
    async restart(key) {
      await members.find((member) => member.key === key)?.supervised.restart();
    },
    async stop() {
      for (const stage of stages.toReversed()) {
        const group = members.filter((member) => member.stage === stage);
        await Promise.all(group.map(({ supervised }) => supervised.stop()));
      }
    },
  };
}
