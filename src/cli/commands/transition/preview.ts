import type { Preview, TaskAction, TaskState } from '../../../client/types.ts'
import type { FilterArguments } from '../../arguments/filter-options.ts'
import type { Database } from '../../database.ts'
import { RawJson } from '../../terminal/data.ts'
import { counted, countsByState, formatNumber } from '../../terminal/format.ts'
import type { Line } from '../../terminal/line.ts'
import type { Output } from '../../terminal/output.ts'
import type { Column } from '../../terminal/table.ts'
import { taskColumns, type ShownTask } from '../../terminal/task-columns.ts'

/** The first tasks, with the names of TypeScript and without the rest of a long error. Numbers stay as they are. */
const columns = `tasks, matching, by_state, by_subject::text as by_subject, subjects, left_out, (
    select coalesce(jsonb_agg(jsonb_build_object(
      'eventId', f.t -> 'event_id', 'subject', f.t -> 'subject', 'state', f.t -> 'state', 'stuck', f.t -> 'stuck',
      'scheduleAt', f.t -> 'schedule_at', 'finalizedAt', f.t -> 'finalized_at',
      'attemptCount', f.t -> 'attempt_count', 'attemptMax', f.t -> 'attempt_max', 'attemptedAt', f.t -> 'attempted_at',
      'lastError', left(f.t ->> 'last_error', 400), 'metadata', f.t -> 'metadata',
      'createdAt', f.t -> 'created_at', 'updatedAt', f.t -> 'updated_at') order by f.n), '[]')
    from jsonb_array_elements(first_tasks) with ordinality f (t, n)
  )::text as first_tasks`

interface PreviewRow {
  tasks: string
  matching: string
  byState: Partial<Record<TaskState, number>>
  bySubject: string
  subjects: string
  leftOut: Partial<Record<TaskState, number>>
  firstTasks: string
}

/** What a bulk call would do to the tasks of a consumer. */
export interface ShownPreview extends Omit<Preview, 'firstTasks'> {
  consumer: string
  firstTasks: ShownTask[]
  /** As the database wrote them. */
  firstTasksJson: string
}

/** Previews a bulk call. */
export async function previewOf(
  db: Database,
  action: TaskAction,
  consumer: string,
  filter: FilterArguments,
  maxTasks: number | undefined,
  running: boolean | undefined,
): Promise<ShownPreview> {
  const args = { action, consumer, ...filter, max_tasks: maxTasks, running }
  const row = await db.row<PreviewRow>({ name: 'kanthorq_task_preview', args, columns })
  const firstTasks = JSON.parse(row.firstTasks, revived) as ShownTask[]
  return {
    consumer,
    ...row,
    tasks: Number(row.tasks),
    matching: Number(row.matching),
    bySubject: JSON.parse(row.bySubject) as Preview['bySubject'],
    subjects: Number(row.subjects),
    firstTasks,
    firstTasksJson: row.firstTasks,
  }
}

function revived(key: string, value: unknown): unknown {
  return (key === 'scheduleAt' || key === 'createdAt') && typeof value === 'string' ? new Date(value) : value
}

/** A preview as JSON. */
export function previewRecord(action: TaskAction, preview: ShownPreview): object {
  const { firstTasksJson, ...rest } = preview
  return { action, ...rest, firstTasks: new RawJson(firstTasksJson) }
}

const subjectColumns: readonly Column<Preview['bySubject'][number]>[] = [
  { title: 'TASKS', text: ({ tasks }) => formatNumber(tasks), align: 'right' },
  { title: 'SUBJECT', text: ({ subject }) => subject, shrinkTo: 12 },
]

/** A preview for people: the number of tasks, their subjects, the first few tasks, and the tasks left out. */
export function previewLines(action: TaskAction, preview: ShownPreview, table: Output['table']): Line[] {
  const { consumer, tasks, matching, byState, bySubject, subjects, firstTasks, leftOut } = preview
  const leftOutLines = Object.entries(leftOut).map(([state, number]) => {
    return `leaves ${formatNumber(number)} ${state} alone: ${reasonFor(action, state)}`
  })
  if (matching === 0) return [`${action} would take none of the tasks of ${consumer}`, ...leftOutLines]
  const hidden = subjects - bySubject.length
  const taken =
    tasks < matching
      ? `${formatNumber(tasks)} of the ${counted(matching, 'task')} of ${consumer} that match`
      : `${counted(tasks, 'task')} of ${consumer}`
  return [
    `${action} would take ${taken}: ${countsByState(byState)}`,
    ...leftOutLines,
    '',
    ...table(subjectColumns).lines(bySubject),
    ...(hidden > 0 ? [`and ${counted(hidden, 'more subject')}`] : []),
    '',
    ...table(taskColumns).lines(firstTasks),
    ...(matching > firstTasks.length ? ['…'] : []),
    '',
  ]
}

/** Why an action leaves tasks in a state alone. */
function reasonFor(action: TaskAction, state: string): string {
  if (action === 'discard') return state === 'running' ? 'they are not stuck' : 'only running tasks can be stuck'
  if (state === 'completed') return 'they are done'
  if (action === 'resume') return 'they are not finished'
  return state === 'running' ? 'a worker may hold them' : 'they are finished'
}
