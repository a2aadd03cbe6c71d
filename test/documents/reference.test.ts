// The pages of docs/reference are up to date: npm run docs would write what is there.
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks'
import { commandLinePage } from '../../scripts/reference/command-line.ts'
import type { Page } from '../../scripts/reference/page.ts'
import { routinesOf } from '../../scripts/reference/sql-catalog.ts'
import { parseComment } from '../../scripts/reference/sql-comment.ts'
import { sqlPage } from '../../scripts/reference/sql.ts'
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

test('the reference of the functions has each of them, with all that its comment says', async (t) => {
  const client = await installed(t)
  const { text } = await sqlPage(client)
  const routines = await routinesOf(client)
  t.true(routines.length > 20)
  t.false(text.includes('_kanthorq_'))
  for (const { name, parameters, comment } of routines) {
    const [section = ''] = text.split(`### ${name}\n`)[1]?.split(/^##/m) ?? []
    for (const parameter of parameters) t.true(section.includes(`| \`${parameter.name}\``), name)
    const links = section.replace(/\]\([^)]*\)|<br>/g, ' ')
    for (const word of words(comment)) t.true(words(links).includes(word), `${name}: ${word}`)
  }
})

test('a comment is taken apart without loss', (t) => {
  const { lead, entries, rest } = parseComment(`Does it.

first   what goes in, and this line is so long that it ends because the page does, not because of what it
        says
second  one: this
        two: that

Returns a row:
first   what comes out

Raises nothing.`)
  t.is(lead, 'Does it.')
  t.deepEqual(entries, [
    {
      name: 'first',
      text: 'what goes in, and this line is so long that it ends because the page does, not because of what it says',
    },
    { name: 'second', text: 'one: this<br>two: that' },
    { name: 'first', text: 'what comes out' },
  ])
  t.deepEqual(
    rest.map((part) => (typeof part === 'string' ? part : 'the columns')),
    ['Returns a row:', 'the columns', 'Raises nothing.'],
  )
})

function isUpToDate(t: ExecutionContext, { file, text }: Page): void {
  t.is(readFileSync(file, 'utf8'), text, 'npm run docs writes it anew')
}

async function installed(t: ExecutionContext) {
  const { url, client } = await emptyDatabase(t)
  await migrate({ database: url })
  return client
}

function words(text: string): string[] {
  return text.match(/\w+/g) ?? []
}
