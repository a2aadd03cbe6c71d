import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

/** What a program wrote, and its exit code. */
export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/**
 * Runs a program to its end, in an environment that names no database but what `env` names.
 *
 * @param cwd - the folder that it runs in; by default the project's
 * @param input - what it gets on its standard input
 * @throws the error of `spawn`, such as ENOENT, when there is no such program
 */
export async function runProgram(
  program: string,
  args: string[],
  { cwd = projectFolder, env = {}, input = '' }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Outcome> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|DATABASE_URL$)/.test(name))
  const child = spawn(program, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  child.stdin.on('error', () => undefined).end(input)
  const [[code], stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)])
  return { code, stdout, stderr }
}
