import { InvalidArgumentError } from './errors.ts'

/** Parses JSON of PostgreSQL. A number that JavaScript would round becomes a text with its digits. */
export function parseJson(text: string): unknown {
  // Fifteen digits are always exact.
  return JSON.parse(/\d[\d.]{15}/.test(text) ? withInexactNumbersQuoted(text) : text)
}

function withInexactNumbersQuoted(text: string): string {
  let isInText = false
  return text.replace(/"|\\.|-?\d[\d.eE+-]*/g, (token) => {
    if (token === '"') isInText = !isInText
    return isInText || token === '"' || isExact(token) ? token : `"${token}"`
  })
}

function isExact(token: string): boolean {
  const number = Number(token)
  if (Number.isInteger(number)) return Number.isSafeInteger(number) && significant(token) === significant(String(number))
  return significant(token) === significant(number.toExponential())
}

/** The digits of a number without the zeros around them. */
function significant(number: string): string {
  return number
    .replace(/e.*$/i, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '')
}

/**
 * Writes a value as JSON that PostgreSQL reads as the same value.
 *
 * @param path - what the value is called in errors
 * @throws InvalidArgumentError for anything that JSON has no exact form for, and would leave out or change
 */
export function exactJson(value: unknown, path: string, within: readonly unknown[] = []): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(checkText(value, path))
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      if (!Number.isFinite(value)) throw new InvalidArgumentError(`${path} is ${value}`, { hint: 'Pass a finite number' })
      if (Number.isInteger(value) && !Number.isSafeInteger(value))
        throw new InvalidArgumentError(`${path} is ${value}, which JavaScript may have rounded`, { hint: 'Pass a BigInt' })
      return String(value)
    case 'object': {
      if (value === null) return 'null'
      if (within.includes(value)) throw new InvalidArgumentError(`${path} contains itself`)
      const around = [...within, value]
      if (Array.isArray(value)) {
        // One more for its length; fewer for holes.
        if (Reflect.ownKeys(value).length !== value.length + 1)
          throw new InvalidArgumentError(`${path} has holes, or keys that are no positions`)
        return `[${value.map((item, index) => exactJson(item, `${path}[${index}]`, around)).join(',')}]`
      }
      const parts = Object.entries(checkPlain(value, path)).map(
        ([key, part]) => `${JSON.stringify(checkText(key, path))}:${exactJson(part, `${path}.${key}`, around)}`,
      )
      return `{${parts.join(',')}}`
    }
    default:
      throw new InvalidArgumentError(`${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`, {
        hint: 'Leave the key out if any value will do',
      })
  }
}

/** Refuses what is not a plain object, and properties that nobody would read. */
export function checkPlain(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !hasPlainPrototype(value))
    throw new InvalidArgumentError(`${path} is ${kindOf(value)}`, { hint: 'Pass a plain object' })
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol' || !Object.prototype.propertyIsEnumerable.call(value, key))
      throw new InvalidArgumentError(`${path} has a property ${String(key)} that is a symbol or not enumerable`)
  }
  return value as Record<string, unknown>
}

/** Whether it inherits nothing of its own. Tests run where `Object` is another one than that of the value. */
function hasPlainPrototype(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
}

/** A value in the words of an error. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return 'an array'
  return `a ${Object.prototype.toString.call(value).slice('[object '.length, -1)}`
}

/** Refuses text that PostgreSQL can't store, or that would reach it as another text. */
export function checkText(text: string, path: string): string {
  if (/\0|\p{Surrogate}/u.test(text)) throw new InvalidArgumentError(`${path} has a null character or half of a surrogate pair`)
  return text
}
