import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { createMigrationsTable, migrationsTable } from '../../src/install/migrations.ts'
import { catalog, withoutBooks, type Catalog } from '../support/catalog.ts'
import { only } from '../support/scene.ts'
import { until } from '../support/until.ts'

// A database that KanthorQ made and worked in, and whose migrations can be stopped at each of their steps: before a command
// that defines something, when the books have been written, and in the commit.

const lock = 8
const dump = readFileSync(new URL('../fixtures/kanthorq-go.sql', import.meta.url), 'utf8')
const kanthorqTables = [...dump.matchAll(/^CREATE TABLE public\.(\w+) /gm)].map(([, name]) => name)

// The countdown is a sequence, since what a migration does to that is not undone when it fails.
const stops = `
  create schema stops;
  create sequence stops.countdown increment -1 minvalue -1000000 maxvalue 1000000 start -1;
  create function stops.step() returns void language plpgsql as $$
    begin
      if nextval('stops.countdown') = 0 then
        perform pg_advisory_xact_lock_shared(${lock});
      end if;
    end
  $$;
  create function stops.before_command() returns event_trigger language plpgsql as
    $$ begin perform stops.step(); end $$;
  create function stops.at_books() returns trigger language plpgsql as
    $$ begin perform stops.step(); return null; end $$;`

// node-pg-migrate would make the books outside of its transaction; here they are from the beginning, to be watched.
const watchedBooks = `
  ${createMigrationsTable(`public.${migrationsTable}`)};
  create trigger written after insert or delete on public.${migrationsTable}
    for each row execute function stops.at_books();
  create constraint trigger committed after insert or delete on public.${migrationsTable}
    deferrable initially deferred for each row execute function stops.at_books()`

const watchedCommands =
  'create event trigger commands on ddl_command_start execute function stops.before_command()'

/** Fills an empty database. With `books`, the table that migrations are recorded in is there, and watched, too. */
export async function buildStage(session: pg.ClientBase, { books = true } = {}): Promise<void> {
  await session.query(dump)
  // The dump has made settings for itself.
  await session.query('reset all')
  await session.query(stops)
  if (books) await session.query(watchedBooks)
  await session.query(watchedCommands)
}

/** What a migration may change, and what it must not. */
export interface Stage {
  catalog: Catalog
  /** What the books say is applied, in that order. */
  applied: string[]
  /** Of each table of KanthorQ, a checksum of its rows, and of which transaction put them where. */
  rows: unknown[]
}

export async function stageOf(session: pg.ClientBase, schema = 'public'): Promise<Stage> {
  const books = `${schema}.${migrationsTable}`
  const { made } = only(
    await session.query<{ made: boolean }>('select to_regclass($1) is not null as made', [books]),
  )
  const applied = made
    ? (await session.query<{ name: string }>(`select name from ${books} order by id`)).rows
    : []
  const checksums = kanthorqTables.map(
    (name) =>
      `select '${name ?? ''}', md5(string_agg(concat(ctid, xmin, r), '' order by ctid)) from public.${name ?? ''} r`,
  )
  return {
    catalog: withoutBooks(await catalog(session, schema)),
    applied: applied.map(({ name }) => name),
    rows: (await session.query<object>(checksums.join(' union all '))).rows,
  }
}

/** Lets migrations run on, and returns how many steps the last one has made since it was set so. */
export async function letRun(session: pg.ClientBase): Promise<number> {
  const { steps } = only(
    await session.query<{ steps: number }>(
      `select (case when is_called then -last_value else 0 end)::integer as steps from stops.countdown`,
    ),
  )
  await session.query("select setval('stops.countdown', -1, false)")
  return steps
}

/** Has the next migration stop after so many steps. The session keeps it there until {@link release}, or its own end. */
export async function stopAfter(session: pg.ClientBase, steps: number): Promise<void> {
  await session.query('select pg_advisory_lock($1)', [lock])
  await session.query("select setval('stops.countdown', $1, false)", [steps])
}

/**
 * Waits until the migration is there.
 *
 * @returns the process that serves it
 * @throws Error when it is not within a minute
 */
export function untilStopped(session: pg.ClientBase): Promise<number> {
  const sql = `select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted`
  return until(
    async () => (await session.query<{ pid: number }>(sql, [lock])).rows[0]?.pid,
    'no migration has come to the step where it is to stop',
  )
}

/** Lets the migration that was stopped run on, if it can. */
export async function release(session: pg.ClientBase): Promise<void> {
  await session.query('select pg_advisory_unlock($1)', [lock])
}
