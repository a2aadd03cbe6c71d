// What to call the functions with when one means no good: SQL expressions, by the type of the parameter and by its name.
// Without sub-selects, which CALL does not take.

/** Texts that break out of quotes, look like something else, or are too long. None holds a NUL: PostgreSQL has no such text. */
export const texts: readonly string[] = [
  "''",
  "' '",
  "'null'",
  "'NULL'",
  "''''",
  "'\"'",
  `e'\\\\'`,
  `e'\\\\''; --'`,
  "'a''; drop table kanthorq_consumer_registry; --'",
  "'$$'",
  "'$1'",
  "'$function$ select 1 $function$'",
  "'%'",
  "'%s %I %L %1$s %'",
  "'%n%n%n'",
  "'{}'",
  "'{null}'",
  "'../task_operation'",
  "'pg_catalog.pg_class'",
  "'Send_Email'",
  "'send_email '",
  "e'send_email\\n'",
  "e'\\tsend_email'",
  "e'send_email\\r\\n'",
  "e's\\u0435nd_email'", // a Cyrillic е
  "e'send\\uff3femail'", // a fullwidth underscore
  "e'\\u00e9'",
  "e'e\\u0301'", // the same letter, in two characters
  "e'\\u202egniliam\\u202c'", // right to left
  "e'\\u200bsend_email'", // a space of no width
  "e'\\ufeff'",
  "e'\\uffff'",
  "e'\\U0001F469\\u200d\\U0001F4BB'",
  "e'\\U0010ffff'",
  "e'\\x01\\x02\\x7f'",
  "'kanthorq_task_operation'",
  "repeat('x', 64)",
  "repeat('é', 257)",
  "repeat('.', 300)",
  "repeat('(', 5000)",
  "repeat('*.', 20000) || '*'",
  "repeat('a.>', 5000)",
  "repeat('''', 100000)",
  "repeat(e'\\\\', 100000)",
]

const arrays = [
  "'{}'",
  "'{NULL}'",
  '\'{""}\'',
  "'{{a,b},{c,d}}'",
  "'{{{a}}}'",
  "'[0:1]={event_a,event_b}'",
  "'[-5:-4]={event_a,event_b}'",
  "'[2147483646:2147483646]={event_a}'",
  "array['event_a', null]",
  "array['event_a', '']",
  "array['event_a', 'event_a', 'event_b', 'event_a']",
  "array_fill('event_a'::text, array[10000])",
  "array_fill('event_a'::text, array[2, 2], array[7, 7])",
  // A third of them is enough.
  ...texts.filter((_, n) => n % 3 === 0).map((text) => `array[${text}]`),
]

const objects = [
  'null',
  'true',
  '0',
  '1e400',
  '"send_email"',
  '[]',
  '[null]',
  '{"": null}',
  '{"a": {"b": {"c": [1, 2, {"d": null}]}}}',
  '{"customer": "42", "customer": "43"}',
  `{"$1": "%s", "'": "\\"", "\\\\": ";"}`,
  '{"\\u00e9": "e\\u0301"}',
  '{"n": 123456789012345678901234567890.123456789}',
].map((json) => `'${json.replaceAll("'", "''")}'`)

const deep = [
  "repeat('[', 1000) || repeat(']', 1000)",
  `repeat('{"a":', 1000) || '1' || repeat('}', 1000)`,
]

/** Hostile values by the type of a parameter, as format_type() writes it. null is tried everywhere. */
export const byType: Readonly<Record<string, readonly string[]>> = {
  text: texts,
  'text[]': arrays,
  jsonb: [...objects, ...deep],
  bigint: ['-9223372036854775808', '-1', '0', '1', '9223372036854775807'],
  integer: ['-2147483648', '-1', '0', '1', '2147483647'],
  boolean: ['true', 'false'],
  bytea: ["''", "'\\x00'", "'\\xff00fe'", "decode(repeat('00', 1000000), 'hex')"],
  'timestamp with time zone': [
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 00:00:00+00 BC'",
    "'0001-01-01 00:00:00+00 BC'",
    "'1970-01-01 00:00:00+00'",
    "'1969-12-31 23:59:59.999999+00'",
    "'294276-12-31 23:59:59.999999+00'",
    "'2026-01-01 00:00:00.0009999+00'",
    'clock_timestamp()',
  ],
  interval: [
    "'0'",
    "'-1 second'",
    "'-178000000 years'",
    "'178000000 years'",
    "'1 microsecond'",
    "'1 month -30 days'",
    "'0.0000001 seconds'",
    // Before PostgreSQL 17 there is no such interval.
    "case when current_setting('server_version_num')::integer >= 170000 then 'infinity' else '178000000 years' end",
    "case when current_setting('server_version_num')::integer >= 170000 then '-infinity' else '-1 day' end",
  ],
}

/** 10 MB each. They take their time, so they are tried once for each name of a parameter. */
export const huge: Readonly<Record<string, readonly string[]>> = {
  text: ["repeat('x', 10000000)", "repeat('é', 5000000)"],
  'text[]': ["array[repeat('x', 10000000)]", "string_to_array(repeat('event_a,', 1250000), ',')"],
  jsonb: ["jsonb_build_object('a', repeat('x', 10000000))", "to_jsonb(repeat('x', 10000000))"],
  bytea: ["decode(repeat('00', 10000000), 'hex')"],
}

/** What is hostile for the parameters of one name only. */
export const byName: Readonly<Record<string, readonly string[]>> = {
  states: [
    "'{running,running,running}'",
    "'{Running}'",
    "'{running,paused}'",
    "array[null, 'running']",
    "array_fill('completed'::text, array[10000])",
    "array_fill('available'::text, array[10000])",
    "'{{running},{available}}'",
    "'[7:8]={available,discarded}'",
  ],
  subject: ["'*'", "'>'", "'>.>'", "'*.*.>'", "'order.>.created'", "'.'", "'*>'", "'a*'"],
}
