import type pg from 'pg'
import { migrationsTable } from '../../src/install/migrations.ts'
import { catalog, withoutMigrationsTable, type Catalog } from '../support/catalog.ts'
import { checksums, dump } from '../support/kanthorq-dump.ts'
import { only } from '../support/scene.ts'
import { until } from '../support/until.ts'

// A database that KanthorQ made and worked in, and whose migrations can be stopped at each of their steps: before a command
// that defines something, when the migrations table is written, and in the commit.

const lock = 8

// The countdown is a sequence, because a migration that fails does not roll it back. Each step after its end stops too: a migration
// that waits for a lock too long makes the step again.
const stops = `
  create schema stops;
  create sequence stops.countdown increment -1 minvalue -1000000 maxvalue 1000000 start -1;
  create function stops.step() returns void language plpgsql as $$
    begin
      if nextval('stops.countdown') <= 0 then
        perform pg_advisory_xact_lock_shared(${lock});
      end if;
    end
  $$;
  create function stops.before_command() returns event_trigger language plpgsql as
    $$ begin perform stops.step(); end $$;
  create function stops.at_row() returns trigger language plpgsql as
    $$ begin perform stops.step(); return null; end $$;`

// The table of migrations as they make it.
const watchedTable = `
  create table public.${migrationsTable} (id serial primary key, name varchar(255) not null, run_on timestamp not null);
  create trigger written after insert or delete on public.${migrationsTable}
    for each row execute function stops.at_row();
  create constraint trigger committed after insert or delete on public.${migrationsTable}
    deferrable initially deferred for each row execute function stops.at_row()`

const watchedCommands = 'create event trigger commands on ddl_command_start execute function stops.before_command()'

/** Fills an empty database, and has the changes of its migrations table in `public` count as steps. */
export async function buildStage(session: pg.ClientBase): Promise<void> {
  await session.query(dump)
  await session.query(`reset all; ${stops}; ${watchedTable}; ${watchedCommands}`)
}

/** What a migration may change, and what it must not. */
export interface Stage {
  catalog: Catalog
  /** The names in the migrations table, in order. */
  applied: string[]
  /** The checksums of KanthorQ's tables. */
  rows: unknown[]
}

export async function stageOf(session: pg.ClientBase, schema = 'public'): Promise<Stage> {
  const table = `${schema}.${migrationsTable}`
  const made = await session.query('select where to_regclass($1) is not null', [table])
  const { rows } = await session.query<{ name: string }>(
    made.rowCount === 1 ? `select name from ${table} order by id` : 'select where false',
  )
  return {
    catalog: withoutMigrationsTable(await catalog(session, schema)),
    applied: rows.map(({ name }) => name),
    rows: await checksums(session),
  }
}

/** Lets migrations run, one that was stopped too. Returns how many steps there have been since the last call. */
export async function letRun(session: pg.ClientBase): Promise<number> {
  await session.query('select pg_advisory_unlock_all()')
  const { steps } = only(
    await session.query<{ steps: number }>(
      `select (case when is_called then -last_value else 0 end)::integer as steps from stops.countdown`,
    ),
  )
  await session.query("select setval('stops.countdown', -1, false)")
  return steps
}

/** Has the next migration stop after so many steps, until {@link letRun} or the end of this session. */
export async function stopAfter(session: pg.ClientBase, steps: number): Promise<void> {
  await session.query('select pg_advisory_lock($1)', [lock])
  await session.query("select setval('stops.countdown', $1, false)", [steps])
}

/** Waits until the migration has stopped. */
export async function untilStopped(session: pg.ClientBase): Promise<void> {
  const sql = `select from pg_locks where locktype = 'advisory' and objid = $1 and not granted`
  await until(
    async () => (await session.query(sql, [lock])).rowCount === 1,
    'no migration has come to the step where it is to stop',
  )
}
