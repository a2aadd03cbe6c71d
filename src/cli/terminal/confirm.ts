import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { printable } from './line.ts'
import { note } from './output.ts'

/** Whether a person can answer: standard input and standard error are both a terminal. */
export function canConfirm(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Asks a question on standard error. Only `y` and `yes` are a yes; undefined is Ctrl-C. */
export async function confirm(question: string): Promise<boolean | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  lines.setPrompt(`${printable(question)} [y/N] `)
  lines.prompt()
  const answer = await Promise.race([
    once(lines, 'line').then(([line]) => ({ line: String(line) })),
    once(lines, 'SIGINT').then(() => 'interrupted' as const),
    // Ctrl-D.
    once(lines, 'close').then(() => 'closed' as const),
  ])
  lines.close()
  if (typeof answer === 'object') return /^y(es)?$/i.test(answer.line.trim())
  // The cursor is still behind the question.
  note('')
  return answer === 'closed' ? false : undefined
}
