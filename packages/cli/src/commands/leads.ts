import { confirm, isCancel, select } from '@clack/prompts';
import { Option } from '@commander-js/extra-typings';
import type { DateOrder } from '@leadline/lead-file/decide-date-order';
import { datesQuestion, type ImportHeader } from '@leadline/lead-file/import-lead-file';
import { LeadFileFault } from '@leadline/lead-file/open-lead-file';
import { outputOption, readAlias, whoOption, yesOption } from '../command-options.ts';
import { Unsuccessful, WrongUse } from '../exit-codes.ts';
import { importFile, type ImportAsked, type Imported } from '../import-file.ts';
import type { Program } from '../program.ts';
import { isAttended, print, printJson, tell } from '../terminal.ts';
import { whoAsks } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

export function addLeads(program: Program): void {
  const leads = program.command('leads').summary('import leads from a CSV file');
  leads
    .command('import')
    .summary('import leads from a CSV file')
    .description(
      'Imports leads from a CSV file: UTF-8 or UTF-16, commas, semicolons or tabs, with a header. Checks the whole file ' +
        'first and shows what each row would become; then asks, on a terminal, and imports it.',
    )
    .argument('<file>', 'the CSV file')
    .option('--dry-run', 'only check: import nothing')
    .option('--source <name>', 'the source of these leads, unless a column "source" names it (default: csv, or meta)')
    .option('--alias <field=column>', 'the file’s own name for a field of ours; repeat it for more', readAlias)
    .option('--id-column <column>', 'the column with each row’s own id, even if it only counts rows')
    .addOption(
      new Option('--dates <order>', 'what comes first in dates like 05/11/2026 (default: as the file shows)').choices([
        'day-first',
        'month-first',
      ] as const),
    )
    .option('--ring-old', 'also call leads that are too old to be called')
    .option('--again <name>', 'import rows again that were imported before, under this name')
    .option('--report <file>', 'the file for the result of each row (default: FILE.report.csv)')
    .addOption(yesOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  leadline leads import fair.csv --source fair-2026
  leadline leads import fair.csv --dry-run -o json | jq .rejected
  leadline leads import old-customers.csv --again spring-offer
  leadline leads import crm.csv --alias "phone=WhatsApp No" --id-column "Record Id"
  leadline leads import meta-leads.csv --source meta

Columns are known by their usual names, in any case: name, phone (mobile, contact number, whatsapp, …), product, city, state,
email, message, date, lead id. A row is known by its lead id, else by number, product and date: importing the same file
again, edited or not, adds nothing twice, even after an interruption. A lead id that only counts rows (1, 2, 3, …) does not
count, unless --id-column names it. Leadline heeds columns such as "Do Not Call", "DND" or "Phone Opt Out": it calls nobody
whose cell says yes, or something unclear. The report has each rejected row with its reason.`,
    )
    .action(async (file, options, command) => {
      const { source, again, report, dates, ringOld: ringsOld, idColumn } = options;
      const aliases = idColumn === undefined ? options.alias : { ...options.alias, sourceLeadId: [idColumn] };
      const asked = { file, who: whoAsks(options), source, again, report, aliases, ringsOld };
      const isPretty = options.output === 'pretty';
      const imported = await withNats(command.optsWithGlobals(), async (nats): Promise<Imported> => {
        const look = (order: DateOrder | undefined) => run({ ...asked, nats, dates: order, dryRun: true }, isPretty);
        const first = await look(dates);
        const answer = first.dates === 'unclear' && isAttended() && options.yes !== true ? await askDates() : undefined;
        const looked = answer === undefined ? first : await look(answer);
        if (options.dryRun === true) return looked;
        if (isPretty) print(toWords(looked, true));
        if (looked.dates === 'unclear') throw new WrongUse(`${file}: ${datesQuestion}, with --dates`);
        if (looked.accepted === 0 && looked.doNotCall + looked.unclearWish === 0) return looked;
        if (options.yes !== true && isAttended()) await askWhether(looked);
        return run({ ...asked, nats, dates: answer ?? dates, dryRun: false }, false);
      });
      if (isPretty) print(toWords(imported, imported.dryRun));
      else printJson(imported);
      if (imported.rows === 0) throw new Unsuccessful('no rows');
    });
}

async function run(asked: ImportAsked, showsHeader: boolean): Promise<Imported> {
  try {
    return await importFile({ ...asked, ...(showsHeader ? { headerRead: tellHeader } : {}) });
  } catch (error) {
    if (error instanceof LeadFileFault) throw new WrongUse(`${asked.file}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function askDates(): Promise<DateOrder> {
  const order = await select<DateOrder>({
    message: 'What comes first in this file’s dates?',
    options: [
      { value: 'day-first', label: 'the day: 05/11/2026 is the 5th of November' },
      { value: 'month-first', label: 'the month: 05/11/2026 is the 11th of May' },
    ],
    output: process.stderr,
  });
  if (isCancel(order)) throw new WrongUse('nothing was imported');
  return order;
}

function tellHeader({ columns, source, dates }: ImportHeader): void {
  const taken = columns.flatMap(({ column, field }) => (field === null ? [] : [`${column} → ${toFieldWords(field)}`]));
  const left = columns.flatMap(({ column, field }) => (field === null ? [column] : []));
  if (taken.length > 0) tell(`columns: ${taken.join(', ')}`);
  if (left.length > 0) tell(`not used: ${left.join(', ')}`);
  tell(`source: ${source}${dates === null ? '' : `; dates: ${dates === 'unclear' ? datesQuestion : dates}`}`);
}

async function askWhether({ accepted }: Imported): Promise<void> {
  const message = `Import ${toNumber(accepted)} ${accepted === 1 ? 'lead' : 'leads'}? They are called as soon as rules and lines allow.`;
  const isConfirmed = await confirm({ message, initialValue: false, output: process.stderr });
  if (isCancel(isConfirmed) || !isConfirmed) throw new WrongUse('nothing was imported');
}

function toWords(imported: Imported, isDry: boolean): string {
  const { rows, accepted, joined, duplicate, rejected, report, dryRun } = imported;
  const parts = [
    `${toNumber(accepted)} ${isDry ? 'would be accepted' : 'accepted'}`,
    ...(joined > 0 ? [`${toNumber(joined)} joined to a lead on its way`] : []),
    `${toNumber(duplicate)} already here`,
    `${toNumber(rejected)} rejected`,
  ];
  const which = dryRun ? 'checked' : 'imported';
  return `${which}: ${toNumber(rows)} rows, ${parts.join(', ')}${toSilentWords(imported)}; each row: ${report}`;
}

/** Counts rows without a fault that we do not call. */
function toSilentWords({ doNotCall, unclearWish, tooOld }: Imported): string {
  const parts = [
    ...(doNotCall > 0 ? [`${toNumber(doNotCall)} not to be called`] : []),
    ...(unclearWish > 0 ? [`${toNumber(unclearWish)} with an unclear wish`] : []),
    ...(tooOld > 0 ? [`${toNumber(tooOld)} too old (--ring-old calls them)`] : []),
  ];
  return parts.length === 0 ? '' : `; not called: ${parts.join(', ')}`;
}

function toFieldWords(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function toNumber(count: number): string {
  return count.toLocaleString('en-IN');
}
