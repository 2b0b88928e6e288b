import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entities } from './all.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('every entity has exactly the columns of its table, with their nullability', async () => {
  const orm = await MikroORM.init({
    entities: [...entities],
    clientUrl: db.url,
    dbName: new URL(db.url).pathname.slice(1),
  });
  for (const { name } of entities.map((entity) => entity.meta)) {
    const meta = orm.getMetadata().getByClassName(name ?? '');
    const mapped = meta.props.map((prop) => `${prop.fieldNames[0]} ${prop.nullable === true ? 'null' : 'not null'}`);
    const real = await db.query<{ column: string }>(
      `select column_name || case is_nullable when 'YES' then ' null' else ' not null' end as column
         from information_schema.columns where table_name = $1 and table_schema = 'public'`,
      [meta.tableName],
    );
    expect(mapped.toSorted()).toEqual(real.map((row) => row.column).toSorted());
  }
  await orm.close();
});
