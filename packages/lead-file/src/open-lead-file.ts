import { CsvError, parse } from 'csv-parse';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { toDelimiter, type Delimiter } from './to-delimiter.ts';

/** A file that can't be read further. The text is for the person who chose it. */
export class LeadFileFault extends Error {
  override name = 'LeadFileFault';
}

export type LeadRow = {
  /** Counted as in a spreadsheet: the header is row 1. */
  row: number;
  /** One for each column; missing cells at the end are empty. */
  cells: string[];
  /** Why we can't separate the cells. */
  fault?: string;
};

export type LeadFile = {
  delimiter: Delimiter;
  /** The header's cells. A repeated name gets a count: `Phone (2)`. */
  columns: string[];
  /**
   * Leaves out empty rows.
   * @throws LeadFileFault when the rest of the file can't be read
   */
  rows: AsyncIterable<LeadRow>;
};

/** A longer row is no lead; most likely a quote is never closed. */
const maxRowBytes = 256 * 1024;
const maxHeadCharacters = 64 * 1024;

/**
 * Reads a CSV file while it arrives, a few rows at a time: UTF-8 or UTF-16, with or without BOM; comma, semicolon, tab
 * or bar; quoted cells as in RFC 4180.
 * @throws LeadFileFault when it has no readable header
 */
export async function openLeadFile(bytes: AsyncIterable<Uint8Array>): Promise<LeadFile> {
  const texts = toTexts(bytes);
  let head = '';
  while (!/[\r\n]/.test(head.trimStart()) && head.length < maxHeadCharacters) {
    const next = await texts.next();
    if (next.done === true) break;
    head += next.value;
  }
  if (head.trim() === '') throw new LeadFileFault('the file is empty');
  // Excel's own hint for the separator, which it does not show as a row.
  const [hintLine = '', hinted = ''] = /^sep=([,;|\t])\r?\n/.exec(head) ?? [];
  const rest = head.slice(hintLine.length);
  const delimiter = hinted === '' ? toDelimiter(rest.trimStart().split(/[\r\n]/, 1)[0] ?? '') : readDelimiter(hinted);
  const parser = parse({ delimiter, relax_column_count: true, relax_quotes: true, max_record_size: maxRowBytes });
  pipeline(Readable.from(follow(rest, texts)), parser, () => undefined);

  const records = readRecords(parser);
  for (;;) {
    const header = await records.next();
    if (header.done === true) throw new LeadFileFault('the file is empty');
    const { row, cells } = header.value;
    if (isEmpty(cells)) continue;
    const columns = toColumns(cells);
    return { delimiter, columns, rows: leadRows(records, columns.length, row) };
  }
}

async function* leadRows(records: AsyncGenerator<LeadRow>, columns: number, header: number): AsyncGenerator<LeadRow> {
  for await (const { row, cells } of records) {
    if (isEmpty(cells)) continue;
    while (cells.length > columns && cells.at(-1)?.trim() === '') cells.pop();
    if (cells.length > columns) {
      const counts = `has ${cells.length} cells, and the header (row ${header}) ${columns}`;
      yield { row, cells: [], fault: `${counts}: a cell with the separator in it needs quotes` };
      continue;
    }
    while (cells.length < columns) cells.push('');
    yield { row, cells };
  }
}

async function* readRecords(parser: AsyncIterable<string[]>): AsyncGenerator<LeadRow> {
  let row = 0;
  try {
    for await (const cells of parser) yield { row: ++row, cells };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // The stream drops rows that nobody took yet; the parser knows where it failed.
    const where = `row ${Number(error['records'] ?? row) + 1} can not be read`;
    const open = error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE';
    throw new LeadFileFault(open ? `${where}: is a quote (") opened and never closed?` : `${where} as CSV`, {
      cause: error,
    });
  }
}

async function* follow(head: string, texts: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* texts;
}

/** The file as text, without its BOM: UTF-8, or UTF-16 as in "Unicode text" and Meta's download. */
async function* toTexts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let read = 0;
  for await (const chunk of withWholeHead(bytes)) {
    if (decoder === undefined && isWorkbook(chunk)) {
      throw new LeadFileFault('the file is an Excel workbook; in the spreadsheet choose "CSV UTF-8" to save it');
    }
    decoder ??= new TextDecoder(toEncoding(chunk), { fatal: true });
    const known = decoder;
    yield decode(known, () => known.decode(chunk, { stream: true }), read);
    read += chunk.length;
  }
  const known = decoder;
  if (known !== undefined) yield decode(known, () => known.decode(), read);
}

/** Delivers the first bytes together, however the stream was cut, because they show the encoding. */
async function* withWholeHead(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of bytes) {
    if (head === undefined) yield chunk;
    else {
      head = Buffer.concat([head, chunk]);
      if (head.length < 4) continue;
      yield head;
      head = undefined;
    }
  }
  if (head !== undefined && head.length > 0) yield head;
}

function decode(decoder: TextDecoder, work: () => string, read: number): string {
  try {
    return work();
  } catch (error) {
    const name = decoder.encoding.toUpperCase().replace(/(?<=16)[BL]E$/, '');
    throw new LeadFileFault(
      `the file is not ${name} (behind byte ${read}); in the spreadsheet choose "CSV UTF-8" to save it`,
      { cause: error },
    );
  }
}

/** By the first two bytes; without a BOM, by the zero in every second byte of a Latin header. */
function toEncoding([first, second, third, fourth]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return 'utf-16le';
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return 'utf-16be';
  return 'utf-8';
}

function isWorkbook([first, second, third, fourth]: Uint8Array): boolean {
  return first === 0x50 && second === 0x4b && third === 3 && fourth === 4;
}

function isEmpty(cells: readonly string[]): boolean {
  return cells.every((cell) => cell.trim() === '');
}

function toColumns(cells: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return cells.map((cell, index) => {
    const name = cell.trim() === '' ? `Column ${index + 1}` : cell.trim();
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}

function readDelimiter(hinted: string): Delimiter {
  return hinted === ';' || hinted === '\t' || hinted === '|' ? hinted : ',';
}
