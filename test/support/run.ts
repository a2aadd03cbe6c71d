import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

/** How a program ended. */
export interface Outcome {
  /** Its exit code. */
  code: number
  stdout: string
  stderr: string
}

/**
 * Runs a program to its end.
 *
 * @param env - added to ours
 * @param input - what it finds on its standard input
 * @throws if there is no such program
 */
export async function run(
  command: string,
  args: string[],
  {
    cwd = projectFolder,
    env = {},
    input = '',
  }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 28 }
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr })
      else
        reject(
          new Error(
            `${command} could not be run: ${error.message}. Install it, or put it on the PATH.`,
          ),
        )
    })
    child.stdin?.end(input)
  })
}
