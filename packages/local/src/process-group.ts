import { supervise, type Running, type Supervised } from './supervise.ts';

/** What stands on what: a stage is ended before the one it stands on. */
const stages = ['server', 'simulator', 'service'] as const;
export type Stage = (typeof stages)[number];

export type ProcessGroup = {
  keep(stage: Stage, key: string, name: string, start: () => Promise<Running>): Promise<void>;
  /** The processes that run at this moment, by key. */
  pids(stage?: Stage): Record<string, number>;
  /** Ends a member in order and starts it again, with what it is to know by now. */
  restart(key: string): Promise<void>;
  stop(): Promise<void>;
};

/** The processes of this run, each started again when it dies. `changed` follows each start and each death. */
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
