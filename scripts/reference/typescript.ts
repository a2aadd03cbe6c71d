import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { makePage, type Page } from './page.ts'

/** What the package is imported by, and the file of each. */
const entries = { 'kanthorq-tasks': 'index', 'kanthorq-tasks/migrate': 'migrate', 'kanthorq-tasks/worker': 'worker' }

/** The reference of the TypeScript API: the declarations of all that the entries export, with their TSDoc. */
export function typeScriptPage(): Promise<Page> {
  const files = Object.values(entries).map((name) => fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url)))
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    rewriteRelativeImportExtensions: true,
    declaration: true,
    emitDeclarationOnly: true,
    strict: true,
    exactOptionalPropertyTypes: true,
  })
  const declarations = new Map<string, string>()
  program.emit(undefined, (file, text) => {
    const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true)
    for (const statement of statements) {
      // What is private is a line of its own, without a name.
      const declaration = statement.getFullText().replace(/^ +#private;\n/m, '')
      if ('name' in statement) declarations.set((statement.name as ts.Identifier).text, declaration.trim())
    }
  })
  const checker = program.getTypeChecker()
  return makePage(
    'typescript',
    Object.keys(entries).flatMap((entry, index) => {
      const source = program.getSourceFile(files[index] ?? '')
      const module = source && checker.getSymbolAtLocation(source)
      const exports = module ? checker.getExportsOfModule(module) : []
      const sections = exports.map(({ name }) => {
        const declaration = declarations.get(name)
        if (declaration === undefined) throw new Error(`${entry} exports ${name}: not declared`)
        return `### ${name}\n\n\`\`\`ts\n${declaration}\n\`\`\``
      })
      return [`## ${entry}`, ...sections]
    }),
  )
}
