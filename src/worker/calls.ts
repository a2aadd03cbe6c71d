import { intArgument, intervalArgument, textArgument, textsArgument } from '../client/arguments.ts'
import { Connection } from '../client/connection.ts'
import { parseJson } from '../client/json.ts'
import { TaskClient } from '../client/task-client.ts'
import type { FailedTask, HeldTask, Queryable } from '../client/types.ts'
import type { WorkerTask } from './types.ts'

/** A task, and how many milliseconds of its lease were left when the server answered. */
export type Pulled = WorkerTask & { lease: number }

/** A body is text of base64, whatever the settings, and the time left does not depend on our clock. */
const columns = `event_id, subject, pg_catalog.encode(body, 'base64') as body, metadata::pg_catalog.text as metadata_text, attempt,
  attempt_max, pg_catalog.date_part('epoch', created_at) as created,
  pg_catalog.date_part('epoch', pg_catalog.timestamptz_mi(lease_until, pg_catalog.clock_timestamp())) as lease`

interface Row extends Omit<Pulled, 'body' | 'metadata' | 'createdAt'> {
  body: string
  created: number | string
}

/** The calls of a worker, each a statement. */
export class Calls {
  readonly #connection: Connection
  readonly #tasks: TaskClient
  readonly #consumer: string

  constructor(db: Queryable, schema: string, consumer: string) {
    this.#connection = new Connection(db, schema)
    this.#tasks = new TaskClient(db, { schema })
    this.#consumer = consumer
  }

  /** As `TaskClient.pull`, with what a worker needs to know of a lease. */
  async pull(maxTasks: number, lookback: number, subjects?: readonly string[]): Promise<Pulled[]> {
    const rows = await this.#connection.changeAll<Row>(
      'kanthorq_task_pull',
      {
        consumer: textArgument('consumer', this.#consumer),
        max_tasks: intArgument('maxTasks', maxTasks),
        subjects: textsArgument('subjects', subjects),
        lookback: intervalArgument('lookback', lookback),
      },
      columns,
    )
    return rows.map(({ body, created, lease, ...task }) => ({
      ...task,
      body: Buffer.from(body, 'base64'),
      metadata: parseJson(task.metadataText) as WorkerTask['metadata'],
      createdAt: new Date(Number(created) * 1000),
      lease: lease * 1000,
    }))
  }

  complete(tasks: readonly HeldTask[]) {
    return this.#tasks.complete(this.#consumer, tasks)
  }

  fail(tasks: readonly FailedTask[]) {
    return this.#tasks.fail(this.#consumer, tasks)
  }

  extend(tasks: readonly HeldTask[]) {
    return this.#tasks.extend(this.#consumer, tasks)
  }

  release(tasks: readonly HeldTask[]) {
    return this.#tasks.release(this.#consumer, tasks)
  }
}
