import type { Campaign } from './campaign.ts';
import { leadIdOf, type Ledgers } from './ledgers.ts';

/** Everything that is known of one lead and of the calls to its number, in the order in which it happened. */
export async function tellStory(campaign: Campaign, ledgers: Ledgers, leadId: number): Promise<string> {
  const phone = ledgers.leads.find(({ id }) => id === leadId)?.phone;
  const calls = ledgers.calls.filter((call) => call.lead_id === leadId || call.phone === phone);
  const rooms = new Set(calls.map(({ call_room }) => call_room));
  const lines: { at: number; what: string }[] = [];
  for (const { at, event, room, sipCallId } of ledgers.phone)
    if (rooms.has(room)) lines.push({ at, what: `phone: ${event} ${room} ${sipCallId}` });
  for (const { at, event, id, room } of ledgers.crm)
    if (room !== undefined && rooms.has(room)) lines.push({ at, what: `CRM: ${event} ${id} ${room}` });
  for (const row of ledgers.stored) {
    const isIts = leadIdOf(row.text) === leadId || [...rooms].some((room) => row.text.includes(room));
    if (isIts)
      lines.push({
        at: row.at,
        what: `${row.stream} ${row.seq} ${row.subject}${row.ours ? '' : ' (disturbed)'}: ${row.text}`,
      });
  }
  const [from, until] = [
    Math.min(...lines.map(({ at }) => at)) - 5_000,
    Math.max(...lines.map(({ at }) => at)) + 5_000,
  ];
  for (const { at, until: end, what, details } of campaign.record) {
    if (end < from || at > until) continue;
    lines.push({
      at,
      what: `fault: ${what} ${details.join('; ')}, until ${new Date(Math.min(end, 8.64e15)).toISOString()}`,
    });
  }
  const rows: string[] = [];
  for (const [table, where] of [
    ['leads', 'id = $1'],
    ['calls', 'lead_id = $1'],
    ['dials', 'lead_id = $1'],
    ['call_facts', 'call_id in (select id from calls where lead_id = $1)'],
    ['crm_pushes', 'call_id in (select id from calls where lead_id = $1)'],
    ['lead_waits', 'lead_id = $1'],
  ]) {
    for (const row of await campaign.world.query(`select * from ${table} where ${where}`, [leadId]))
      rows.push(`${table} ${JSON.stringify(row)}`);
  }
  const told = lines
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what }) => `  ${new Date(at).toISOString().slice(11, 23)} ${what}`);
  return [`the story of lead ${leadId}:`, ...rows.map((row) => `  ${row}`), ...told].join('\n');
}
