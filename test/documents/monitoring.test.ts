// The queries for Grafana and for the exporters, run by a viewer, and the alerts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { parse } from 'yaml'
import { codeBlocks } from '../support/code-blocks.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { anchorsOf, readDocument } from '../support/documents.ts'
import { dumpedTasks } from '../support/kanthorq-dump.ts'
import { projectFolder } from '../support/run-program.ts'
import { databaseOfKanthorq } from './database-of-kanthorq.ts'

const server = useServer(test)
const blocks = codeBlocks('docs/monitoring.md')
const [grant = { text: '' }, ...queries] = blocks

/** A query of the dashboard, in a panel, a variable or an annotation. */
interface Target {
  title: string
  format: string
  rawSql: string
}

const dashboard = JSON.parse(readFileSync(join(projectFolder, 'examples/monitoring/grafana-dashboard.json'), 'utf8')) as {
  __inputs: { name: string; pluginId: string }[]
  panels: { title: string; targets: Target[] }[]
  templating: { list: { name: string; query: string }[] }
  annotations: { list: { name: string; target: Target }[] }
}
const targets: Target[] = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map((target) => ({ ...target, title }))),
  ...dashboard.templating.list.map(({ name, query }) => ({ title: name, format: 'table', rawSql: query })),
  ...dashboard.annotations.list.map(({ name, target }) => ({ ...target, title: `${name} as marks`, format: 'time_series' })),
]

const collector = readYaml('kanthorq_tasks.collector.yml') as {
  collector_name: string
  metrics: { metric_name: string; key_labels: string[]; values: string[]; query_ref: string }[]
  queries: { query_name: string; query: string }[]
}
const exporter = readYaml('postgres_exporter.yml') as Record<
  string,
  { query: string; metrics: Record<string, { usage: string }>[] }
>

test('the code blocks of the document are SQL', (t) => {
  t.true(queries.length >= 3)
  t.deepEqual([...new Set(blocks.map(({ language }) => language))], ['sql'])
})

for (const { above, text } of queries) {
  const [, title] = /\*\*(.*?)\.\*\*/.exec(above) ?? ['', text.split('\n')[0]]
  test(`Grafana can alert: ${title ?? ''}`, async (t) => {
    const { viewer } = await useKanthorq(t)
    isTimeSeries(t, await viewer.query<Record<string, unknown>>(text))
  })
}

for (const { title, format, rawSql } of targets) {
  test(`Grafana can show ${title}`, async (t) => {
    const { viewer } = await useKanthorq(t)
    const result = await viewer.query<Record<string, unknown>>(withoutMacros(rawSql))
    if (format === 'time_series') isTimeSeries(t, result)
    else t.true(result.rows.length > 0)
  })
}

test('the dashboard asks for the data source of all its queries', (t) => {
  t.deepEqual(
    dashboard.__inputs.map(({ pluginId }) => pluginId),
    ['postgres'],
  )
  const uids = [...JSON.stringify(dashboard).matchAll(/"uid":"(\$[^"]*)"/g)].map(([, uid]) => uid)
  t.true(uids.length > targets.length)
  t.deepEqual([...new Set(uids)], [`\${${dashboard.__inputs[0]?.name ?? ''}}`])
})

test('the alerts name the consumer and count stuck and waiting tasks', async (t) => {
  const { viewer, client } = await useKanthorq(t)
  const alert = async (value: string) => {
    const { rows } = await viewer.query<Record<string, unknown>>(alertOn(value))
    t.is(rows.length, 1)
    t.is(rows[0]?.['consumer_name'], 'send_email')
    return Number(rows[0]?.[value])
  }
  t.is(await alert('stuck'), 5)
  t.true((await alert('overdue')) > 0)
  await client.query("call kanthorq_task_discard_all('send_email', everything => true)")
  t.is(await alert('stuck'), 0)
})

test('discarded tasks are counted by when they were discarded, not by how old their events are', async (t) => {
  const { viewer, client } = await useKanthorq(t)
  // 11,000 of yesterday, after 500 with older events that were discarded a minute ago.
  await client.query(`
    insert into ${dumpedTasks} (event_id, subject, state, finalized_at)
    select 'event_0000000000000000000' || to_char(n, 'FM0000000'), 'order.late', -102,
      extract(epoch from now() - case when n <= 500 then interval '1 minute' else interval '1 day' end) * 1000
    from generate_series(1, 11500) n`)
  const queryOf = (title: string) => targets.find((target) => target.title === title)?.rawSql ?? ''
  const recent: Record<string, [sql: string, column: string]> = {
    alert: [alertOn('discarded'), 'discarded'],
    panel: [queryOf('Discarded in the last 15 minutes'), 'discarded'],
    'panel over time': [queryOf('Discarded tasks'), 'discarded'],
    'panel of errors': [queryOf('Errors'), 'tasks'],
    sql_exporter: [collector.queries.find(({ query_name }) => query_name === 'discarded')?.query ?? '', 'discarded'],
    postgres_exporter: [exporter['kanthorq_tasks_discarded']?.query ?? '', 'recently'],
  }
  const counts = async () => {
    const found: Record<string, number> = {}
    for (const [where, [sql, column]] of Object.entries(recent)) {
      const { rows } = await viewer.query<Record<string, unknown>>(withoutMacros(sql, "now() - interval '15 minutes'"))
      found[where] = rows.map((row) => Number(row[column])).reduce((sum, count) => sum + count, 0)
    }
    return found
  }
  const all = (count: number) => Object.fromEntries(Object.keys(recent).map((where) => [where, count]))
  t.deepEqual(await counts(), all(501))
  await client.query(`update ${dumpedTasks} set finalized_at = finalized_at - 7200000 where finalized_at > 0`)
  t.deepEqual(await counts(), all(0))
})

test('the rows have the columns that the collector of sql_exporter names', async (t) => {
  const { viewer } = await useKanthorq(t)
  t.is(collector.collector_name, 'kanthorq_tasks')
  for (const { key_labels, values, query_ref } of collector.metrics) {
    const { query = '' } = collector.queries.find(({ query_name }) => query_name === query_ref) ?? {}
    await holds(t, viewer, query, key_labels, values)
  }
})

test('the rows have the columns that the file of postgres_exporter names', async (t) => {
  const { viewer } = await useKanthorq(t)
  for (const { query, metrics } of Object.values(exporter)) {
    const columns = metrics.flatMap((metric) => Object.entries(metric))
    const named = (wanted: string) => columns.filter(([, { usage }]) => usage === wanted).map(([name]) => name)
    t.is(named('LABEL').length + named('GAUGE').length, columns.length)
    await holds(t, viewer, query, named('LABEL'), named('GAUGE'))
  }
})

test('the alerts of Prometheus use metrics that both exporters have, and lead to a runbook', (t) => {
  const { groups } = readYaml('prometheus-rules.yml') as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string; runbook: string } }[] }[]
  }
  const rules = groups.flatMap((group) => group.rules)
  const ofExporter = Object.entries(exporter).flatMap(([key, { metrics }]) =>
    metrics.flatMap((metric) => Object.keys(metric).map((column) => `${key}_${column}`)),
  )
  const used = rules.flatMap(({ expr }) => expr.match(/kanthorq_\w+/g) ?? [])
  t.true(used.length >= rules.length)
  for (const metrics of [collector.metrics.map(({ metric_name }) => metric_name), ofExporter])
    t.deepEqual(
      used.filter((name) => !metrics.includes(name)),
      [],
    )
  const document = readDocument('docs/monitoring.md')
  for (const { alert, annotations } of rules) {
    t.true(document.includes(`\`${alert}\``), alert)
    const [file = '', anchor = ''] = annotations.runbook.split('#')
    t.true(anchorsOf(file).includes(anchor), annotations.runbook)
  }
})

/** The query of an alert in the document. */
function alertOn(value: string): string {
  return queries.find(({ text }) => text.includes(`::float8 as ${value}`))?.text ?? ''
}

/** Asserts that a result has sorted times, as Grafana expects, and another column. */
function isTimeSeries(t: ExecutionContext, { rows, fields }: pg.QueryResult<Record<string, unknown>>): void {
  t.true(rows.length > 0)
  const time = fields.find(({ name }) => name === 'time')
  t.is(time?.dataTypeID, pg.types.builtins.TIMESTAMPTZ)
  t.true(fields.some(({ dataTypeID }) => dataTypeID !== time?.dataTypeID))
  const times = rows.map((row) => Number(row['time']))
  t.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
}

/** Asserts that a query returns a row for each distinct set of labels, with numbers or nulls. */
async function holds(t: ExecutionContext, viewer: pg.Client, query: string, labels: string[], values: string[]): Promise<void> {
  const { rows } = await viewer.query<Record<string, unknown>>(query)
  const distinct = new Set(rows.map((row) => JSON.stringify(labels.map((label) => row[label]))))
  t.is(distinct.size, labels.includes('state') ? 7 : 1)
  t.is(rows.length, distinct.size)
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

/** Replaces Grafana's macros and the variable as Grafana does, for the time range from a point on. */
function withoutMacros(sql: string, from = "'2000-01-01T00:00:00Z'"): string {
  return sql
    .replace(/\$__timeFilter\(([\w.]+)\)/g, `$1 between ${from} and '2100-01-01T00:00:00Z'`)
    .replaceAll('${consumer:sqlstring}', "'send_email'")
}

/** A database of KanthorQ's with one operation, and a role with the rights that the document grants. */
async function useKanthorq(t: ExecutionContext) {
  const { url, client } = await databaseOfKanthorq(t, server)
  await client.query("select kanthorq_task_cancel('send_email', array['event_01m86243pcep6et4pajx64trgk'])")
  // One that was discarded just now.
  await client.query("select kanthorq_task_discard('send_email', array['event_01m8623p0hft2sae2tj5y15gjc'])")
  const { name, into } = await server.role()
  await client.query(grant.text.replace('grafana', name))
  return { client, viewer: await connect(t, into(url)) }
}
