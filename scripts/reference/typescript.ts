import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { makePage, type Page } from './page.ts'

/** The reference of the TypeScript API: the declarations of all that src/index.ts exports, with their TSDoc. */
export function typeScriptPage(): Promise<Page> {
  const index = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
  const program = ts.createProgram([index], {
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
  const source = program.getSourceFile(index)
  const module = source && checker.getSymbolAtLocation(source)
  const exports = module ? checker.getExportsOfModule(module) : []
  return makePage(
    'typescript',
    exports.map(({ name }) => {
      const declaration = declarations.get(name)
      if (declaration === undefined) throw new Error(`src/index.ts exports ${name}: not declared`)
      return `### ${name}\n\n\`\`\`ts\n${declaration}\n\`\`\``
    }),
  )
}
