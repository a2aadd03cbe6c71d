import { CommanderError } from 'commander'
import { KanthorqError } from '../client/errors.ts'
import { exitCode, type ExitCode } from './exit-code.ts'

/** A command that can't be obeyed as it is written; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** There is nothing that a command could be about. */
export class NothingError extends Error {
  override readonly name = 'NothingError'
}

/** The exit code that belongs to an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof NothingError) return exitCode.nothing
  const isUsage = error instanceof UsageError || error instanceof CommanderError
  return isUsage ? exitCode.usage : exitCode.failed
}

/**
 * An error for people: a sentence that says what is wrong and, where somebody knows it, the way out. Never a URL, which may
 * hold a password.
 */
export function explainError(error: unknown): string {
  // A refused connection comes as one error for each address that was tried, under an empty message.
  if (error instanceof AggregateError) return explainError(error.errors[0])
  if (error instanceof CommanderError) return explainUsage(error)
  if (!(error instanceof Error)) return String(error)
  const sentence = connectionProblem(error) ?? sentenceOf(error)
  const hint = ourHint(error) ?? serverHint(error)
  return hint === undefined ? sentence : `${sentence}\n${hint}`
}

function explainUsage({ code, message }: CommanderError): string {
  // Commander puts its suggestions on a line of their own.
  const sentence = message.replace(/^error: /, '').replaceAll('\n', ' ')
  return code === 'commander.unknownCommand' && !sentence.includes('Did you mean')
    ? `${sentence}: kanthorq-tasks --help lists them all`
    : sentence
}

function sentenceOf(error: Error): string {
  return error instanceof KanthorqError && error.cause instanceof Error
    ? error.cause.message
    : error.message
}

function serverHint(error: Error): string | undefined {
  return 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

const certificate = /^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_TLS_CERT)/

/** What went wrong with the connection, in one sentence. */
function connectionProblem(error: Error): string | undefined {
  const { message } = error
  const code = codeOf(error)
  const call = 'syscall' in error ? error.syscall : undefined
  if (call === 'connect' || call === 'getaddrinfo' || code === 'ECONNRESET')
    return `${message}: is PostgreSQL running there? --url, DATABASE_URL or PGHOST and PGPORT say where it is`
  if (certificate.test(code))
    return (
      `the server's certificate is not trusted: ${message}. Name its CA with sslrootcert=FILE in the URL; ` +
      'or add uselibpqcompat=true to it, so that sslmode means what it means to psql'
    )
  if (message === 'timeout expired')
    return 'the server does not answer: check --url, or give it longer with PGCONNECT_TIMEOUT, in seconds'
  if (message.includes('client password must be a string'))
    return 'the server asks for a password and there is none: put it into ~/.pgpass, PGPASSWORD or the URL'
  return undefined
}

/** The way out in terms of this program, where the server only knows one in terms of SQL, or none. */
function ourHint(error: Error): string | undefined {
  const { message } = error
  const code = codeOf(error)
  switch (code) {
    case 'KQ001':
      return 'Names are case-sensitive. "kanthorq-tasks stats" lists the consumers that have tasks.'
    case 'KQ004':
      return '"kanthorq-tasks log" lists them; an old one may have been purged.'
    case '3F000':
    case '42883':
      return code === '3F000' || message.includes('kanthorq_')
        ? 'The functions are not there, or older than this program: run "kanthorq-tasks migrate up", or say where they are with --schema.'
        : undefined
    case '25006':
      return 'It is a standby, or set to be read-only: connect to the primary server.'
    case '42501':
      return missingRight(message)
    case '57014':
      return 'A statement_timeout or a person ended it. PGOPTIONS="-c statement_timeout=0" lifts the timeout; --batch-size makes batches smaller.'
    case '28P01':
    case '28000':
      return 'Check the user and the password in --url, DATABASE_URL, PGPASSWORD or ~/.pgpass.'
    case '3D000':
      return 'Check the name in --url, DATABASE_URL or PGDATABASE.'
    default:
      return undefined
  }
}

function missingRight(message: string): string | undefined {
  const [name] = /kanthorq_\w+/.exec(message) ?? []
  if (name === undefined) return undefined
  if (/_(grant|revoke|migrations)$/.test(name))
    return 'Only the owner of the functions may do this.'
  const level = /_(cancel|resume|discard|undo|batch)$/.test(name) ? 'operator' : 'viewer'
  return `The owner can allow it: kanthorq-tasks grant YOUR_ROLE ${level}`
}
