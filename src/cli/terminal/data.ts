// Results for programs: JSON and CSV.
import { printableJson } from './line.ts'

/** JSON of the database, which is printed as it is: JavaScript would round its numbers. */
export class RawJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A value as JSON, on one line. */
export function jsonOf(value: object): string {
  const parts = Object.entries(value).map(([key, part]) => {
    const json = part instanceof RawJson ? part.text : (JSON.stringify(part) as string | undefined)
    return json === undefined ? [] : [`${JSON.stringify(key)}:${json}`]
  })
  return printableJson(`{${parts.flat().join(',')}}`)
}

/** The names of the values, as the head of CSV. */
export function csvHead(value: object): string {
  return Object.keys(value).map(csvCell).join(',')
}

/** The values as a line of CSV. A text in it may have line breaks. */
export function csvOf(value: object): string {
  return Object.values(value).map(csvCell).join(',')
}

function csvCell(value: unknown): string {
  const text = csvText(value)
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function csvText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof RawJson) return value.text
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? value : JSON.stringify(value)
}
