import { connect } from 'nats';

// A bare nats client that prints what a stream holds, and nothing else.
const [, , url = '', user = '', pass = '', stream = '', count = ''] = process.argv;
const nats = await connect({ servers: url, user, pass, inboxPrefix: `_INBOX_${user}` });
const consumer = await nats.jetstream().consumers.get(stream);
const messages = await consumer.consume();
let left = Number(count);
for await (const message of messages) {
  console.log(message.string());
  if (--left === 0) break;
}
await nats.close();
