// What the runbook, the monitoring and the scripts promise: no list stops in silence, and an undo of one whole call.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { codeBlocks } from '../support/code-blocks.ts'
import { useServer } from '../support/empty-database.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'
import { databaseOfKanthorq } from './database-of-kanthorq.ts'

const server = useServer(test)

const examples = readdirSync(join(projectFolder, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /maintenance.*\.sql$|monitoring.*\.(json|yml)$/.test(file))
  .map((file) => [`examples/${file}`, readFileSync(join(projectFolder, 'examples', file), 'utf8')] as const)
const documents = ['docs/operations.md', 'docs/monitoring.md', 'docs/scaling.md'].map(
  (file) => [file, codeBlocks(file).map(({ text }) => text)] as const,
)

for (const [file, texts] of [...documents, ...examples.map(([file, text]) => [file, [text]] as const)]) {
  test(`no list in ${file} stops in silence`, (t) => {
    const calls = texts.flatMap((text) => text.match(/kanthorq_task_(find|operations)\((\([^()]*\)|[^()])*\)/g) ?? [])
    // It has all rows, or so few that it shows examples. A bulk is one operation.
    const limited = calls.filter((call) => !/max_(tasks|operations) => (2147483647|\d)\b|bulk_id =>/.test(call))
    t.deepEqual(limited, [])
  })
}

test('the undo of the runbook takes back the whole call, and no later one of the same reason', async (t) => {
  const { url, client } = await databaseOfKanthorq(t, server)
  for (const subject of ['order.parked', 'order.queued'])
    await client.query(
      `call kanthorq_task_cancel_all('send_email', subject => '${subject}', batch_size => 1, reason => 'INC-43: wrong events')`,
    )
  const undo = codeBlocks('docs/operations.md').find(({ text }) => text.includes('call kanthorq_task_undo_all(:bulk_id'))
  const { code, stderr } = await runProgram('psql', [url, '-X', '-v', 'ON_ERROR_STOP=1'], { input: undo?.text ?? '' })
  t.is(code, 0, stderr)
  const { rows } = await client.query(
    `select subject, state, count(*)::integer as tasks from kanthorq_task_find('send_email')
     where subject in ('order.parked', 'order.queued') group by 1, 2 order by 1`,
  )
  t.deepEqual(rows, [
    { subject: 'order.parked', state: 'pending', tasks: 3 },
    { subject: 'order.queued', state: 'cancelled', tasks: 3 },
  ])
})
