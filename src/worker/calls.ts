import { intArgument, intervalArgument, textArgument, textsArgument, type Argument } from '../client/arguments.ts'
import { Connection } from '../client/connection.ts'
import type { Queryable, TransitionResult } from '../client/types.ts'
import type { WorkerTask } from './types.ts'

/** A task, and how many milliseconds of its lease were left when the server answered. */
export type Pulled = WorkerTask & { lease: number }

/** What identifies the attempt that a report is about. */
export type Attempt = Pick<WorkerTask, 'eventId' | 'attempt'>

/** A failed attempt. */
export interface Failure {
  error: string
  stack: string
}

/** A body is text of base64, whatever the settings, and the time left does not depend on our clock. */
const columns = `event_id, subject, pg_catalog.encode(body, 'base64') as body, metadata, attempt, attempt_max,
  pg_catalog.date_part('epoch', created_at) as created,
  pg_catalog.date_part('epoch', pg_catalog.timestamptz_mi(lease_until, pg_catalog.clock_timestamp())) as lease`

interface Row extends Omit<Pulled, 'body' | 'createdAt'> {
  body: string
  created: number | string
}

/** The calls of a worker, each a statement. */
export class Calls {
  readonly #connection: Connection
  readonly #consumer: Argument

  constructor(db: Queryable, schema: string, consumer: string) {
    this.#connection = new Connection(db, schema)
    this.#consumer = textArgument('consumer', consumer)
  }

  async pull(maxTasks: number, lookback: number, subjects?: readonly string[]): Promise<Pulled[]> {
    const rows = await this.#connection.changeAll<Row>(
      'kanthorq_task_pull',
      {
        consumer: this.#consumer,
        max_tasks: intArgument('maxTasks', maxTasks),
        subjects: textsArgument('subjects', subjects),
        lookback: intervalArgument('lookback', lookback),
      },
      columns,
    )
    return rows.map(({ body, created, lease, ...task }) => ({
      ...task,
      body: Buffer.from(body, 'base64'),
      createdAt: new Date(Number(created) * 1000),
      lease: lease * 1000,
    }))
  }

  complete(tasks: readonly Attempt[]): Promise<TransitionResult> {
    return this.#report('complete', tasks)
  }

  fail(tasks: readonly Attempt[], failures: readonly Failure[]): Promise<TransitionResult> {
    return this.#report('fail', tasks, {
      errors: textsArgument(
        'errors',
        failures.map(({ error }) => error),
      ),
      stacks: textsArgument(
        'stacks',
        failures.map(({ stack }) => stack),
      ),
    })
  }

  extend(tasks: readonly Attempt[]): Promise<TransitionResult> {
    return this.#report('extend', tasks)
  }

  release(tasks: readonly Attempt[]): Promise<TransitionResult> {
    return this.#report('release', tasks)
  }

  #report(action: string, tasks: readonly Attempt[], more: Record<string, Argument> = {}): Promise<TransitionResult> {
    return this.#connection.row(`kanthorq_task_${action}`, {
      consumer: this.#consumer,
      event_ids: textsArgument(
        'eventIds',
        tasks.map(({ eventId }) => eventId),
      ),
      attempts: {
        type: 'int[]',
        text: `{${tasks.map(({ attempt }) => attempt).join(',')}}`,
      },
      ...more,
    })
  }
}
