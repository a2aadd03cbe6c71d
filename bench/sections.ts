import { capacity } from './capacity.ts'
import type { Conditions } from './conditions.ts'
import type { Action } from './contenders/contender.ts'
import { ours } from './contenders/on-kanthorq.ts'
import type { Results } from './results.ts'
import { middle, number, table } from './table.ts'

/** What documents show of these results, by the names of their sections. */
export function sectionsOf({ ids, filter, growth }: Partial<Results>): Record<string, string> {
  const conditions = [ids, filter, growth].flatMap((result) => result?.conditions ?? [])
  return {
    conditions: [...new Set(conditions.map(describe))].join('\n\n'),
    ...(ids && {
      'ids-summary': summary(ids),
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
      'growth-ids': acrossTables(growth, false, ({ ms, tasks }) => (ms.median / tasks) * 1000),
      'growth-find': acrossTables(growth, true, ({ ms }) => ms.median),
      memory: memory(growth),
    }),
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

function summary({ rows }: Results['ids']): string {
  return rows
    .filter(({ action, contender }) => action === 'cancel' && contender === ours)
    .map(({ ids, ms, timesBare }) => {
      const what = ids === 1 ? 'Cancelling one task' : `Cancelling ${number(ids)} tasks`
      return `- ${what} takes ${number(ms.median)} ms, ${number(timesBare.median)} times what the bare UPDATE takes.`
    })
    .join('\n')
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
  areFinds: boolean,
  value: (row: Results['growth']['rows'][number]) => number,
): string {
  const some = rows.filter(({ what }) => what.startsWith('find') === areFinds)
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
