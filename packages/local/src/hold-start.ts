import { once } from 'node:events';

// Runs before a service's main.ts (`node --import`). Most of a start is loading code, so we load it while Postgres and
// nats-server start. Then we wait for the settings, which have their addresses.
const files = (process.env['LEADLINE_READ_FIRST'] ?? '').split('\n');
await Promise.all(files.map((file) => import(file)));
const [settings] = await once(process, 'message');
Object.assign(process.env, settings);
