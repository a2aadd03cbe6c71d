import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { WorkerTask } from '../../../worker/types.ts'
import { passOn } from '../../terminal/output.ts'

/** Why a task failed, with the command in the place of a stack. */
export function failure(message: string, stack: string): Error {
  return Object.assign(new Error(message), { stack })
}

/** The end of the error output that becomes the stack, in characters. */
const tail = 4000

/** The time that a handler has to end after SIGTERM, in milliseconds. */
export const grace = 10_000

/** A process that handles a task: it gets the body on standard input and the rest in the environment, and its exit code decides. */
export class Handler {
  /** Why it failed; undefined if it did not. Rejected if it can't be started, which is no fault of the task. */
  readonly ended: Promise<Error | undefined>
  readonly #child: ChildProcess
  #errors = ''

  /** @param stdout - the file descriptor for its output */
  constructor([command = '', ...args]: readonly string[], task: WorkerTask, stdout: number) {
    this.#child = spawn(command, args, {
      // A process group of its own: Ctrl-C in the terminal reaches the worker alone, which lets it finish.
      detached: true,
      stdio: ['pipe', stdout, 'pipe'],
      env: {
        ...process.env,
        KANTHORQ_EVENT_ID: task.eventId,
        KANTHORQ_SUBJECT: task.subject,
        KANTHORQ_METADATA: task.metadataText,
        KANTHORQ_ATTEMPT: String(task.attempt),
        KANTHORQ_ATTEMPT_MAX: String(task.attemptMax),
        KANTHORQ_CREATED_AT: task.createdAt.toISOString(),
      },
    })
    this.ended = this.#run(command)
    this.#child.stderr?.on('data', (piece: Buffer) => {
      passOn(piece)
      this.#errors = `${this.#errors}${piece.toString()}`.slice(-tail)
    })
    // A handler need not read the body.
    this.#child.stdin?.on('error', () => undefined).end(task.body)
  }

  /** Ends the process and its children, in a friendly way first. */
  stop(): void {
    this.#signal('SIGTERM')
    const timer = setTimeout(() => {
      this.#signal('SIGKILL')
    }, grace)
    this.#child.once('exit', () => {
      clearTimeout(timer)
    })
  }

  async #run(command: string): Promise<Error | undefined> {
    let code: number | null
    let signal: NodeJS.Signals | null
    try {
      ;[code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null]
    } catch (error) {
      // What the task has does not fit into the environment.
      if ((error as NodeJS.ErrnoException).code === 'E2BIG') return failure('its metadata is too large for a command', command)
      throw error
    }
    if (code === 0) return undefined
    const how = code === null ? `killed by ${String(signal)}` : `exit code ${code}`
    const said = this.#errors.trimEnd().split('\n').at(-1)?.trim() ?? ''
    return failure(said === '' ? how : said, `${command}: ${how}\n${this.#errors}`)
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child
    try {
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
    } catch {
      // It has ended meanwhile.
    }
  }
}
