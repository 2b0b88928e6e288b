import { readAnswers } from './questions.ts';
import { tellsWish } from './read-wish.ts';
import { toKey, type FieldNames, type Fields } from './read-fields.ts';

/** The columns of Meta's lead file that are no answers to the form's questions. */
const ownColumns = new Set(
  [
    'id',
    'created_time',
    'ad_id',
    'ad_name',
    'adset_id',
    'adset_name',
    'campaign_id',
    'campaign_name',
    'form_id',
    'form_name',
    'is_organic',
    'platform',
    'lead_status',
    'inbox_url',
    'retailer_item_id',
  ].map(toKey),
);

/** Whether these columns are those of Meta's own file, which people download when the webhook was down. */
export function isMetaFile(columns: readonly string[]): boolean {
  const keys = new Set(columns.map(toKey));
  return ['id', 'created_time', 'form_id'].every((name) => keys.has(toKey(name)));
}

/** Whether a column of Meta's file is one of its form's questions. */
export function isQuestion(column: string): boolean {
  return !ownColumns.has(toKey(column)) && !tellsWish(column);
}

/**
 * Reads a row of Meta's file as its webhook would have delivered it: with the same id, without the `l:`, and with the
 * answers where the Graph API's answer has them.
 */
export function readMetaRow(row: Fields, names: FieldNames): { fields: Fields; message: string | null } {
  const cells = [...row.values()];
  const answers = cells.filter(({ name }) => isQuestion(name));
  const columns = cells.filter(({ name }) => !isQuestion(name) && toKey(name) !== 'id');
  const id = row.get('id')?.value.replace(/^l:\s*/i, '');
  return readAnswers(
    answers.map(({ name, value }) => ({ key: name, question: name, value })),
    names,
    { ...Object.fromEntries(columns.map(({ name, value }) => [name, value])), leadgen_id: id },
  );
}
