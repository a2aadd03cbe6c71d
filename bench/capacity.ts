import { spread } from './measure.ts'
import type { Results } from './results.ts'
import { number, table } from './table.ts'

/**
 * Where one server ends, as far as it follows from what was measured: a table of thresholds.
 *
 * - A core claims so many tasks a second; each task is claimed and finished, two updates, so half as many get done.
 * - Autovacuum begins when a fifth of a table is dead. Each task that gets done leaves two dead versions, so that is so
 *   when a tenth of the table's tasks are done, and has to be over before the next tenth is.
 * - A page that somebody reads takes its time of a core from the workers.
 */
export function capacity(filter: Results['filter'], growth: Results['growth']): string {
  const claims = spread(filter.rows.map(({ claimsAlone }) => claimsAlone.median)).median
  const donePerCore = claims / filter.workers / 2
  const large = growth.tables.find(({ table: name }) => name === '10 million')
  const bytes = ((large?.megabytes ?? Number.NaN) * 2 ** 20) / (large?.tasks ?? Number.NaN)
  const vacuumed = (0.1 * growth.vacuum.tasks) / growth.vacuum.seconds
  const page = (what: string) =>
    growth.rows.find((row) => row.table === '10 million' && row.what === what)?.ms.median ?? Number.NaN
  return table(
    ['', 'begins to pay at', 'because'],
    [
      [
        'more memory',
        `${number(millions((16 * 2 ** 30) / bytes))} million tasks for each 16 GB`,
        `a task takes ${number(bytes)} bytes, indexes included`,
      ],
      [
        'partitions',
        `${number(vacuumed)} tasks a second through one table`,
        `one process vacuums ${number(millions(growth.vacuum.tasks))} million tasks in ${number(growth.vacuum.seconds)} s`,
      ],
      [
        'a standby to read from',
        `${number(100 / page('find: states, subject'))} pages a second by states and subject, or ${number(100 / page('find: error'))} by error`,
        `a page takes ${number(page('find: states, subject'))} or ${number(page('find: error'))} ms of 10 million tasks; that is a tenth of a core`,
      ],
      [
        'another server',
        `${number(donePerCore)} tasks a second for each core, ${number(millions(donePerCore * 86_400))} million a day`,
        `a worker claims ${number(claims / filter.workers)} a second, and finishes them`,
      ],
    ],
    [':--', ':--', ':--'],
  )
}

function millions(value: number): number {
  return value / 1_000_000
}
