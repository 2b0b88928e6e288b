import { confirm, isCancel } from '@clack/prompts';
import type { ImportHeader } from '@leadline/lead-file/import-lead-file';
import { LeadFileFault } from '@leadline/lead-file/open-lead-file';
import { outputOption, whoOption, yesOption } from '../command-options.ts';
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
      'Imports leads from a CSV file: UTF-8, commas, semicolons or tabs, with a header. Looks through all of it first and ' +
        'says what would become of each row; then asks, where somebody is there to answer, and imports it.',
    )
    .argument('<file>', 'the CSV file')
    .option('--dry-run', 'only look: nothing is imported')
    .option('--source <name>', 'where these leads came from, unless a column "source" says', 'csv')
    .option('--again <name>', 'take rows anew that were imported before, under this name')
    .option('--report <file>', 'where to write what became of each row (default: FILE.report.csv)')
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

Columns are known by their usual names, in any case: name, phone (mobile, contact number, whatsapp, …), product, city, state,
email, message, date, lead id. A row is known by its lead id, else by number, product and date: the same file again, edited
or not, adds nothing twice, also after the import was interrupted. Rows that can't be taken are in the report with the reason.`,
    )
    .action(async (file, options, command) => {
      const who = whoAsks(options);
      const asked = { file, who, source: options.source, again: options.again, report: options.report };
      const isPretty = options.output === 'pretty';
      const imported = await withNats(command.optsWithGlobals(), async (nats): Promise<Imported> => {
        const looked = await run({ ...asked, nats, dryRun: true }, isPretty);
        if (options.dryRun === true) return looked;
        if (isPretty) print(toWords(looked, true));
        if (looked.accepted === 0) return looked;
        if (options.yes !== true && isAttended()) await askWhether(looked);
        return run({ ...asked, nats, dryRun: false }, false);
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

function tellHeader({ columns }: ImportHeader): void {
  const taken = columns.flatMap(({ column, field }) => (field === null ? [] : [`${column} → ${toFieldWords(field)}`]));
  const left = columns.flatMap(({ column, field }) => (field === null ? [column] : []));
  if (taken.length > 0) tell(`columns: ${taken.join(', ')}`);
  if (left.length > 0) tell(`not used: ${left.join(', ')}`);
}

async function askWhether({ accepted }: Imported): Promise<void> {
  const message = `Import ${toNumber(accepted)} ${accepted === 1 ? 'lead' : 'leads'}? They are called as soon as it may be.`;
  const said = await confirm({ message, initialValue: false, output: process.stderr });
  if (isCancel(said) || !said) throw new WrongUse('nothing was imported');
}

function toWords({ rows, accepted, joined, duplicate, rejected, report, dryRun }: Imported, isDry: boolean): string {
  const parts = [
    `${toNumber(accepted)} ${isDry ? 'would be accepted' : 'accepted'}`,
    ...(joined > 0 ? [`${toNumber(joined)} joined to a lead on its way`] : []),
    `${toNumber(duplicate)} already here`,
    `${toNumber(rejected)} rejected`,
  ];
  const which = dryRun ? 'looked through' : 'imported';
  return `${which}: ${toNumber(rows)} rows, ${parts.join(', ')}; each row: ${report}`;
}

function toFieldWords(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function toNumber(count: number): string {
  return count.toLocaleString('en-IN');
}
