import { ours } from './contenders/on-kanthorq.ts'
import type { Part, Results } from './results.ts'
import { number } from './table.ts'

/** How the result of each part is drawn: as the text of an SVG file that is legible on a light and on a dark page. */
export const charts: { [P in Part]: (result: Results[P]) => string } = {
  ids: ({ rows }) =>
    bars(
      'Time, as a multiple of the bare UPDATE of the same tasks',
      rows.toSorted(byAction).map((row) => ({
        group: `${row.action}: ${number(row.ids)} ${row.ids === 1 ? 'id' : 'ids'}`,
        bar: row.contender,
        value: row.timesBare.median,
        isPlain: row.contender !== ours,
      })),
    ),
  filter: ({ rows }) =>
    courses('Tasks that workers claim in a second, from when the cancelling begins', rows),
  growth: ({ rows }) =>
    bars(
      'Microseconds for each task of a call',
      rows
        .filter(({ what }) => !what.startsWith('find'))
        .map((row) => ({
          group: row.table,
          bar: row.what,
          value: (row.ms.median / row.tasks) * 1000,
        })),
    ),
}

function byAction(a: { action: string }, b: { action: string }): number {
  return a.action.localeCompare(b.action)
}

interface Bar {
  group: string
  bar: string
  value: number
  isPlain?: boolean
}

/** A column of bars for each group, three beside each other; a bar that is far longer than most is cut. */
function bars(title: string, all: readonly Bar[]): string {
  const lengths = all.map(({ value }) => value).toSorted((a, b) => a - b)
  const end = (lengths[Math.floor(lengths.length * 0.85)] ?? 1) * 1.2
  const groups = [...new Set(all.map(({ group }) => group))]
  const height = 40 + (all.length / groups.length) * 18
  const drawn = groups.flatMap((group, n) => {
    const [left, top] = [(n % 3) * 290, Math.floor(n / 3) * height + 45]
    const rows = all.filter((each) => each.group === group)
    return [
      text(left + 118, top, group, 'font-weight="bold"'),
      ...rows.flatMap(({ bar, value, isPlain = false }, row) => {
        const y = top + 8 + row * 18
        const width = Math.round(Math.min(value / end, 1) * 115)
        return [
          text(left + 112, y + 12, bar, 'text-anchor="end"'),
          `<rect x="${left + 118}" y="${y}" width="${width}" height="14" fill="${isPlain ? '#8b949e' : '#3b82f6'}"/>`,
          text(left + 122 + width, y + 12, number(value)),
        ]
      }),
    ]
  })
  return svg(title, Math.ceil(groups.length / 3) * height + 30, drawn)
}

/** A course for each contender, one under the other, all of the same scale. */
function courses(title: string, rows: Results['filter']['rows']): string {
  const points = rows.flatMap(({ course }) => course)
  const seconds = points.map(({ second }) => second)
  const [first, last] = [Math.min(...seconds), Math.max(...seconds)]
  const most = Math.max(1, ...points.map(({ claims }) => claims))
  const x = (second: number) => Math.round(50 + ((second - first) / (last - first || 1)) * 790)
  const drawn = rows.flatMap(({ contender, course }, n) => {
    const bottom = 130 + n * 110
    const y = (claims: number) => Math.round(bottom - (claims / most) * 75)
    const path = course.map(({ second, claims }) => `H${x(second)}V${y(claims)}`).join('')
    const [begin, end] = [x(course[0]?.second ?? 0), x(course.at(-1)?.second ?? 0)]
    return [
      text(54, bottom - 82, contender, 'font-weight="bold"'),
      text(44, bottom - 65, number(most), 'text-anchor="end"'),
      text(44, bottom, '0', 'text-anchor="end"'),
      `<path d="M${begin} ${bottom}${path}H${end}V${bottom}Z" fill="#3b82f6" fill-opacity="0.4" stroke="#3b82f6"/>`,
      `<path d="M${x(0)} ${bottom}v-75" stroke="currentColor" stroke-dasharray="3"/>`,
      `<path d="M50 ${bottom}H840" stroke="currentColor" stroke-opacity="0.3"/>`,
    ]
  })
  const height = 130 + rows.length * 110 - 80
  const scale = [first, 0, last].map((second) =>
    text(x(second), height - 5, `${number(second)} s`, 'text-anchor="middle"'),
  )
  return svg(title, height, [...drawn, ...scale])
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content.replaceAll('>', '&gt;')}</text>`
}

function svg(title: string, height: number, drawn: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 870 ${height}" width="870" height="${height}">
<style>
svg { color: #1f2328; font: 12px system-ui, sans-serif } text { fill: currentColor }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }
</style>
${text(0, 16, title, 'font-weight="bold"')}
${drawn.join('')}
</svg>
`
}
