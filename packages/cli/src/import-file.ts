import { progress } from '@clack/prompts';
import type { RowResult } from '@leadline/contracts/commands/imports';
import { importLeadFile, type Import, type ImportDone } from '@leadline/lead-file/import-lead-file';
import { createReadStream, createWriteStream, statSync, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { WrongUse } from './exit-codes.ts';
import { tell } from './terminal.ts';

export type ImportAsked = Omit<Import, 'rowDone' | 'counted'> & { report: string | undefined };
export type Imported = ImportDone & { dryRun: boolean; report: string };

/**
 * Imports a file, or only checks it, with a line of progress and a report of each row.
 * @throws WrongUse when there is no such file
 */
export async function importFile(asked: ImportAsked): Promise<Imported> {
  const { file, dryRun } = asked;
  const size = sizeOf(file);
  const path = asked.report ?? `${file}.report.csv`;
  const report = createWriteStream(path);
  await once(report, 'open');
  let read = 0;
  const bar = openBar(dryRun ? 'checking the file' : 'importing', size);
  async function* open(): AsyncGenerator<Uint8Array> {
    let own = 0;
    for await (const chunk of createReadStream(file)) {
      if (!(chunk instanceof Uint8Array)) throw new Error('a file was not read as bytes');
      own += chunk.length;
      read = own;
      yield chunk;
    }
  }
  try {
    await write(report, 'row,result,lead,field,reason,detail\n');
    const counts = await importLeadFile(open, {
      ...asked,
      rowDone: (result) => write(report, toReportLine(result)),
      counted: ({ rows }) => bar.show(read, rows),
    });
    return { ...counts, dryRun, report: path };
  } finally {
    bar.end();
    report.end();
    await once(report, 'close');
  }
}

function sizeOf(file: string): number {
  try {
    const stats = statSync(file);
    if (stats.isFile()) return stats.size;
  } catch {
    // Reported below.
  }
  throw new WrongUse(`${file} can not be read: check the path and its permissions`);
}

/** One line for each row, without number or name, so that you may send it to the person who made the file. */
function toReportLine({ row, result, leadId, faults, notes }: RowResult): string {
  const problems = [...faults, ...notes];
  const [fault] = problems;
  const all = problems.map(({ detail }) => detail).join('; ');
  const cells = [String(row), result, leadId === null ? '' : String(leadId)];
  const why = fault === undefined ? ['', '', ''] : [fault.pointer.replace(/^\//, ''), fault.reason, all];
  return `${[...cells, ...why].map(toCell).join(',')}\n`;
}

/** A column's name may begin like a formula, so mark it as text for spreadsheets. */
function toCell(written: string): string {
  const text = /^[=+@-]/.test(written) ? `'${written}` : written;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Waits for the disk, so that a fast import does not pile up its report in memory. */
async function write(stream: WriteStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}

type Bar = { show(bytes: number, rows: number): void; end(): void };

const barSize = 40;

/** A bar on a terminal; elsewhere a line at each tenth. */
function openBar(what: string, size: number): Bar {
  const share = (bytes: number): number => (size === 0 ? 1 : Math.min(1, bytes / size));
  if (!process.stderr.isTTY) {
    let shownTenths = 0;
    return {
      show(bytes, rows) {
        const tenths = Math.floor(share(bytes) * 10);
        if (tenths > shownTenths && tenths < 10)
          tell(`${what}: ${tenths * 10} %, ${rows.toLocaleString('en-IN')} rows`);
        shownTenths = Math.max(shownTenths, tenths);
      },
      end: () => undefined,
    };
  }
  const bar = progress({ max: 1_000, size: barSize, output: process.stderr });
  bar.start(what);
  let at = 0;
  return {
    show(bytes, rows) {
      const now = Math.floor(share(bytes) * 1_000);
      bar.advance(now - at, `${what}: ${Math.floor(now / 10)} %, ${rows.toLocaleString('en-IN')} rows`);
      at = now;
    },
    end: () => bar.stop(what),
  };
}
