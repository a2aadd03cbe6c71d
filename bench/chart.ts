import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { name as ours } from './contenders/kanthorq-tasks.ts'
import type { Results } from './results.ts'
import { number } from './table.ts'

/** How the result of each part is drawn: as the text of an SVG file that is legible on a light and on a dark page. */
export const charts: { [P in keyof Results]: (result: Results[P]) => string } = {
  ids: ({ rows }) =>
    bars(
      'Time, as a multiple of the bare UPDATE of the same tasks',
      rows.map((row) => ({
        column: `${number(row.ids)} ${row.ids === 1 ? 'id' : 'ids'}`,
        row: row.action,
        bar: row.contender,
        value: row.timesBare.median,
        highlighted: row.contender === ours,
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
          column: row.table,
          row: '',
          bar: row.what,
          value: (row.ms.median / row.tasks) * 1000,
          highlighted: true,
        })),
    ),
}

interface Bar {
  column: string
  row: string
  bar: string
  value: number
  highlighted: boolean
}

const highlight = '#3b82f6'
const plain = '#8b949e'

/** A bar for each value, as long as it is; what is far longer than most leaves the chart, but for its number. */
function bars(title: string, values: readonly Bar[]): string {
  const longest = values.map(({ value }) => value).toSorted((a, b) => a - b)
  const end = (longest[Math.floor(longest.length * 0.85)] ?? 1) * 1.2
  const names = (of: keyof Bar) => [...new Set(values.map((each) => each[of]))]
  const place = { fx: 'column', fy: 'row', y: 'bar' }
  return svg({
    title,
    height: 60 + names('row').length * (names('bar').length * 18 + 12),
    marginLeft: 125,
    marginRight: names('row').length > 1 ? 60 : 20,
    marginTop: 50,
    marginBottom: 10,
    fx: { axis: 'top', domain: names('column'), label: null, padding: 0.3 },
    fy: { domain: names('row'), label: null },
    x: { domain: [0, end], axis: null, clamp: true },
    y: { domain: names('bar'), label: null, tickSize: 0 },
    marks: [
      Plot.barX(values, {
        ...place,
        x: 'value',
        fill: ({ highlighted }: Bar) => (highlighted ? highlight : plain),
        insetTop: 2,
        insetBottom: 2,
      }),
      Plot.text(values, {
        ...place,
        x: 'value',
        text: ({ value }: Bar) => number(value),
        textAnchor: 'start',
        dx: 3,
        fill: 'currentColor',
      }),
    ],
  })
}

/** A course for each contender, one under the other. */
function courses(title: string, rows: Results['filter']['rows']): string {
  const points = rows.flatMap(({ contender, course }) =>
    course.map((point) => ({ contender, ...point })),
  )
  const place = { fy: 'contender', x: 'second', y: 'claims', curve: 'step-after' }
  return svg({
    title,
    height: 60 + rows.length * 110,
    marginLeft: 60,
    marginTop: 40,
    fy: { domain: rows.map(({ contender }) => contender), axis: null, padding: 0.25 },
    x: { label: 'seconds' },
    y: {
      label: null,
      grid: true,
      ticks: 3,
      domain: [0, Math.max(1, ...points.map(({ claims }) => claims))],
    },
    marks: [
      Plot.areaY(points, { ...place, fill: highlight, fillOpacity: 0.3 }),
      Plot.line(points, { ...place, stroke: highlight }),
      Plot.ruleX([0], { stroke: 'currentColor', strokeDasharray: '3' }),
      Plot.text(rows, {
        fy: 'contender',
        text: 'contender',
        frameAnchor: 'top-left',
        dx: 4,
        dy: -14,
        fontWeight: 'bold',
        fill: 'currentColor',
      }),
    ],
  })
}

function svg({ title, ...options }: { title: string; [option: string]: unknown }): string {
  const { document } = parseHTML('<html></html>')
  const chart = Plot.plot({ document, width: 800, ...options, style: { fontSize: '12px' } })
  chart.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  chart.insertAdjacentHTML(
    'afterbegin',
    `<style>
svg { color: #1f2328 }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }
</style>
<text x="0" y="16" text-anchor="start" font-weight="bold">${title}</text>`,
  )
  return `${chart.outerHTML}\n`
}
