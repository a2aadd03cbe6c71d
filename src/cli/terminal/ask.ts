import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Whether there is somebody to ask: a terminal to read the answer from, and one to put the question on. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Asks on standard error. Whatever is not `y` or `yes` is a no; undefined is Ctrl-C. */
export async function ask(question: string): Promise<boolean | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  lines.setPrompt(`${question} [y/N] `)
  lines.prompt()
  const answer = await Promise.race([
    once(lines, 'line').then(([line]) => ({ line: String(line) })),
    once(lines, 'SIGINT').then(() => 'interrupted' as const),
    // Ctrl-D.
    once(lines, 'close').then(() => 'closed' as const),
  ])
  lines.close()
  if (typeof answer === 'object') return /^y(es)?$/i.test(answer.line.trim())
  // The cursor still stands behind the question.
  process.stderr.write('\n')
  return answer === 'closed' ? false : undefined
}
