// What the entries of the package export is documented, to the last member, and the examples run.
import { join } from 'node:path'
import { compileFunction } from 'node:vm'
import test from 'ava'
import pg from 'pg'
import ts from 'typescript'
import * as client from 'kanthorq-tasks'
import * as installation from 'kanthorq-tasks/migrate'
import * as worker from 'kanthorq-tasks/worker'
import { createRole } from '../../scripts/throwaway-database.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer } from '../support/scene.ts'
import { projectFolder } from '../support/run-program.ts'

const db = useDatabase(test)

const entries = ['index', 'migrate', 'worker']
const program = ts.createProgram(
  entries.map((entry) => join(projectFolder, `src/${entry}.ts`)),
  {
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
  },
)

/** The exports of all entries, and the members of each that a user sees. */
function documented(): { name: string; node: ts.Declaration; isMethod: boolean }[] {
  const checker = program.getTypeChecker()
  return entries.flatMap((entry) => {
    const source = program.getSourceFile(join(projectFolder, `src/${entry}.ts`))
    const module = source && checker.getSymbolAtLocation(source)
    return (module ? checker.getExportsOfModule(module) : []).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      return (symbol.declarations ?? []).flatMap((node) => {
        const members = ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) ? [...node.members] : []
        const shown = members.filter((member) => member.name && !ts.isPrivateIdentifier(member.name) && !isOverride(member))
        return [node, ...shown].map((declaration) => ({
          name: declaration === node ? symbol.name : `${symbol.name}.${(declaration as ts.ClassElement).name?.getText() ?? ''}`,
          node: declaration,
          isMethod: ts.isMethodDeclaration(declaration) || ts.isFunctionDeclaration(declaration),
        }))
      })
    })
  })
}

function isOverride(member: ts.ClassElement | ts.TypeElement): boolean {
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Override) !== 0
}

test('every export and every member has TSDoc, every method and function an example', (t) => {
  const all = documented()
  t.true(all.length > 100, String(all.length))
  const undocumented = all.filter(({ node }) => ts.getJSDocCommentsAndTags(node).length === 0)
  t.deepEqual(
    undocumented.map(({ name }) => name),
    [],
  )
  const withoutExample = all.filter(({ node, isMethod }) => isMethod && examplesOf(node).length === 0)
  t.deepEqual(
    withoutExample.map(({ name }) => name),
    [],
  )
})

function examplesOf(node: ts.Node): string[] {
  return ts
    .getJSDocTags(node)
    .filter(({ tagName }) => tagName.text === 'example')
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
}

test.serial('the examples run', async (t) => {
  await makeConsumer(db, 'send_email')
  const role = await createRole(db.ownerUrl)
  const owner = new pg.Client(db.ownerUrl)
  await owner.connect()
  t.teardown(() => owner.end())
  const names = { ...client, ...installation, ...worker, pool: db.owner, client: owner, tasks: new client.TaskClient(db.owner) }
  const silent = { ...console, log: () => undefined }
  const scope = { ...names, console: silent, process: { env: { DATABASE_URL: db.ownerUrl } } }
  const examples = documented().flatMap(({ name, node }) => examplesOf(node).map((text) => ({ name, text })))
  t.true(examples.length > 20, String(examples.length))
  for (const { name, text } of examples) {
    const { outputText } = ts.transpileModule(`export {}\nasync function run() {\n${text}\n}`, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    })
    const body = `${outputText.replace(/^export \{\};?$/m, '')}\nreturn run()`
    // An example may make a variable of a name that it was given.
    const run = compileFunction(body.replaceAll("'support'", `'${role.name}'`), Object.keys(scope)) as (
      ...values: unknown[]
    ) => Promise<void>
    await t.notThrowsAsync(run(...Object.values(scope)), `${name}: ${text}`)
  }
})
