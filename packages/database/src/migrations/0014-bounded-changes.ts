import { Migration } from '@mikro-orm/migrations';

/**
 * `call_changes` grows only while somebody empties it. Each hundredth note looks: while no read model was ever begun, what
 * is a thousand notes old goes, for the first one reads every call; beyond a hundred thousand notes the oldest go, and
 * `call_changes_dropped` tells the next dashboard to build anew. Look and removal are one statement each, so that what
 * goes was committed before whatever is built later.
 */
export class BoundedChanges extends Migration {
  override up(): void {
    this.addSql(`create table if not exists call_changes_dropped (at timestamptz not null default clock_timestamp())`);
    this.addSql(
      `create or replace function leadline_note_call_change() returns trigger language plpgsql
         security definer set search_path = public, pg_temp as $$
       declare
         note bigint;
       begin
         insert into call_changes (call_id) values (coalesce(new.id, old.id)) returning seq into note;
         if note % 100 = 0 then
           delete from call_changes
            where seq in (select seq from call_changes where seq < note - 1000 order by seq limit 5000 for update skip locked)
              and not exists (select 1 from dashboard_builds);
           with dropped as (
             delete from call_changes
              where seq in (select seq from call_changes where seq < note - 100000 order by seq limit 5000 for update skip locked)
             returning 1)
           insert into call_changes_dropped (at)
           select clock_timestamp() where exists (select 1 from dropped) and not exists (select 1 from call_changes_dropped);
         end if;
         return null;
       end $$`,
    );
  }
}
