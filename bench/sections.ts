// The sections of the documents that are made from results.
import type { Conditions } from './conditions.ts'
import { actions, type Action } from './contenders/contender.ts'
import { name as ours } from './contenders/kanthorq-tasks.ts'
import { capacity } from './capacity.ts'
import type { GrowthResult, IdsResult, Results } from './results.ts'
import { middle, number, table } from './table.ts'

type Section = (results: Partial<Results>) => string

/** What stands where nothing has been measured yet. */
export const missing = 'Not measured yet.'

/** By the name that it has in a document. */
export const sections: Readonly<Record<string, Section | undefined>> = {
  conditions: ({ ids, filter, growth }) => {
    const all = [ids, filter, growth].flatMap((result) => result?.conditions ?? [])
    const same = new Set(all.map(describe))
    return same.size === 0 ? missing : [...same].join('\n\n')
  },
  ...Object.fromEntries(
    actions.flatMap((action) => [
      [`ids-${action}-ms`, section('ids', (result) => byIds(result, action, 'ms'))],
      [`ids-${action}-times`, section('ids', (result) => byIds(result, action, 'timesBare'))],
    ]),
  ),
  'ids-summary': section('ids', summary),
  'ids-chart': section('ids', () => chart('ids', 'Time by ids, as a multiple of the bare UPDATE')),
  filter: section('filter', ({ rows }) =>
    table(
      [
        '',
        'cancelled',
        'seconds',
        'times the one UPDATE',
        'claims/s alone',
        'meanwhile',
        'share',
        'slowest claim',
      ],
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
    ),
  ),
  'filter-setup': section('filter', ({ tasks, matching, workers, claimSize, rows }) => {
    const rounds = Math.min(...rows.map((row) => row.rounds))
    return (
      `${number(matching)} of ${number(tasks)} tasks match. Workers: ${workers}, each of which asks for ` +
      `${claimSize} tasks at a time; rounds: ${rounds}.`
    )
  }),
  'filter-chart': section('filter', () =>
    chart('filter', 'Claims a second while a tenth of the tasks is cancelled'),
  ),
  'growth-ids': section('growth', (result) =>
    acrossTables(
      result,
      ({ what }) => !what.startsWith('find'),
      ({ ms, tasks }) => (ms.median / tasks) * 1000,
    ),
  ),
  'growth-find': section('growth', (result) =>
    acrossTables(
      result,
      ({ what }) => what.startsWith('find'),
      ({ ms }) => ms.median,
    ),
  ),
  'growth-chart': section('growth', () => chart('growth', 'Microseconds for each task of a call')),
  memory: section('growth', ({ memory }) =>
    table(
      ['', 'ids', 'seconds', 'MB, server', 'MB, client'],
      memory.map(({ what, ids, seconds, server, client }) => [
        what,
        number(ids),
        number(seconds),
        server === null ? 'not to be seen' : number(server),
        number(client),
      ]),
    ),
  ),
  partitions: section('growth', ({ rows }) =>
    table(
      ['', 'one table', '16 partitions', 'times'],
      pairs(rows, '1 million', '16 partitions').map(([what, one, parts]) => [
        what,
        `${number(one)} ms`,
        `${number(parts)} ms`,
        number(parts / one),
      ]),
    ),
  ),
  capacity: ({ filter, growth }) =>
    filter === undefined || growth === undefined ? missing : capacity(filter, growth),
}

function section<P extends keyof Results>(part: P, write: (result: Results[P]) => string): Section {
  return ({ [part]: result }) => (result === undefined ? missing : write(result))
}

function chart(part: keyof Results, title: string): string {
  return `![${title}](../bench/results/${part}.svg)`
}

function describe({ date, machine, system, scale, versions, settings }: Conditions): string {
  const list = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `${name} ${value}`)
  return [
    `- ${date}, ${machine}, ${system}`,
    `- ${list(versions).join(', ')}`,
    `- ${list(settings)
      .map((setting) => `\`${setting}\``)
      .join(', ')}`,
    ...(scale === 1 ? [] : [`- **tables at ${scale} of their full size**`]),
  ].join('\n')
}

function byIds({ rows }: IdsResult, action: Action, of: 'ms' | 'timesBare'): string {
  const some = rows.filter((row) => row.action === action)
  const sizes = [...new Set(some.map(({ ids }) => ids))]
  const cells = (contender: string, cell: (row: IdsResult['rows'][number]) => string) =>
    sizes.map((ids) => {
      const row = some.find((each) => each.contender === contender && each.ids === ids)
      return row === undefined ? '' : cell(row)
    })
  return table(
    ['', ...sizes.map((ids) => (ids === 1 ? '1 id' : `${number(ids)} ids`))],
    [
      ...[...new Set(some.map(({ contender }) => contender))].map((contender) => [
        contender,
        ...cells(contender, (row) => middle(row[of])),
      ]),
      ['rounds', ...cells(ours, (row) => number(row.rounds))],
    ],
  )
}

function summary({ rows }: IdsResult): string {
  const mine = rows.filter(({ action, contender }) => action === 'cancel' && contender === ours)
  return mine
    .map(({ ids, ms, timesBare }) => {
      const what = ids === 1 ? 'Cancelling one task' : `Cancelling ${number(ids)} tasks`
      return `- ${what} takes ${number(ms.median)} ms, ${number(timesBare.median)} times what the bare UPDATE takes.`
    })
    .join('\n')
}

type GrowthRow = GrowthResult['rows'][number]

function acrossTables(
  { tables, rows }: GrowthResult,
  fits: (row: GrowthRow) => boolean,
  value: (row: GrowthRow) => number,
): string {
  return table(
    ['', ...tables.map((each) => each.table)],
    [...new Set(rows.filter(fits).map(({ what }) => what))].map((what) => [
      what,
      ...rows.filter((row) => row.what === what).map((row) => number(value(row))),
    ]),
  )
}

/** What each call takes in the one table and in the other. */
function pairs(rows: readonly GrowthRow[], one: string, other: string): [string, number, number][] {
  const median = (name: string, what: string) =>
    rows.find((row) => row.table === name && row.what === what)?.ms.median ?? Number.NaN
  return [...new Set(rows.map(({ what }) => what))].map((what) => [
    what,
    median(one, what),
    median(other, what),
  ])
}
