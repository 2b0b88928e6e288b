// Sends a few leads to ingest once it is up. Each has an id of its own, so a second run adds none.
const { INGEST_URL, API_KEY } = process.env;

/** The last digits choose what the simulated person does. */
const samples = [
  ['Asha Verma', '+919000002042', 'Paper cup machine'],
  ['Ravi Kulkarni', '+919000012042', 'Truck service'],
  ['Meena Iyer', '+919000001042', 'Packing machine'],
  ['Sunil Joshi', '+919000002486', 'Paper plate machine'],
  ['Farah Khan', '+919000002180', 'Lathe'],
  ['Gopal Rao', '+919000022042', 'Paper bag machine'],
];

for (const [index, [name, phone, productName]] of samples.entries()) await send(index, { name, phone, productName });
console.log(`${samples.length} leads are with ingest`);

/** Tries for five minutes. */
async function send(index, lead) {
  for (let attempt = 1; ; attempt++) {
    const status = await fetch(`${INGEST_URL}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}` },
      body: JSON.stringify({ ...lead, sourceLeadId: `sample-${index}` }),
      signal: AbortSignal.timeout(10_000),
    }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 202) return;
    if (attempt === 300 || (status >= 400 && status < 500)) throw new Error(`ingest answers ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
