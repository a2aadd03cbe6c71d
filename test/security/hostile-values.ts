// What to call the functions with when one means no good: SQL expressions, by the type of the parameter and by its name.
// Without sub-selects, which CALL does not take.
import type { Parameter } from './routines.ts'

/** Texts that break out of quotes, look like something else, or are too long. None holds a NUL: PostgreSQL has no such text. */
const texts = [
  "''",
  "' '",
  "'NULL'",
  "''''",
  `e'"\\\\'`,
  "'a''; drop table kanthorq_consumer_registry; --'",
  "'$$ $1 $function$ select 1 $function$'",
  "'%'",
  "'%s %I %L %1$s %n'",
  "'{null}'",
  "'../task_operation'",
  "'pg_catalog.pg_class'",
  "'Send_Email'",
  "'send_email '",
  "e'\\tsend_email\\r\\n'",
  "e's\\u0435nd_email'", // a Cyrillic е
  "e'send\\uff3femail'", // a fullwidth underscore
  "e'\\u00e9 e\\u0301'", // the same letter, in one character and in two
  "e'\\u202egniliam\\u202c'", // right to left
  "e'\\u200b\\ufeff\\uffff'", // spaces of no width, and no character
  "e'\\U0001F469\\u200d\\U0001F4BB\\U0010ffff'",
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
  "'[0:1]={event_a,event_b}'",
  "'[2147483646:2147483646]={event_a}'",
  "array['event_a', null]",
  "array['event_a', 'event_a', 'event_b', 'event_a']",
  "array_fill('event_a'::text, array[10000])",
  "array_fill('event_a'::text, array[2, 2], array[7, 7])",
  // A third of them is enough.
  ...texts.filter((_, n) => n % 3 === 0).map((text) => `array[${text}]`),
]

const json = [
  ...['null', 'true', '1e400', '"send_email"', '[null]', '{"": null}'],
  '{"a": {"b": {"c": [1, 2, {"d": null}]}}}',
  '{"customer": "42", "customer": "43"}',
  `{"$1": "%s", "''": "\\"", "\\\\": ";"}`,
  '{"\\u00e9": "e\\u0301"}',
  '{"n": 123456789012345678901234567890.123456789}',
]

/** By the name of a type of PostgreSQL. */
const byType: Readonly<Record<string, readonly string[]>> = {
  text: texts,
  _text: arrays,
  jsonb: [
    ...json.map((text) => `'${text}'`),
    "repeat('[', 1000) || repeat(']', 1000)",
    `repeat('{"a":', 1000) || '1' || repeat('}', 1000)`,
  ],
  int8: ['-9223372036854775808', '-1', '0', '1', '9223372036854775807'],
  int4: ['-2147483648', '-1', '0', '1', '2147483647'],
  bool: ['true', 'false'],
  bytea: ["''", "'\\xff00fe'", "decode(repeat('00', 1000000), 'hex')"],
  timestamptz: [
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 00:00:00+00 BC'",
    "'0001-01-01 00:00:00+00 BC'",
    "'1969-12-31 23:59:59.999999+00'",
    "'294276-12-31 23:59:59.999999+00'",
    "'2026-01-01 00:00:00.0009999+00'",
    'clock_timestamp()',
  ],
  interval: [
    ...["'0'", "'-1 second'", "'-178000000 years'", "'178000000 years'", "'1 microsecond'"],
    "'1 month -30 days'",
    "'0.0000001 seconds'",
    // Before PostgreSQL 17 there is no such interval.
    ...["'infinity'", "'-infinity'"].map(
      (value) => `case when current_setting('server_version_num')::int >= 170000 then ${value} else '-1 day' end`,
    ),
  ],
}

/** 10 MB each. They take their time, so they are tried once for each name of a parameter. */
const huge: Readonly<Record<string, readonly string[]>> = {
  text: ["repeat('x', 10000000)", "repeat('é', 5000000)"],
  _text: ["array[repeat('x', 10000000)]", "string_to_array(repeat('event_a,', 1250000), ',')"],
  jsonb: ["jsonb_build_object('a', repeat('x', 10000000))", "to_jsonb(repeat('x', 10000000))"],
  bytea: ["decode(repeat('00', 10000000), 'hex')"],
}

const byName: Readonly<Record<string, readonly string[]>> = {
  states: [
    "'{running,running,running}'",
    "'{Running}'",
    "array[null, 'running']",
    "array_fill('available'::text, array[10000])",
    "'{{running},{available}}'",
    "'[7:8]={available,discarded}'",
  ],
  subject: ["'*'", "'>'", "'>.>'", "'*.*.>'", "'order.>.created'", "'.'", "'*>'", "'a*'"],
}

/** The hostile values for a parameter, null among them. A composite value has one hostile field. */
export function hostileValues({ name, type, fields }: Parameter): readonly string[] {
  const composite = (fields ?? []).flatMap((field) =>
    ofType(byType, field.type).map(
      (value) => `jsonb_populate_record(null::${type}, jsonb_build_object('${field.name}', (${value})::${field.type}))`,
    ),
  )
  return ['null', ...composite, ...ofType(byType, type), ...(byName[name] ?? [])]
}

/** 10 MB for a parameter of this type, in several ways. */
export function hugeValues({ type }: Parameter): readonly string[] {
  return ofType(huge, type)
}

function ofType(values: typeof byType, type: string): readonly string[] {
  return values[type.replace('pg_catalog.', '')] ?? []
}
