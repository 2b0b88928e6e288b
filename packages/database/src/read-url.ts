import { parse } from 'pg-connection-string';

/**
 * A Postgres URL in MikroORM's form. MikroORM itself reads only host, port, user and password: it ignores the database
 * when entities are passed separately, and it ignores `sslmode` and `sslrootcert`, which node-postgres understands.
 */
export function readUrl(url: string): { clientUrl: string; dbName: string; driverOptions: { ssl?: object | boolean } } {
  const { ssl } = parse(url);
  const isSaid = typeof ssl === 'object' || typeof ssl === 'boolean';
  return {
    clientUrl: url,
    dbName: decodeURIComponent(new URL(url).pathname.slice(1)),
    driverOptions: isSaid ? { ssl } : {},
  };
}
