import type { RunFile } from '@leadline/local/run-file';

/** Buyers who do not exist. The last four digits choose what their phone does, and who calls them. */
const buyers = [
  ['Kavita Rao', '2042', 'Paper cup machine', 'Surat'],
  ['Anil Joshi', '1077', 'Forklift service', 'Nashik'],
  ['Meera Iyer', '2486', 'Bottling line', 'Chennai'],
  ['Imran Sheikh', '2255', 'Flour mill', 'Indore'],
  ['Divya Nair', '2204', 'Paper plate machine', 'Kochi'],
  ['Salim Khan', '1118', 'Dona machine', 'Bhopal'],
  ['Priya Menon', '2603', 'Fly ash brick machine', 'Jaipur'],
  ['Rohit Gupta', '2311', 'Packing machine', 'Kanpur'],
  ['Neha Patil', '1180', 'Paper cup machine', 'Kolhapur'],
  ['Arjun Reddy', '2412', 'Oil mill', 'Vijayawada'],
  ['Farhan Ali', '2513', 'Flour mill', 'Lucknow'],
  ['Lakshmi Pillai', '1614', 'Coir rope machine', 'Alappuzha'],
  ['Vikram Singh', '2715', 'Tractor service', 'Ludhiana'],
  ['Sunita Devi', '2244', 'Paper plate machine', 'Patna'],
  ['Ganesh More', '1816', 'Bottling line', 'Pune'],
  ['Rekha Das', '2917', 'Dona machine', 'Kolkata'],
] as const;

/** A morning's leads over the door that everybody uses. @returns the first one's id */
export async function sendLeads({ ingest, apiKey }: RunFile): Promise<number> {
  const ids: number[] = [];
  for (const [name, digits, productName, city] of buyers) {
    const answer = await fetch(`${ingest}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, phone: `+91 90017 3${digits}`, productName, city }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`ingest answered ${answer.status}`);
    const { id } = (await answer.json()) as { id: number };
    ids.push(id);
  }
  return ids[0] ?? Number.NaN;
}
