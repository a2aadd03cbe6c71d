import { capacity } from './capacity.ts'
import type { Conditions } from './conditions.ts'
import type { Action } from './contenders/contender.ts'
import { ours } from './contenders/on-kanthorq.ts'
import type { Results } from './results.ts'
import { middle, number, table } from './table.ts'

/** What documents show of these results, by the names of their sections. */
export function sectionsOf({ ids, filter, growth, work }: Partial<Results>): Record<string, string> {
  const conditions = [ids, filter, growth, work].flatMap((result) => result?.conditions ?? [])
  return {
    conditions: [...new Set(conditions.map(describe))].join('\n\n'),
    ...(ids && filter && growth && { answers: answers(ids, filter, growth) }),
    ...(ids && {
      'ids-cancel-ms': byIds(ids, 'cancel'),
      'ids-resume-ms': byIds(ids, 'resume'),
    }),
    ...(filter && {
      'filter-setup':
        `${number(filter.matching)} of ${number(filter.tasks)} tasks match. Workers: ${filter.workers}, each of which asks ` +
        `for ${filter.claimSize} tasks at a time; rounds: ${Math.min(...filter.rows.map((row) => row.rounds))}.`,
      filter: byFilter(filter),
    }),
    ...(growth && {
      'growth-ids': acrossTables(growth, 'ids', ({ ms, tasks }) => (ms.median / tasks) * 1000),
      'growth-find': acrossTables(growth, 'page', ({ ms }) => ms.median),
      'growth-whole': acrossTables(growth, 'whole', ({ ms }) => ms.median),
      memory: memory(growth),
    }),
    ...(work && { 'work-rates': rates(work), 'work-calls': calls(work) }),
    ...(filter && growth && { capacity: capacity(filter, growth) }),
  }
}

function describe({ date, machine, system, scale, versions, settings }: Conditions): string {
  const list = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => `${name} ${value}`)
  const shown = list(settings).map((setting) => `\`${setting}\``)
  return [
    `- ${date}, ${machine}, ${system}`,
    `- ${list(versions).join(', ')}`,
    `- ${shown.join(', ')}`,
    ...(scale === 1 ? [] : [`- **tables at ${scale} of their full size**`]),
  ].join('\n')
}

/** Three lines for those who read no further. */
function answers({ rows: byIds }: Results['ids'], { rows: byFilter }: Results['filter'], growth: Results['growth']): string {
  const cancels = byIds.filter(({ action }) => action === 'cancel')
  const cancel = (ids: number, contender: string = ours) =>
    cancels.find((row) => row.ids === ids && row.contender === contender)
  const ms = (ids: number, contender?: string) => number(cancel(ids, contender)?.ms.median ?? NaN)
  const times = (ids: number) => number(cancel(ids)?.timesBare.median ?? NaN)
  const [paused, unpaused, update] = byFilter
  const percent = (row = paused) => `${Math.round((row?.share.median ?? NaN) * 100)} %`
  const page = (what: string) =>
    number(growth.rows.find((row) => row.what === what && row.table === growth.tables[2]?.table)?.ms.median ?? NaN)
  return [
    `- **By ids**, cancelling one task takes ${ms(1)} ms, ${times(1)} times what a bare UPDATE takes, and cancelling 500 takes ` +
      `${ms(500)} ms, ${times(500)} times; 500 take pg-boss ${ms(500, 'pg-boss')} ms and graphile-worker ` +
      `${ms(500, 'graphile-worker')} ms, without a log.`,
    `- **By filter**, \`kanthorq_task_cancel_all\` takes ${number(paused?.timesUpdate.median ?? NaN)} times as long as one UPDATE of the same tasks, or ` +
      `${number(unpaused?.timesUpdate.median ?? NaN)} times without the pause; meanwhile workers keep ${percent()} of their rate, and beside ` +
      `the UPDATE ${percent(update)}.`,
    `- **A page** of 100 tasks among ${growth.tables[2]?.table ?? NaN} takes ${page('find: newest')} ms, and ${page('find: error')} ms by a ` +
      'rare error.',
  ].join('\n')
}

function byIds({ rows }: Results['ids'], action: Action): string {
  const some = rows.filter((row) => row.action === action)
  const sizes = [...new Set(some.map(({ ids }) => ids))]
  const rowsOf = (name: string) => some.filter(({ contender }) => contender === name)
  return table(
    ['', ...sizes.map((ids) => (ids === 1 ? '1 id' : `${number(ids)} ids`))],
    [
      ...[...new Set(some.map(({ contender }) => contender))].map((name) => [
        name,
        ...rowsOf(name).map(({ ms }) => middle(ms)),
      ]),
      ['rounds', ...rowsOf(ours).map((row) => number(row.rounds))],
    ],
  )
}

function byFilter({ rows }: Results['filter']): string {
  return table(
    [...['', 'cancelled', 'seconds', 'times the one UPDATE', 'claims/s alone'], ...['meanwhile', 'share', 'slowest claim']],
    rows.map((row) => [
      row.contender,
      number(row.cancelled),
      middle(row.seconds),
      middle(row.timesUpdate),
      middle(row.claimsAlone),
      middle(row.claimsMeanwhile) + (row.ranDry ? ', until none were left' : ''),
      middle(row.share),
      middle(row.longestClaim, ' ms'),
    ]),
  )
}

function acrossTables(
  { tables, rows }: Results['growth'],
  wanted: Results['growth']['rows'][number]['kind'],
  value: (row: Results['growth']['rows'][number]) => number,
): string {
  const some = rows.filter(({ kind }) => kind === wanted)
  return table(
    ['', ...tables.map((each) => each.table)],
    [...new Set(some.map(({ what }) => what))].map((name) => [
      name,
      ...some.filter(({ what }) => what === name).map((row) => number(value(row))),
    ]),
  )
}

function memory(growth: Results['growth']): string {
  return table(
    ['', 'ids', 'seconds', 'MB, server', 'MB, client'],
    growth.memory.map(({ what, ids, seconds, server, client }) => [
      ...[what, number(ids), number(seconds)],
      ...[server === null ? 'not to be seen' : number(server), number(client)],
    ]),
  )
}

/** Tasks a second, a line for each table and queue. */
function rates({ tables, rows }: Results['work']): string {
  const loads = [
    ...new Map(rows.map(({ handler, concurrency }) => [`${handler} ${concurrency}`, { handler, concurrency }])).values(),
  ]
  const queues = [...new Set(rows.map(({ queue }) => queue))]
  return table(
    ['tasks', 'worker', ...loads.map(({ handler, concurrency }) => `${concurrency}${handler === 0 ? '' : ` × ${handler} ms`}`)],
    tables.flatMap((each) =>
      queues.map((queue) => [
        each.table,
        queue,
        ...loads.map(({ handler, concurrency }) =>
          number(
            rows.find(
              (row) =>
                row.table === each.table && row.queue === queue && row.handler === handler && row.concurrency === concurrency,
            )?.perSecond ?? NaN,
          ),
        ),
      ]),
    ),
    [':--', ':--', ...loads.map(() => '--:')],
  )
}

function calls({ calls: rows }: Results['work']): string {
  return table(
    ['', 'published a second', 'milliseconds until it is handled', 'transactions a second when idle'],
    rows.map(({ queue, published, latency, idle }) => [queue, number(published), middle(latency), number(idle)]),
  )
}
