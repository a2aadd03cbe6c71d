/** The functions of the API by what they are for, in the order in which the reference has them. */
export const groups: readonly { title: string; functions: readonly string[] }[] = [
  {
    title: 'Look',
    functions: [
      'kanthorq_task_explain',
      'kanthorq_task_find',
      'kanthorq_task_count',
      'kanthorq_task_stats',
    ],
  },
  {
    title: 'Move tasks by their ids',
    functions: ['kanthorq_task_cancel', 'kanthorq_task_resume', 'kanthorq_task_discard'],
  },
  {
    title: 'Move all tasks that a filter matches',
    functions: [
      'kanthorq_task_cancel_all',
      'kanthorq_task_resume_all',
      'kanthorq_task_discard_all',
      'kanthorq_task_batch',
      'kanthorq_task_all',
    ],
  },
  {
    title: 'The log, and undo',
    functions: ['kanthorq_task_operations', 'kanthorq_task_undo', 'kanthorq_task_operation_purge'],
  },
  { title: 'Rights', functions: ['kanthorq_grant', 'kanthorq_revoke'] },
  { title: 'The doctor', functions: ['kanthorq_doctor'] },
  {
    title: 'What KanthorQ does',
    functions: [
      'kanthorq_stream_register',
      'kanthorq_consumer_register',
      'kanthorq_stream_publish',
      'kanthorq_task_convert',
    ],
  },
]
