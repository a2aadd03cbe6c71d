// The queries for Grafana and for the exporters, run by a viewer.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { parse } from 'yaml'
import { codeBlocks } from '../support/code-blocks.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { projectFolder } from '../support/run-program.ts'
import { databaseOfKanthorq } from './database-of-kanthorq.ts'

const server = useServer(test)
const blocks = codeBlocks('docs/monitoring.md')
const [grant = { text: '' }, ...queries] = blocks

test('the code blocks of the document are SQL', (t) => {
  t.true(queries.length >= 7)
  t.deepEqual([...new Set(blocks.map(({ language }) => language))], ['sql'])
})

for (const { above, text } of queries) {
  const [, title] = /\*\*(.*?)\.\*\*/.exec(above) ?? ['', text.split('\n')[0]]
  test(`Grafana can show ${title ?? ''}`, async (t) => {
    const { viewer } = await useKanthorq(t)
    const { rows, fields } = await viewer.query<Record<string, unknown>>(withoutMacros(text))
    t.true(rows.length > 0)
    const time = fields.find(({ name }) => name === 'time')
    if (time === undefined) return
    t.is(time.dataTypeID, pg.types.builtins.TIMESTAMPTZ)
    t.true(fields.some(({ dataTypeID }) => dataTypeID !== time.dataTypeID))
    // Grafana expects sorted times.
    const times = rows.map((row) => Number(row['time']))
    t.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
  })
}

test('the alerts name the consumer and count stuck, discarded and waiting tasks', async (t) => {
  const { viewer, client } = await useKanthorq(t)
  const alert = async (value: string) => {
    const sql = queries.find(({ text }) => text.includes(`::float8 as ${value}`))?.text ?? ''
    const { rows } = await viewer.query<Record<string, unknown>>(sql)
    t.is(rows.length, 1)
    t.is(rows[0]?.['consumer_name'], 'send_email')
    return Number(rows[0]?.[value])
  }
  t.is(await alert('stuck'), 6)
  t.true((await alert('overdue')) > 0)

  t.is(await alert('discarded'), 0, 'those of the fixture were discarded long ago')
  await client.query("call kanthorq_task_discard_all('send_email', everything => true)")
  t.is(await alert('discarded'), 6)
  t.is(await alert('stuck'), 0)
})

test('the rows have the columns that the collector of sql_exporter names', async (t) => {
  const { viewer } = await useKanthorq(t)
  const { collector_name, metrics, queries } = readYaml('kanthorq_tasks.collector.yml') as {
    collector_name: string
    metrics: { key_labels: string[]; values: string[]; query_ref: string }[]
    queries: { query_name: string; query: string }[]
  }
  t.is(collector_name, 'kanthorq_tasks')
  t.is(metrics.length, 3)
  for (const { key_labels, values, query_ref } of metrics) {
    const { query = '' } = queries.find(({ query_name }) => query_name === query_ref) ?? {}
    await holds(t, viewer, query, key_labels, values)
  }
})

test('the rows have the columns that the file of postgres_exporter names', async (t) => {
  const { viewer } = await useKanthorq(t)
  const { kanthorq_tasks: tasks } = readYaml('postgres_exporter.yml') as {
    kanthorq_tasks: { query: string; metrics: Record<string, { usage: string }>[] }
  }
  const columns = tasks.metrics.flatMap((metric) => Object.entries(metric))
  const named = (wanted: string) => columns.filter(([, { usage }]) => usage === wanted).map(([name]) => name)
  t.is(named('LABEL').length + named('GAUGE').length, columns.length)
  await holds(t, viewer, tasks.query, named('LABEL'), named('GAUGE'))
})

/** Asserts that a query returns a row for each distinct set of labels, with numbers or nulls. */
async function holds(t: ExecutionContext, viewer: pg.Client, query: string, labels: string[], values: string[]): Promise<void> {
  const { rows } = await viewer.query<Record<string, unknown>>(query)
  t.is(rows.length, 7)
  t.is(new Set(rows.map((row) => JSON.stringify(labels.map((label) => row[label])))).size, 7)
  for (const label of labels) t.true(rows.every((row) => typeof row[label] === 'string'))
  for (const value of values) {
    const numbers = rows.map((row) => row[value]).filter((number) => number !== null)
    t.true(numbers.map(Number).every(Number.isFinite), value)
    t.true(Math.max(...numbers.map(Number)) > 0, value)
  }
}

function readYaml(file: string): unknown {
  return parse(readFileSync(join(projectFolder, 'examples/monitoring', file), 'utf8'))
}

/** Replaces Grafana's macros as Grafana does, for a time range that excludes nothing. */
function withoutMacros(sql: string): string {
  return sql.replace(/\$__timeFilter\(([\w.]+)\)/g, "$1 between '2000-01-01T00:00:00Z' and '2100-01-01T00:00:00Z'")
}

/** A database of KanthorQ's with one operation, and a role with the rights that the document grants. */
async function useKanthorq(t: ExecutionContext) {
  const { url, client } = await databaseOfKanthorq(t, server)
  await client.query("select kanthorq_task_cancel('send_email', array['event_01m86243pcep6et4pajx64trgk'])")
  const { name, into } = await server.role()
  await client.query(grant.text.replace('grafana', name))
  return { client, viewer: await connect(t, into(url)) }
}
