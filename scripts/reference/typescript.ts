import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { code, makePage, table, type Page } from './page.ts'
import { linesOf, signatureOf, textOf } from './tsdoc.ts'

/** The files that exports come from, by what they are for, in the order in which the reference has them. */
const sections: readonly { title: string; files: readonly string[] }[] = [
  { title: 'The client', files: ['client.ts'] },
  { title: 'Options', files: ['options.ts'] },
  { title: 'What goes in, and what comes out', files: ['types.ts'] },
  { title: 'Errors', files: ['errors.ts'] },
  { title: 'Installing', files: ['migrate.ts', 'install-sql.ts'] },
]

/**
 * The reference of the TypeScript API, from the TSDoc of what src/index.ts exports.
 *
 * @throws Error for an export of a file that has no section
 */
export function typeScriptPage(): Promise<Page> {
  const index = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
  }
  const program = ts.createProgram([index], options)
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(index)
  const exporting = source && checker.getSymbolAtLocation(source)
  const exports = (exporting ? checker.getExportsOfModule(exporting) : []).map((symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  )
  const known = sections.flatMap(({ files }) => files)
  for (const symbol of exports) {
    if (!known.includes(fileOf(symbol)))
      throw new Error(
        `${symbol.name} is exported from ${fileOf(symbol)}, which has no section: give it one in scripts/reference/typescript.ts`,
      )
  }
  return makePage(
    'typescript',
    sections.flatMap(({ title, files }) => [
      `## ${title}`,
      ...files.flatMap((file) =>
        exports
          .filter((symbol) => fileOf(symbol) === file)
          .sort((a, b) => positionOf(a) - positionOf(b))
          .flatMap((symbol) => describe(symbol, checker)),
      ),
    ]),
  )
}

function fileOf(symbol: ts.Symbol): string {
  return basename(symbol.declarations?.[0]?.getSourceFile().fileName ?? '')
}

function positionOf(symbol: ts.Symbol): number {
  return symbol.declarations?.[0]?.pos ?? 0
}

function describe(symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  const [declaration] = symbol.declarations ?? []
  const heading = `### ${symbol.name}`
  const text = textOf(symbol, checker)
  if (declaration === undefined) return [heading, text]
  if (ts.isTypeAliasDeclaration(declaration))
    return [heading, text, fence(declaration.getText().replace(/^export /, ''))]
  if (ts.isFunctionDeclaration(declaration))
    return [heading, fence(signatureOf(declaration)), text, ...linesOf(symbol, checker)]
  if (ts.isInterfaceDeclaration(declaration))
    return [heading, text, ...properties(declaration.members, checker), ...inherited(declaration)]
  if (ts.isClassDeclaration(declaration))
    return [heading, text, ...classBody(declaration, checker), ...inherited(declaration)]
  return [heading, text]
}

/** Its properties in a table, then its methods; but nothing that has no description, such as what it only overrides. */
function classBody({ members }: ts.ClassDeclaration, checker: ts.TypeChecker): string[] {
  const methods = members.flatMap((member) => {
    if (!ts.isConstructorDeclaration(member) && !ts.isMethodDeclaration(member)) return []
    const signature = checker.getSignatureFromDeclaration(member)
    const text = signature === undefined ? '' : textOf(signature, checker)
    if (signature === undefined || text === '') return []
    return [
      `#### ${ts.isMethodDeclaration(member) ? member.name.getText() : 'constructor'}`,
      fence(signatureOf(member)),
      text,
      ...linesOf(signature, checker),
    ]
  })
  return [...properties(members, checker), ...methods]
}

/** What is an interface's own, or a class's and described. */
function properties(
  members: Iterable<ts.ClassElement | ts.TypeElement>,
  checker: ts.TypeChecker,
): string[] {
  const rows = [...members].flatMap((member) => {
    const inClass = ts.isPropertyDeclaration(member)
    if (!inClass && !ts.isPropertySignature(member)) return []
    const symbol = checker.getSymbolAtLocation(member.name)
    const text = symbol === undefined ? '' : textOf(symbol, checker).replaceAll('\n', ' ')
    if (inClass && text === '') return []
    const name = member.name.getText() + (member.questionToken === undefined ? '' : '?')
    return [[code(name), code(member.type?.getText() ?? ''), text.replaceAll('|', '\\|')]]
  })
  return table(['property', 'type', ''], rows)
}

function inherited(declaration: ts.ClassDeclaration | ts.InterfaceDeclaration): string[] {
  const bases = (declaration.heritageClauses ?? []).flatMap(({ types }) =>
    types.map((type) => type.getText()),
  )
  const links = bases.map((base) =>
    base === 'Error' ? code(base) : `[\`${base}\`](#${base.toLowerCase()})`,
  )
  return links.length === 0 ? [] : [`Extends ${links.join(' and ')}.`]
}

function fence(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``
}
