// npm run test:soak -- [minutes]: the tests that do things at random, round after round, each with another seed, until the time
// is over or one fails. Without a time it goes on until Ctrl-C.
import { randomInt } from 'node:crypto'
import { createTemplate } from '../test/support/template.ts'
import { runAva } from './run-ava.ts'
import { startServer } from './server.ts'

const files = [
  'test/concurrency/races.test.ts',
  'test/crashes/crashes.test.ts',
  'test/crashes/migration-killed.test.ts',
  'test/transitions/model.test.ts',
]

const minutes = Number(process.argv[2] ?? Infinity)
if (!(minutes > 0)) {
  console.error('usage: npm run test:soak -- [minutes]')
  process.exit(2)
}

const server = await startServer()
try {
  const template = await createTemplate(server.url)
  const deadline = Date.now() + minutes * 60_000
  for (let round = 1; Date.now() < deadline; round++) {
    const who = round % 2 === 1 ? 'owner' : 'operator'
    const choices = {
      KANTHORQ_TEST_EFFORT: '3',
      KANTHORQ_TEST_SEED: String(randomInt(2 ** 31)),
      KANTHORQ_TEST_AS: who,
    }
    console.log(
      `\nround ${round} on PostgreSQL ${server.version}, as ${who}, seed ${choices.KANTHORQ_TEST_SEED}`,
    )
    const { failed } = await runAva(files, {
      ...choices,
      DATABASE_URL: server.url,
      KANTHORQ_TEST_TEMPLATE: JSON.stringify(template),
    })
    if (failed > 0) {
      const again = Object.entries(choices).map(([name, value]) => `${name}=${value}`)
      console.log(`\nto see it again: ${again.join(' ')} npx ava ${files.join(' ')}`)
      process.exitCode = 1
      break
    }
  }
} finally {
  await server.stop()
}
