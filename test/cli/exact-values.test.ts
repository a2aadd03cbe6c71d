// Numbers pass exactly, and metadata means what was typed.
import test from 'ava'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, statesOf, taskTable } from '../support/scene.ts'
import { kanthorqTasks, records } from '../support/command-line.ts'

const db = useDatabase(test)
const run = (...args: string[]) => kanthorqTasks(args, { env: { DATABASE_URL: db.url } })

/** Numbers that JavaScript rounds, in pairs of neighbours. */
const pairs = [
  ['9007199254740993', '9007199254740992'],
  ['0.1000000000000000000001', '0.1'],
  ['1e400', '-1e400'],
  ['123456789012345678901234567890', '123456789012345678901234567891'],
] as const

test('filters tell apart numbers that JavaScript does not, and JSON has them as the database does', async (t) => {
  for (const [index, [one, other]] of pairs.entries()) {
    const consumer = await makeConsumer(db, `exact_${String(index)}`)
    const ids = await makeTasks(db, consumer, ['pending', 'pending'])
    const table = await taskTable(db, consumer)
    for (const [at, number] of [one, other].entries())
      await db.owner.query(`update ${table} set metadata = $1 where event_id = $2`, [`{"n": ${number}, "k": "v"}`, ids[at]])
    const filter = ['--metadata', `{"n": ${one}}`, '--metadata', 'k=v']
    const { rows } = await db.owner.query<{ text: string }>(`select metadata::text as text from ${table} where event_id = $1`, [
      ids[0],
    ])
    const text = rows[0]?.text ?? ''
    t.is((await run('find', consumer, ...filter, '--ids')).stdout, `${ids[0] ?? ''}\n`, one)
    t.is((await run('find', consumer, ...filter, '--count')).stdout, '1\n')
    t.true((await run('find', consumer, ...filter, '--json')).stdout.includes(`"metadata":${text}`), text)
    const preview = await run('cancel', consumer, ...filter, '--dry-run', '--json')
    t.true(preview.stdout.includes(`"metadata": ${text}`), preview.stdout)
    t.is((await run('cancel', consumer, ...filter, '--yes')).stdout, '1 task cancelled\n')
    t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'pending'])
    t.is((await run('resume', consumer, ...filter, '--yes')).stdout, '1 task resumed\n')
  }
})

test('key=value looks for a text, and says how to look for a number where it finds nothing', async (t) => {
  const consumer = await makeConsumer(db, 'meant')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  await db.owner.query(`update ${await taskTable(db, consumer)} set metadata = '{"customer": 42, "vip": true}'`)
  const hint = (json: string) => `--metadata key=value looks for a text; for the other meaning: --metadata '${json}'\n`
  for (const args of [
    ['find', consumer],
    ['find', consumer, '--count'],
    ['cancel', consumer, '--yes'],
  ]) {
    const { code, stderr } = await run(...args, '--metadata', 'customer=42')
    t.is(code, 3)
    t.true(stderr.endsWith(hint('{"customer": 42}')), stderr)
  }
  const { stdout } = await run('cancel', consumer, '--metadata', 'vip=true', '--dry-run')
  t.true(stdout.endsWith(hint('{"vip": true}')), stdout)
  t.is((await run('find', consumer, '--metadata', '{"customer": 42}', '--ids')).stdout, `${id}\n`)
  t.is((await run('find', consumer, '--metadata', 'customer=Ann')).stderr, 'no task of meant matches\n')
})

test('CSV has a line of headings, and quotes what needs it', async (t) => {
  const consumer = await makeConsumer(db, 'sheet')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  await db.owner.query(
    `update ${await taskTable(db, consumer)} set attempted_error = array['{"error": "say \\"no\\",\\nthen"}'::jsonb]`,
  )
  const { stdout } = await run('find', consumer, '--csv')
  t.regex(
    stdout,
    new RegExp(
      `^eventId,subject,state,.*,createdAt,updatedAt\\n${id},order\\.created,pending,.*,"say ""no"",\\nthen","{""customer"": ""42""}",`,
    ),
  )
  t.is((await run('stats', consumer, '--csv')).stdout.split('\n').length, 3)
})

test("'*' is all consumers, in find and in calls by filter", async (t) => {
  for (const name of ['each_a', 'each_b']) await makeTasks(db, await makeConsumer(db, name), ['discarded', 'discarded'])
  const filter = ['--state', 'discarded', '--subject', 'order.created']
  t.is((await run('find', '*', ...filter, '--count')).stdout, '4\n')
  const found = records<{ consumer: string }>(await run('find', '*', ...filter, '--json'))
  t.deepEqual(
    found.map(({ consumer }) => consumer),
    ['each_a', 'each_a', 'each_b', 'each_b'],
  )
  t.regex(
    (await run('find', '*', ...filter, '--limit', '3')).stdout,
    /^CONSUMER +EVENT ID .*\neach_a .*\neach_a .*\neach_b .*\n$/,
  )
  t.regex(
    (await run('resume', '*', ...filter, '--dry-run')).stdout,
    /resume would take 2 tasks of each_a: [^]*resume would take 2 tasks of each_b: /,
  )
  const moved = await run('resume', '*', ...filter, '--yes', '--reason', 'all')
  t.regex(moved.stdout, /^2 tasks of each_a resumed$/m)
  t.regex(moved.stdout, /^2 tasks of each_b resumed$/m)
  t.is((await run('find', '*', ...filter, '--count')).stdout, '0\n')
})
