// The plans of the statements inside the transitions, as auto_explain reports them.
import test, { type ExecutionContext } from 'ava'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, only, taskTable } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

test('tasks are found by key, however many are named', async (t) => {
  const consumer = await makeConsumer(db, 'planned')
  const ids = await fillTable(db, consumer, 30_000, ['available', 'discarded', 'running'])
  const table = await taskTable(db, consumer)
  await db.owner.query(`analyze ${table}`)
  for (const count of [1, 500, 20_000]) {
    for (const transition of ['cancel', 'resume'] as const) {
      const chosen = ids.slice(0, count)
      const plans = await plansOf(t, (tasks) => tasks[transition](consumer, chosen))
      if (plans === undefined) return
      const used = plans.flatMap(nodes)
      const scans = used.filter((node) => node['Relation Name'] === table)
      t.true(scans.length > 0, 'a statement looks for the tasks')
      for (const scan of scans)
        t.regex(scan['Node Type'], /^(ModifyTable|Index Scan|Bitmap Heap Scan)$/)
      const indexes = used.flatMap((node) => node['Index Name'] ?? [])
      t.deepEqual(
        new Set(indexes.filter((name) => name.startsWith(table))),
        new Set([`${table}_pkey`]),
      )
    }
  }
})

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  Plans?: Plan[]
}

function nodes(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

/** The plans of all statements that the call runs, those inside functions too. Only a superuser may load auto_explain. */
async function plansOf(t: ExecutionContext, call: (tasks: TaskClient) => Promise<unknown>) {
  const session = await openSession(t, db.owner)
  const superuser = await session.query<{ is_superuser: string }>('show is_superuser')
  if (only(superuser).is_superuser !== 'on') {
    t.log('not looked at: to load auto_explain, connect as a superuser')
    t.pass()
    return undefined
  }
  await session.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration to 0;
    set auto_explain.log_nested_statements to on;
    set auto_explain.log_format to json;
    set auto_explain.log_level to notice;
  `)
  const plans: Plan[] = []
  session.on('notice', ({ message = '' }) => {
    const json = message.slice(message.indexOf('{'))
    if (message.includes('plan:')) plans.push((JSON.parse(json) as { Plan: Plan }).Plan)
  })
  await call(new TaskClient(session))
  session.removeAllListeners('notice')
  return plans
}
