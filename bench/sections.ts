// What the documents show of results.
import { capacity } from './capacity.ts'
import type { Conditions } from './conditions.ts'
import type { Action } from './contenders/contender.ts'
import { ours } from './contenders/on-kanthorq.ts'
import { parts, type Part, type Results } from './results.ts'
import { middle, number, table } from './table.ts'

type Growth = Results['growth']
type Section<P extends Part> = (result: Results[P]) => string

/** The sections of each part, by the names that they have in a document. */
export const sections: { [P in Part]: Record<string, Section<P>> } = {
  ids: {
    'ids-summary': ({ rows }) =>
      rows
        .filter(({ action, contender }) => action === 'cancel' && contender === ours)
        .map(({ ids, ms, timesBare }) => {
          const what = ids === 1 ? 'Cancelling one task' : `Cancelling ${number(ids)} tasks`
          return `- ${what} takes ${number(ms.median)} ms, ${number(timesBare.median)} times what the bare UPDATE takes.`
        })
        .join('\n'),
    'ids-cancel-ms': (result) => byIds(result, 'cancel'),
    'ids-resume-ms': (result) => byIds(result, 'resume'),
  },
  filter: {
    'filter-setup': ({ tasks, matching, workers, claimSize, rows }) =>
      `${number(matching)} of ${number(tasks)} tasks match. Workers: ${workers}, each of which asks for ` +
      `${claimSize} tasks at a time; rounds: ${Math.min(...rows.map((row) => row.rounds))}.`,
    filter: ({ rows }) =>
      table(
        [
          ...['', 'cancelled', 'seconds', 'times the one UPDATE', 'claims/s alone'],
          ...['meanwhile', 'share', 'slowest claim'],
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
  },
  growth: {
    'growth-ids': (result) =>
      acrossTables(result, false, ({ ms, tasks }) => (ms.median / tasks) * 1000),
    'growth-find': (result) => acrossTables(result, true, ({ ms }) => ms.median),
    memory: ({ memory }) =>
      table(
        ['', 'ids', 'seconds', 'MB, server', 'MB, client'],
        memory.map(({ what, ids, seconds, server, client }) => [
          ...[what, number(ids), number(seconds)],
          ...[server === null ? 'not to be seen' : number(server), number(client)],
        ]),
      ),
  },
}

/** All that can be said about these results, by the names of sections. */
export function sectionsOf(results: Partial<Results>): Map<string, string> {
  const { ids, filter, growth } = results
  const conditions = [ids, filter, growth].flatMap((result) => result?.conditions ?? [])
  const texts = new Map([['conditions', [...new Set(conditions.map(describe))].join('\n\n')]])
  for (const part of parts) {
    const result = results[part]
    if (result === undefined) continue
    for (const [name, write] of Object.entries(sections[part]))
      texts.set(name, (write as (result: unknown) => string)(result))
  }
  if (filter && growth) texts.set('capacity', capacity(filter, growth))
  return texts
}

function describe({ date, machine, system, scale, versions, settings }: Conditions): string {
  const list = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `${name} ${value}`)
  const shown = list(settings).map((setting) => `\`${setting}\``)
  return [
    `- ${date}, ${machine}, ${system}`,
    `- ${list(versions).join(', ')}`,
    `- ${shown.join(', ')}`,
    ...(scale === 1 ? [] : [`- **tables at ${scale} of their full size**`]),
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

function acrossTables(
  { tables, rows }: Growth,
  areFinds: boolean,
  value: (row: Growth['rows'][number]) => number,
): string {
  const names = new Set(rows.map(({ what }) => what))
  return table(
    ['', ...tables.map((each) => each.table)],
    [...names]
      .filter((what) => what.startsWith('find') === areFinds)
      .map((name) => [
        name,
        ...rows.filter(({ what }) => what === name).map((row) => number(value(row))),
      ]),
  )
}
