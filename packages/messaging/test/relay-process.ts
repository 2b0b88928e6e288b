import { publishingServices } from '@leadline/contracts/services';
import { connectNats } from '../src/connection/connect.ts';
import { startRelay } from '../src/outbox/relay.ts';

/** One relay as a process of its own, for tests that kill and freeze it. Its state goes to standard output. */
const [databaseUrl = '', url = '', user = '', pass = ''] = process.argv.slice(2);
const service = publishingServices.find((name) => name === user);
if (service === undefined) throw new Error(`no service is called ${user}`);
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const nats = await connectNats({ url, user, pass, name: user, log });
const relay = startRelay({ databaseUrl, nats, service, log });
let told = '';
setInterval(() => {
  if (relay.state() !== told) {
    told = relay.state();
    process.stdout.write(`${told}\n`);
  }
}, 20);
