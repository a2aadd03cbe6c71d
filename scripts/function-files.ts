import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the SQL API's source. */
export const functionsFolder = fileURLToPath(new URL('../db/functions', import.meta.url))

/** A file of db/functions: the definition of one function or procedure, with its comment and privileges. */
export interface FunctionFile {
  name: string
  text: string
  /** `function` or `procedure` */
  kind: string
  /** From CREATE to LANGUAGE: what CREATE OR REPLACE can't change. */
  declaration: string
}

/** Reads what a file must have: it creates one function, comments on it, and takes it from PUBLIC. */
export function parseFunction(name: string, text: string): FunctionFile {
  const declaration = /^create or replace (function|procedure)\b.*?^(?=language )/ms.exec(text)
  const revoked = new RegExp(
    `^revoke all on (function|procedure) kanthorq_schema\\.${name} from public;$`,
    'm',
  )
  if (declaration?.[1] === undefined || !revoked.test(text)) {
    throw new Error(
      `db/functions/${name}.sql needs a "create or replace function … language …" and a ` +
        `"revoke all on function kanthorq_schema.${name} from public;", each at the start of a line`,
    )
  }
  return {
    name,
    text: text.trim(),
    kind: declaration[1],
    declaration: declaration[0].replace(/\s+/g, ' '),
  }
}

/** All functions of db/functions, by name. */
export function readFunctions(folder = functionsFolder): Map<string, FunctionFile> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .map((file) => [basename(file, '.sql'), file] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map(
    files.map(([name, file]) => [
      name,
      parseFunction(name, readFileSync(`${folder}/${file}`, 'utf8')),
    ]),
  )
}
