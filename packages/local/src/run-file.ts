import { forEachService } from '@leadline/contracts/services';
import type { Role } from '@leadline/database/roles';
import { renameSync, writeFileSync } from 'node:fs';
import type { World } from './service-list.ts';

/** What `npm start` printed for the person, in a form for programs. */
export type RunFile = {
  ingest: string;
  callTracker: string;
  dashboard: string;
  dispatcherAdmin: string;
  apiKey: string;
  agentKey: string;
  opsKey: string;
  dashboardUsers: Record<'viewer' | 'operator', { name: string; password: string }>;
  postgres: { url: string; roles: Record<Role, string> };
  nats: { url: string; users: Record<Role | 'agent' | 'ops', { user: string; pass: string }> };
  simulator: { url: string; phoneLog: string; crmLog: string };
  /** Pids, rewritten at each restart. The person's own servers have none. */
  processes: Record<string, number>;
};

export function toRunFile(
  { ports, secrets, database, nats }: World,
  { url, phoneLog, crmLog }: RunFile['simulator'],
  processes: Record<string, number>,
): RunFile {
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    ingest: at(ports.ingest),
    callTracker: at(ports.callTracker),
    dashboard: at(ports.dashboard),
    dispatcherAdmin: at(ports.dispatcherAdmin),
    apiKey: secrets.apiKey,
    agentKey: secrets.agentKey,
    opsKey: secrets.opsKey,
    dashboardUsers: {
      viewer: { name: 'viewer', password: secrets.dashboard.viewer },
      operator: { name: 'operator', password: secrets.dashboard.operator },
    },
    postgres: {
      url: database.url,
      roles: forEachService(({ key }) => database.of(key)),
    },
    nats: {
      url: nats.url,
      users: {
        ...forEachService(({ name }) => nats.user(name)),
        agent: nats.user('agent'),
        ops: nats.user('ops'),
      },
    },
    simulator: { url, phoneLog, crmLog },
    processes,
  };
}

/** Replaces the file as a whole, so that nobody reads an incomplete one. */
export function writeRunFile(path: string, content: RunFile): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
