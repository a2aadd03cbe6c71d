begin;

select plan(1);

select functions_are(
  'public',
  array[
    '_kanthorq_check_event_ids',
    '_kanthorq_check_name',
    '_kanthorq_check_subject',
    '_kanthorq_check_subject_filters',
    '_kanthorq_consumer',
    '_kanthorq_crockford',
    '_kanthorq_id',
    '_kanthorq_stream',
    '_kanthorq_table',
    '_kanthorq_task_state',
    '_kanthorq_task_states',
    '_kanthorq_task_transition',
    'kanthorq_consumer_register',
    'kanthorq_stream_publish',
    'kanthorq_stream_register',
    'kanthorq_task_cancel',
    'kanthorq_task_convert',
    'kanthorq_task_resume'
  ],
  'the schema has these functions and no others'
);

select * from finish();

rollback;
