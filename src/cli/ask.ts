import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Whether there is somebody to ask: a terminal to read the answer from, and one to put the question on. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Asks on standard error. Whatever is not `y` or `yes` is a no; undefined is Ctrl-C. */
export async function ask(question: string): Promise<boolean | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    lines.setPrompt(`${question} [y/N] `)
    lines.prompt()
    const answer = await Promise.race([
      once(lines, 'line').then(([line]) => String(line)),
      once(lines, 'SIGINT').then(() => undefined),
      // Ctrl-D.
      once(lines, 'close').then(() => ''),
    ])
    return answer === undefined ? undefined : /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
