import type { Campaign } from './campaign.ts';
import type { CallRow, Ledgers } from './ledgers.ts';

export type Violation = { what: string; leadId?: number };
export type Checked = { checked: number; violations: Violation[] };
export const invariants = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
  'I13',
  'I14',
  'I15',
  'I16',
] as const;
export type Invariant = (typeof invariants)[number];

export type Check = (campaign: Campaign, ledgers: Ledgers) => Checked | Promise<Checked>;

export function leadOf(call: CallRow | undefined): { leadId?: number } {
  return call === undefined ? {} : { leadId: call.lead_id };
}
