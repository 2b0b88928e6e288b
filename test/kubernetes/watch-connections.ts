import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A connection that a process has, by the ports at its ends. All on loopback. */
type Connection = { local: number; remote: number; listening: boolean };

/** What a process's sockets are right now, out of /proc. Linux only; empty for a process that is gone. */
export function connectionsOf(pid: number): Connection[] {
  const own = socketsOf(pid);
  return [...readTable(pid, 'tcp'), ...readTable(pid, 'tcp6')].filter(({ inode }) => own.has(inode));
}

function socketsOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
        if (inode !== undefined) inodes.add(inode);
      } catch {
        // Closed meanwhile.
      }
    }
  } catch {
    // Gone meanwhile.
  }
  return inodes;
}

const listen = '0A';

function readTable(pid: number, table: 'tcp' | 'tcp6'): (Connection & { inode: string })[] {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/net/${table}`, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => {
      const [, local = '', remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const port = (address: string): number => Number.parseInt(address.split(':')[1] ?? '', 16);
      return { local: port(local), remote: port(remote), listening: state === listen, inode };
    });
}
