// The pages of docs/reference are up to date: npm run generate would write the same.
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks'
import { commandLinePage } from '../../scripts/reference/command-line.ts'
import type { Page } from '../../scripts/reference/page.ts'
import { describedIn, sqlPage } from '../../scripts/reference/sql.ts'
import { typeScriptPage } from '../../scripts/reference/typescript.ts'
import { useServer } from '../support/empty-database.ts'

const { emptyDatabase } = useServer(test)

test('the reference of the functions is what the catalog says', async (t) => {
  isUpToDate(t, await sqlPage(await installed(t)))
})

test('the reference of the TypeScript client is what its TSDoc says', async (t) => {
  isUpToDate(t, await typeScriptPage())
})

test('the reference of the command line is what --help prints', async (t) => {
  isUpToDate(t, await commandLinePage())
})

test('the reference of the functions has each of them, with its comment', async (t) => {
  const client = await installed(t)
  const { text } = await sqlPage(client)
  const all = await describedIn(client)
  t.true(all.length > 20)
  t.false(text.includes('_kanthorq_'))
  for (const { name, signature, comment } of all)
    t.true(text.includes(`### ${name}\n\n\`\`\`text\n${signature}\n\n${comment}\n`), name)
})

function isUpToDate(t: ExecutionContext, { file, text }: Page): void {
  t.is(readFileSync(file, 'utf8'), text, 'npm run generate writes it')
}

async function installed(t: ExecutionContext) {
  const { url, client } = await emptyDatabase(t)
  await migrate({ database: url })
  return client
}
