import { CommanderError } from 'commander'
import { KanthorqError } from '../client/errors.ts'
import type { RoleLevel } from '../client/types.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { commandMeantBy } from './other-names.ts'
import { cutOff } from './terminal/format.ts'
import { clean } from './terminal/line.ts'

/** The command line is invalid. The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** There is nothing to work on. */
export class NothingError extends Error {
  override readonly name = 'NothingError'
}

/** The exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof NothingError) return exitCode.nothing
  const isUsage = error instanceof UsageError || error instanceof CommanderError
  return isUsage ? exitCode.usage : exitCode.failed
}

/**
 * The lines to print for an error: one sentence, and a hint on a second line if there is one. They never contain a URL, which
 * may hold a password.
 */
export function explainError(error: unknown): string[] {
  // A refused connection is an error for each address that was tried, inside one without a message.
  if (error instanceof AggregateError) return explainError(error.errors[0])
  if (error instanceof CommanderError) return [clean(explainUsage(error))]
  if (!(error instanceof Error)) return [clean(String(error))]
  // The message of our errors includes the hint, that of their cause does not. What the client refuses has no cause.
  if (error instanceof KanthorqError && !(error.cause instanceof Error)) return [clean(error.message)]
  const original = error instanceof KanthorqError ? (error.cause as Error) : error
  const sentence = connectionProblem(error) ?? original.message
  return withHint(sentence, ourHint(error) ?? propertyOf(error, 'hint'))
}

/** The width of a sentence that may contain long texts. */
const maxLine = 1000

/** A sentence of the server, and its hint on a second line if there is one. They may contain names from the database. */
export function withHint(sentence: string, hint: string | undefined): string[] {
  const lines = hint === undefined ? [sentence] : [sentence, hint.replace('kanthorq_doctor()', '"kanthorq-tasks doctor"')]
  return lines.map((line) => cutOff(clean(line), maxLine))
}

function explainUsage({ code, message }: CommanderError): string {
  // Commander prints its suggestions on a separate line.
  const sentence = message.replace(/^error: /, '').replaceAll('\n', ' ')
  if (code !== 'commander.unknownCommand') return sentence
  const [, word = ''] = /^unknown command '(.*?)'/.exec(sentence) ?? []
  const meant = commandMeantBy(word)
  if (meant !== undefined) return `unknown command '${word}' (Did you mean kanthorq-tasks ${meant}?)`
  return sentence.includes('Did you mean') ? sentence : `${sentence}: kanthorq-tasks --help lists all commands`
}

function propertyOf(error: Error, name: 'code' | 'hint' | 'syscall'): string | undefined {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}

const certificate = /^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_TLS_CERT)/

/** A sentence for a connection that failed. */
function connectionProblem(error: Error): string | undefined {
  const { message } = error
  const code = propertyOf(error, 'code') ?? ''
  const call = propertyOf(error, 'syscall')
  if (call === 'connect' || call === 'getaddrinfo' || code === 'ECONNRESET')
    return `${message}: check that PostgreSQL runs there, and --url, DATABASE_URL or PGHOST and PGPORT`
  if (certificate.test(code))
    return (
      `the server's certificate is not trusted: ${message}. Set sslrootcert=FILE in the URL to ` +
      'its CA, or add uselibpqcompat=true for the meaning that sslmode has in psql'
    )
  if (message === 'timeout expired') return 'the server does not answer: check --url, or raise PGCONNECT_TIMEOUT, in seconds'
  if (message.includes('client password must be a string'))
    return 'the server requires a password: set it in ~/.pgpass, PGPASSWORD or the URL'
  return undefined
}

/** A hint in terms of this program, which replaces the server's hint in terms of SQL. */
function ourHint(error: Error): string | undefined {
  const { message } = error
  const code = propertyOf(error, 'code')
  switch (code) {
    case 'KQ004':
      if (/ is a (hold|release)\b/.test(message))
        return 'End a hold with "kanthorq-tasks release CONSUMER", begin one with "kanthorq-tasks hold CONSUMER".'
      if (/ is a (bulk|batch) of /.test(message))
        return 'Undo the whole call with "kanthorq-tasks undo --bulk ID", or its batches from "kanthorq-tasks log --batches".'
      return '"kanthorq-tasks log" lists the operations; old ones may have been purged.'
    case '3F000':
    case '42883':
      return code === '3F000' || message.includes('kanthorq_')
        ? 'The functions are missing or older than this program: run "kanthorq-tasks migrate up", or name their schema with --schema.'
        : undefined
    case '25006':
      return 'The server is a standby or the session is read-only: connect to the primary server.'
    case '42501':
      return 'hint' in error && error.hint ? undefined : missingRight(message)
    case '57014':
      return 'A statement_timeout or another session cancelled the statement. Reduce --batch-size, or set PGOPTIONS="-c statement_timeout=0".'
    case '28P01':
    case '28000':
      return 'Check the user and password in --url, DATABASE_URL, PGPASSWORD or ~/.pgpass.'
    case '3D000':
      return 'Check the name in --url, DATABASE_URL or PGDATABASE.'
    default:
      return undefined
  }
}

function missingRight(message: string): string | undefined {
  const [name] = /kanthorq_\w+/.exec(message) ?? []
  if (name === undefined) return undefined
  if (/_(grant|revoke|migrations|convert)$/.test(name)) return 'Only the owner of the functions may do this.'
  const level = levelFor(name)
  return `The owner can grant it: kanthorq-tasks grant YOUR_ROLE ${level}`
}

/** The level that has a function. */
function levelFor(name: string): RoleLevel {
  if (/_task_(pull|complete|fail|extend|release)$/.test(name)) return 'worker'
  if (/_publish(_many)?$/.test(name)) return 'publisher'
  return /_(cancel|resume|discard|undo|batch|hold|release)$/.test(name) ? 'operator' : 'viewer'
}
