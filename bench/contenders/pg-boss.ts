import type pg from 'pg'
import { pickNumbers } from '../tasks.ts'
import type { Contender } from './contender.ts'

const queue = 'bench'

/** pg-boss' `cancel` and `resume`, on its own table with as many jobs. */
export async function pgBoss(url: string, pool: pg.Pool, jobs: number): Promise<Contender> {
  const { default: PgBoss } = await import('pg-boss')
  const boss = new PgBoss({ connectionString: url, max: 1, supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue(queue)
  await pool.query(
    `insert into pgboss.job (name, id, data)
     select $1, md5(n::text)::uuid, '{"customer": "c42"}' from generate_series(0, $2::integer - 1) n`,
    [queue, jobs],
  )
  await switchAutovacuumOff(pool, 'pgboss')
  await pool.query('vacuum (analyze) pgboss.job')
  return {
    name: 'pg-boss',
    store: {
      async pick(count) {
        const { rows } = await pool.query<{ id: string }>(
          'select md5(n::text)::uuid as id from unnest($1::integer[]) with ordinality u (n, position) order by position',
          [pickNumbers(count, jobs)],
        )
        return rows.map(({ id }) => id)
      },
      // Resuming has made them what they were.
      putBack: async () => {
        await pool.query('vacuum pgboss.job')
      },
    },
    async call(action, ids) {
      const { affected } = await boss[action](queue, [...ids])
      return affected
    },
    close: () => boss.stop({ graceful: false }),
  }
}

/** For all tables of a schema that hold rows. */
export async function switchAutovacuumOff(pool: pg.Pool, schema: string): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `select c.oid::regclass as name from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r'`,
    [schema],
  )
  for (const { name } of rows) await pool.query(`alter table ${name} set (autovacuum_enabled = off)`)
}
