// Calls that have to be refused, with the SQLSTATE of each, so that nothing changes.

export interface BadCall {
  readonly name: string
  /** Beside consumer and event_ids, or instead of them. */
  readonly args: (scene: {
    readonly consumer: string
    readonly ids: readonly string[]
  }) => Record<string, unknown>
  readonly sqlstate: 'KQ001' | 'KQ003' | 'KQ004'
  /** Only the owner may make it. */
  readonly isOwners?: boolean
}

const byIds = ['cancel', 'resume', 'discard', 'explain', 'convert'].flatMap((action): BadCall[] => {
  const bad = (sqlstate: BadCall['sqlstate'], args: BadCall['args']): BadCall => ({
    name: `kanthorq_task_${action}`,
    sqlstate,
    args,
    isOwners: action === 'convert',
  })
  return [
    bad('KQ001', ({ ids }) => ({ consumer: 'nobody', event_ids: ids })),
    bad('KQ003', ({ ids }) => ({ consumer: null, event_ids: ids })),
    bad('KQ003', ({ consumer }) => ({ consumer, event_ids: null })),
    bad('KQ003', ({ consumer, ids }) => ({ consumer, event_ids: [...ids, null] })),
    bad('KQ003', ({ consumer, ids }) => ({ consumer, event_ids: ['', ...ids] })),
    bad('KQ003', ({ consumer, ids }) => ({
      consumer,
      event_ids: [
        ['', ...ids],
        ['', ...ids],
      ],
    })),
  ]
})

const badFilters: readonly Record<string, unknown>[] = [
  { states: [] },
  { states: ['running', 'done'] },
  { subject: '' },
  { metadata: '[]' },
  { error: '' },
  { created_after: '-infinity' },
  { created_before: 'infinity' },
]

const byFilter = ['find', 'count', 'batch'].flatMap((function_): BadCall[] => {
  const name = `kanthorq_task_${function_}`
  const action = function_ === 'batch' ? { action: 'cancel' } : {}
  return [
    { name, sqlstate: 'KQ001', args: () => ({ ...action, consumer: 'nobody', subject: '>' }) },
    { name, sqlstate: 'KQ003', args: () => ({ ...action, consumer: null, subject: '>' }) },
    ...badFilters.map((filter): BadCall => ({
      name,
      sqlstate: 'KQ003',
      args: ({ consumer }) => ({ ...action, consumer, ...filter }),
    })),
  ]
})

const badBatches: readonly Record<string, unknown>[] = [
  { action: 'cancel' },
  { action: 'resume', everything: false },
  { action: 'discard', everything: null },
  { action: 'cancel', metadata: '{}' },
  { action: 'complete', everything: true },
  { action: null, everything: true },
  { action: 'discard', states: ['available'] },
  { action: 'cancel', states: ['running'], everything: true },
  { action: 'cancel', everything: true, batch_size: 0 },
  { action: 'cancel', everything: true, batch_size: null },
  { action: 'cancel', everything: true, max_tasks: 0 },
  { action: 'resume', everything: true, schedule_at: 'infinity' },
  { action: 'resume', everything: true, spread: '-1 second' },
  { action: 'resume', everything: true, progress: '{}' },
  { action: 'resume', everything: true, progress: '{"started": 1, "done": 0, "walk": 3}' },
]

export const badCalls: readonly BadCall[] = [
  ...byIds,
  ...byFilter,
  ...badBatches.map((args): BadCall => ({
    name: 'kanthorq_task_batch',
    sqlstate: 'KQ003',
    args: ({ consumer }) => ({ consumer, ...args }),
  })),
  {
    name: 'kanthorq_task_resume',
    sqlstate: 'KQ003',
    args: ({ consumer, ids }) => ({ consumer, event_ids: ids, schedule_at: 'infinity' }),
  },
  {
    name: 'kanthorq_task_find',
    sqlstate: 'KQ003',
    args: ({ consumer }) => ({ consumer, max_tasks: 0 }),
  },
  {
    name: 'kanthorq_task_convert',
    sqlstate: 'KQ003',
    isOwners: true,
    args: ({ consumer, ids }) => ({ consumer, event_ids: ids, initial_state: 'new' }),
  },
  { name: 'kanthorq_task_stats', sqlstate: 'KQ001', args: () => ({ consumer: 'nobody' }) },
  { name: 'kanthorq_task_operations', sqlstate: 'KQ003', args: () => ({ max_operations: 0 }) },
  { name: 'kanthorq_task_undo', sqlstate: 'KQ004', args: () => ({ operation_id: -1 }) },
  { name: 'kanthorq_task_undo', sqlstate: 'KQ004', args: () => ({ operation_id: null }) },
]
