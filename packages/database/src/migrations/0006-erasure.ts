import { Migration } from '@mikro-orm/migrations';

/** Who had himself erased, as a hash under a key of this database: what was sent before that is not taken again. */
export class Erasure extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  `create table if not exists erasure_key (id int primary key check (id = 1), key text not null)`,
  `insert into erasure_key (id, key) values (1, gen_random_uuid()::text || gen_random_uuid()::text) on conflict do nothing`,
  `create table if not exists erased_numbers (phone_hash text primary key, erased_at timestamptz not null)`,
  `create or replace function leadline_phone_hash(phone text) returns text language sql stable strict as
   $$ select encode(sha256(convert_to(key || last_ten(phone), 'UTF8')), 'hex') from erasure_key where id = 1 $$`,
];
