import { InvalidArgumentError } from './errors.ts'
import { checkPlain, checkText, exactJson, kindOf } from './json.ts'
import { nearest } from './nearest.ts'

/** An argument of a function: a text, and the SQL type that the server makes of it. undefined leaves the default. */
export type Argument = { readonly type: string; readonly text: string } | undefined

// Each makes an argument of a value, or refuses it by its name. An absent value is undefined; null is refused, because it would
// mean less than was written.

const typeOfText = 'pg_catalog.text'

export function textArgument(name: string, value: unknown): Argument {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw refusal(name, value, 'a text')
  return { type: typeOfText, text: checkText(value, name) }
}

/** @param parameter - what SQL calls the list, whose positions begin with 1 */
export function textsArgument(name: string, values: unknown, parameter = name): Argument {
  if (values === undefined) return undefined
  if (!Array.isArray(values)) throw refusal(name, values, 'an array')
  // Not map, which passes over holes.
  const quoted = Array.from(values as (string | number | null | undefined)[], (value, index) => {
    // The setting array_nulls would make it a text.
    if (value === null || value === undefined) throw new InvalidArgumentError(`${parameter}[${index + 1}] is null`)
    return `"${String(value).replace(/["\\]/g, '\\$&')}"`
  })
  return { type: 'pg_catalog.text[]', text: `{${quoted.join(',')}}` }
}

export function booleanArgument(name: string, value: unknown): Argument {
  if (value === undefined) return undefined
  if (typeof value !== 'boolean') throw refusal(name, value, 'true or false')
  return { type: 'boolean', text: String(value) }
}

/** @param most - the greatest value that the SQL type has, or that JavaScript counts to */
function countArgument(type: string, most: number, name: string, value: unknown): Argument {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
    throw refusal(name, value, `a whole number from 1 to ${most}`)
  return { type, text: String(value) }
}

export const intArgument = (name: string, value: unknown) => countArgument('int', 2 ** 31 - 1, name, value)
export const bigintArgument = (name: string, value: unknown) => countArgument('bigint', Number.MAX_SAFE_INTEGER, name, value)

/** The id of an operation. */
export function idArgument(name: string, value: unknown): Argument {
  if (value === undefined) return undefined
  const isId =
    (typeof value === 'string' && /^\d{1,19}$/.test(value)) ||
    (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) ||
    (typeof value === 'bigint' && value >= 0n)
  if (!isId || BigInt(value) >= 2n ** 63n) throw refusal(name, value, 'an id: digits, a BigInt or a safe integer')
  return { type: 'bigint', text: String(value) }
}

export function timeArgument(name: string, value: unknown): Argument {
  if (value === undefined) return undefined
  // Not instanceof: tests run where Date is another one than that of the value.
  if (Object.prototype.toString.call(value) !== '[object Date]') throw refusal(name, value, 'a Date')
  const milliseconds = (value as Date).getTime()
  if (!(milliseconds >= -62_135_596_800_000)) {
    const what = Number.isNaN(milliseconds) ? 'an invalid Date' : `the year ${(value as Date).getUTCFullYear()}`
    throw new InvalidArgumentError(`${name} is ${what}`, { hint: 'Pass a valid Date of the year 1 or later' })
  }
  // The years from 10000 on have a sign that PostgreSQL does not read.
  return { type: 'timestamp with time zone', text: (value as Date).toISOString().replace(/^\+0*/, '') }
}

/** @param most - the longest duration, in milliseconds */
export function checkDuration(name: string, value: unknown, most: number, words: string): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !(value >= 0 && value <= most))
    throw refusal(name, value, `milliseconds, from 0 to ${most} (${words})`)
  return value
}

const century = 100 * 365.25 * 86_400_000

export function intervalArgument(name: string, value: unknown): Argument {
  const milliseconds = checkDuration(name, value, century, 'a hundred years')
  return milliseconds === undefined ? undefined : { type: 'interval', text: `${milliseconds.toFixed(3)} milliseconds` }
}

export function jsonArgument(name: string, value: unknown): Argument {
  return value === undefined ? undefined : { type: 'pg_catalog.jsonb', text: exactJson(checkPlain(value, name), name) }
}

export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw refusal(name, value, 'a function')
}

export function checkSignal(name: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'object' && value !== null && 'aborted' in value))
    throw refusal(name, value, 'an AbortSignal')
}

/** What each property of an object is: a parameter of the function and its kind, or something that is only checked. */
export type Parts<Value> = {
  readonly [Key in keyof Required<Value>]:
    readonly [parameter: string, kind: Kind] | ((name: string, value: unknown) => unknown)
}

type Kind = (name: string, value: unknown) => Argument

/**
 * Converts the properties of an object into arguments.
 *
 * @throws InvalidArgumentError for a property that is not known: what it was meant to do would not be done
 */
export function argumentsOf<Value extends object>(name: string, value: Value, parts: Parts<Value>): Record<string, Argument> {
  const args: Record<string, Argument> = {}
  for (const [key, part] of Object.entries(checkPlain(value, name))) {
    if (part === undefined) continue
    if (!Object.hasOwn(parts, key)) throw unknownKey(name, key, Object.keys(parts))
    const use = parts[key as keyof Value]
    if (typeof use === 'function') use(key, part)
    else args[use[0]] = use[1](key, part)
  }
  return args
}

function unknownKey(name: string, key: string, known: readonly string[]): InvalidArgumentError {
  const near = nearest(key, known)
  const hint = near === undefined ? `The parts are ${known.join(', ')}` : `Did you mean ${near}?`
  return new InvalidArgumentError(`${name} has no part ${JSON.stringify(key)}`, { hint })
}

export function refusal(name: string, value: unknown, wanted: string): InvalidArgumentError {
  return new InvalidArgumentError(`${name} is ${kindOf(value)}`, { hint: `Pass ${wanted}` })
}
