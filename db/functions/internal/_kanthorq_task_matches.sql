-- Whether the common filter lets a task through. The planner inlines it and drops the parts that are null.
create or replace function
kanthorq_schema._kanthorq_task_matches(
  filter kanthorq_schema._kanthorq_task_filter,
  state smallint,
  subject text,
  metadata jsonb,
  attempted_error jsonb[],
  created_at bigint,
  finalized_at bigint
)
returns boolean
language sql
immutable
return ((filter).states is null or state = any ((filter).states))
  and ((filter).subject is null or subject = (filter).subject)
  and ((filter).subject_pattern is null or subject ~ (filter).subject_pattern)
  and ((filter).metadata is null or metadata @> (filter).metadata)
  and ((filter).created_from is null or created_at >= (filter).created_from)
  and ((filter).created_to is null or created_at < (filter).created_to)
  and ((filter).finalized_from is null or finalized_at >= (filter).finalized_from)
  and ((filter).finalized_to is null or finalized_at < (filter).finalized_to)
  and (
    (filter).error is null
    or strpos(kanthorq_schema._kanthorq_folded(attempted_error[array_upper(attempted_error, 1)] ->> 'error'), (filter).error) > 0
  )
  and (
    (filter).fingerprint is null
    or strpos(attempted_error[array_upper(attempted_error, 1)] ->> 'error', (filter).fingerprint_start) > 0
    and kanthorq_schema._kanthorq_fingerprint(attempted_error[array_upper(attempted_error, 1)] ->> 'error') = (filter).fingerprint
  );

comment on function kanthorq_schema._kanthorq_task_matches is 'Internal. Whether the common filter lets a task through.';
