/** Invented people. The last three digits choose the outcome of the call. */
const samples = [
  { name: 'Asha Verma', digits: '2042', productName: 'Paper cup machine', city: 'Pune' },
  { name: 'Ravi Kumar', digits: '1077', productName: 'Forklift service', city: 'Nashik' },
  { name: 'Meera Iyer', digits: '2486', productName: 'Bottling line', city: 'Chennai' },
  { name: 'Imran Sheikh', digits: '2255', productName: 'Flour mill', city: 'Indore' },
  { name: 'Farah Khan', digits: '2211', productName: 'Paper cup machine', city: 'Surat' },
  { name: 'Joseph Mathew', digits: '2217', productName: 'Flour mill', city: 'Kollam' },
  { name: 'Divya Nair', digits: '2204', productName: 'Paper plate machine', city: 'Kochi' },
];

/** Sends a few leads to the public API, so that a newcomer sees calls at once. */
export async function sendSamples(ingest: string, apiKey: string): Promise<void> {
  // New numbers at each start, because nobody is called twice within a short time.
  const middle = String(Math.floor(Math.random() * 1_000)).padStart(3, '0');
  for (const { digits, ...lead } of samples) {
    const answer = await fetch(`${ingest}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...lead, phone: `+91900${middle}${digits}` }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`ingest answered ${answer.status}`);
  }
}
