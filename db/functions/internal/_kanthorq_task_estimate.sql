-- Estimates how many tasks a consumer has in each state, from a thousand pages of its table: always the same ones, so that they stay in
-- memory and the numbers do not jump. A smaller table is read as a whole. Statistics of the planner are not used: they may be old or missing.
--
-- A sample misses states that few tasks have, and these matter most. So with an index on (state, schedule_at), up to 10,000 tasks of each
-- state are counted: of a state that has fewer, all.
create or replace function kanthorq_schema._kanthorq_task_estimate(consumer text)
returns table (
  state text,
  tasks bigint,
  stuck bigint
)
language plpgsql
stable
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_pages bigint := (
    select sum(pg_relation_size(p.relid)) / current_setting('block_size')::integer
    from (select v_table as relid union select t.relid from pg_partition_tree(v_table) t) p
  );
  v_share float8 := least(1, 1000.0 / greatest(v_pages, 1));
begin
  return query execute format($q$
    with sampled as (
      select t.state, round(count(*) / $3)::bigint as tasks, round(count(*) filter (where %1$s) / $3)::bigint as stuck
      from %2$s t tablesample system ($3 * 100) repeatable (1)
      group by t.state
    ),
    counted as (
      select s.code as state, c.tasks, c.stuck
      from kanthorq_schema._kanthorq_task_states() s
      cross join lateral (
        select count(*) as tasks, count(*) filter (where %1$s) as stuck
        from (select * from %2$s t where t.state = s.code order by t.schedule_at limit 10000) t
      ) c
      where $4
    )
    select kanthorq_schema._kanthorq_task_state_name(state),
      case when c.tasks < 10000 then c.tasks else greatest(s.tasks, c.tasks) end,
      case when c.tasks < 10000 then c.stuck else greatest(s.stuck, c.stuck) end
    from sampled s
    full join counted c using (state)
    where case when c.tasks < 10000 then c.tasks else greatest(s.tasks, c.tasks) end > 0
    order by state
    $q$,
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false), v_consumer.tasks
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, v_share,
    v_share < 1 and kanthorq_schema._kanthorq_has_scheduling_index(v_table);
end
$function$;

comment on function kanthorq_schema._kanthorq_task_estimate is 'Internal. Estimates how many tasks a consumer has in each state.';
