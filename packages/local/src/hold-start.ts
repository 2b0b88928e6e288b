import { once } from 'node:events';

// Runs before a service's main.ts (`node --import`). Most of a start is reading code: it is read while Postgres and
// nats-server are still starting. Then this waits for the settings, which tell where those listen.
const files = (process.env['LEADLINE_READ_FIRST'] ?? '').split('\n');
await Promise.all(files.map((file) => import(file)));
const [settings] = await once(process, 'message');
Object.assign(process.env, settings);
