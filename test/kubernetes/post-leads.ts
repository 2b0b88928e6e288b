// Posts leads at a steady pace until it is ended, each with a number and an id of its own, and again, as senders do,
// when it was not taken. Prints one line of JSON a lead: how it ended, and what went wrong before.
//   node post-leads.ts <url of ingest> <key> <first number> <milliseconds between two>
const [url = '', key = '', first = '0', pace = '500'] = process.argv.slice(2);
let next = Number(first);

async function send(number: number): Promise<void> {
  // The last four digits say that the person talks and is qualified.
  const phone = `+9190${String(number).padStart(4, '0')}2042`;
  const faults: (number | string)[] = [];
  let status = await post(phone, number);
  while (status !== 202 && faults.length < 30) {
    faults.push(status);
    await new Promise((resolve) => setTimeout(resolve, 500));
    status = await post(phone, number);
  }
  process.stdout.write(`${JSON.stringify({ phone, status, faults })}\n`);
}

async function post(phone: string, number: number): Promise<number | string> {
  try {
    const response = await fetch(`${url}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ name: 'Asha Verma', phone, sourceLeadId: `load-${number}` }),
      signal: AbortSignal.timeout(10_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    return error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error);
  }
}

setInterval(() => void send(next++), Number(pace));
