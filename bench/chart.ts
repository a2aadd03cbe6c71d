import type { Results } from './results.ts'
import { number } from './table.ts'

/**
 * The tasks that workers claim in a second, from when the cancelling begins: a course for each contender, one under the
 * other, all of the same scale. The text of an SVG file that is legible on a light and on a dark page.
 */
export function chartOfClaims({ rows }: Results['filter']): string {
  const points = rows.flatMap(({ course }) => course)
  const seconds = points.map(({ second }) => second)
  const [first, last] = [Math.min(...seconds), Math.max(...seconds)]
  const most = Math.max(1, ...points.map(({ claims }) => claims))
  const height = 50 + rows.length * 110
  const x = (second: number) => Math.round(50 + ((second - first) / (last - first || 1)) * 790)
  const courses = rows.flatMap(({ contender, course }, n) => {
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
  const scale = [first, 0, last].map((second) => text(x(second), height - 5, `${number(second)} s`, 'text-anchor="middle"'))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 870 ${height}" width="870" height="${height}">
<style>
svg { color: #1f2328; font: 12px system-ui, sans-serif } text { fill: currentColor }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }
</style>
${text(0, 16, 'Tasks that workers claim in a second, from when the cancelling begins', 'font-weight="bold"')}
${[...courses, ...scale].join('')}
</svg>
`
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content.replaceAll('>', '&gt;')}</text>`
}
