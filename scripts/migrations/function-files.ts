import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the SQL API's source. */
export const functionsFolder = fileURLToPath(new URL('../../db/functions', import.meta.url))

/** A file of db/functions: the definition of one function or procedure, and its comment. */
export interface FunctionFile {
  name: string
  /** Who may execute it: viewer, operator or owner; undefined for a helper that nobody may call. */
  level: string | undefined
  /** `function` or `procedure` */
  kind: string
  /** As regprocedure takes it: name and types of arguments. */
  signature: string
  /** From CREATE to the body's language: what CREATE OR REPLACE can't change. */
  declaration: string
  /** The statements, without the comment above them: what a migration holds. */
  sql: string
  /** Other functions that its body names and that have to exist before it: an SQL-standard body is bound when it is created. */
  needs: readonly string[]
}

/**
 * Reads a file of db/functions.
 *
 * @throws Error if it does not create one function under the name of the file
 */
export function parseFunction(name: string, text: string): FunctionFile {
  const start = text.search(/^create or replace (function|procedure)\b/m)
  const written = text.slice(Math.max(start, 0)).trim()
  const declaration = /^create or replace (function|procedure)\s+kanthorq_schema\.(\w+)\b.*?^(?=language )/ms.exec(written)
  if (declaration?.[1] === undefined || declaration[2] !== name || !written.includes(`\ncomment on ${declaration[1]} `)) {
    throw new Error(
      `${name}.sql needs "create or replace function kanthorq_schema.${name} … language …" and a "comment on function", ` +
        'each at the start of a line',
    )
  }
  const signature = `kanthorq_schema.${name}(${argumentTypes(declaration[0])})`
  // By the name alone, an overload of another role would be in the way.
  const sql = written.replace(
    `\ncomment on ${declaration[1]} kanthorq_schema.${name} is `,
    () => `\ncomment on ${declaration[1]} ${signature} is `,
  )
  const body = sql.slice(0, sql.indexOf('\ncomment on '))
  const bound = /^as \$/m.test(body) ? [] : body.matchAll(/\bkanthorq_schema\.(_?kanthorq_\w+)\(/g)
  return {
    name,
    level: /^-- level: (\w+)$/m.exec(text.slice(0, start))?.[1],
    kind: declaration[1],
    signature,
    declaration: declaration[0].replace(/\s+/g, ' '),
    sql,
    needs: [...new Set([...bound].map(([, other = '']) => other).filter((other) => other !== name))],
  }
}

/** The types of the arguments that a call passes, each after its mode and name, and before its default. */
function argumentTypes(declaration: string): string {
  const list = /\((.*?)\)\s*(?:returns |$)/s.exec(declaration)?.[1] ?? ''
  return list
    .split(/,\s*(?![^(]*\))/)
    .filter((argument) => !/^\s*(out |$)/.test(argument))
    .map((argument) =>
      argument
        .trim()
        .replace(/^((inout|variadic) )?\w+\s+/, '')
        .replace(/ default .*$/s, ''),
    )
    .join(', ')
}

/** All functions of db/functions, by name, each after those that it needs. */
export function readFunctions(folder = functionsFolder): Map<string, FunctionFile> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .map((file) => parseFunction(basename(file, '.sql'), readFileSync(join(folder, file), 'utf8')))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return ordered(new Map(files.map((file) => [file.name, file])))
}

/** The same functions, each after those that it needs. */
export function ordered(functions: ReadonlyMap<string, FunctionFile>): Map<string, FunctionFile> {
  const result = new Map<string, FunctionFile>()
  const add = (file: FunctionFile | undefined) => {
    if (file === undefined || result.has(file.name)) return
    for (const name of file.needs) add(functions.get(name))
    result.set(file.name, file)
  }
  for (const file of functions.values()) add(file)
  return result
}
