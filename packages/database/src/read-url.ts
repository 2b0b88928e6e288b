import { parse } from 'pg-connection-string';

/**
 * A Postgres URL as MikroORM takes it. By itself it reads host, port, user and password only: not the database when entities
 * are given apart, and neither `sslmode` nor `sslrootcert`, which mean what they mean to node-postgres.
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
