import { connectNats } from '@leadline/messaging/connect';
import { provision } from '@leadline/messaging/provision';
import { createLogger } from '@leadline/service-kit/logger';
import { randomUUID } from 'node:crypto';

// What waits for a durable, made and taken away. Run where the servers are.
//   node backlog.ts provision               streams and durables, three copies each
//   node backlog.ts fill <subject> <count>  so many messages more
//   node backlog.ts drain <stream> <durable>
// NATS_URL, NATS_USER and NATS_PASS as for the services.
const [command, first = '', second = ''] = process.argv.slice(2);
const nats = await connectNats({
  url: process.env['NATS_URL'] ?? '',
  user: process.env['NATS_USER'],
  pass: process.env['NATS_PASS'],
  name: 'backlog',
  log: createLogger({ service: 'backlog', level: 'warn' }),
});
const jetstream = nats.connection.jetstream();

async function fill(subject: string, count: number): Promise<void> {
  for (let made = 0; made < count; made++) await jetstream.publish(subject, '{}', { msgID: randomUUID() });
}

async function drain(stream: string, durable: string): Promise<void> {
  const consumer = await jetstream.consumers.get(stream, durable);
  for (;;) {
    for await (const message of await consumer.fetch({ max_messages: 16, expires: 1_000 })) await message.ackAck();
    const { num_pending: waiting, num_ack_pending: inHand } = await consumer.info();
    if (waiting + inHand === 0) return;
  }
}

if (command === 'provision') await provision(nats, 3);
else if (command === 'fill') await fill(first, Number(second));
else await drain(first, second);
await nats.close();
