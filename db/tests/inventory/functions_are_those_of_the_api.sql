begin;

select plan(1);

select functions_are(
  'public',
  array[
    '_kanthorq_as_time',
    '_kanthorq_check_event_ids',
    '_kanthorq_check_name',
    '_kanthorq_check_subject',
    '_kanthorq_check_subject_filters',
    '_kanthorq_consumer',
    '_kanthorq_crockford',
    '_kanthorq_find_table',
    '_kanthorq_function_levels',
    '_kanthorq_goes_by_event_id',
    '_kanthorq_has_scheduling_index',
    '_kanthorq_id',
    '_kanthorq_is_migrated',
    '_kanthorq_newest_migration',
    '_kanthorq_partition_ids',
    '_kanthorq_set_level',
    '_kanthorq_shown',
    '_kanthorq_stream',
    '_kanthorq_subject_pattern',
    '_kanthorq_table',
    '_kanthorq_task_action',
    '_kanthorq_task_columns',
    '_kanthorq_task_filter',
    '_kanthorq_task_log',
    '_kanthorq_task_progress',
    '_kanthorq_task_state',
    '_kanthorq_task_states',
    '_kanthorq_task_transition',
    '_kanthorq_task_why',
    'kanthorq_consumer_register',
    'kanthorq_doctor',
    'kanthorq_grant',
    'kanthorq_revoke',
    'kanthorq_stream_publish',
    'kanthorq_stream_register',
    'kanthorq_task_all',
    'kanthorq_task_batch',
    'kanthorq_task_cancel',
    'kanthorq_task_cancel_all',
    'kanthorq_task_convert',
    'kanthorq_task_count',
    'kanthorq_task_discard',
    'kanthorq_task_discard_all',
    'kanthorq_task_explain',
    'kanthorq_task_find',
    'kanthorq_task_operation_purge',
    'kanthorq_task_operations',
    'kanthorq_task_resume',
    'kanthorq_task_resume_all',
    'kanthorq_task_stats',
    'kanthorq_task_undo'
  ],
  'the schema has these functions and procedures and no others'
);

select * from finish();

rollback;
