-- The cause of an error: its first line, with an asterisk for each value that differs from task to task. The one place of the rule.
--
-- - Only the first 1000 characters are looked at, and no pattern has a back reference: a text takes a millisecond at most.
-- - What opens and does not end is a value up to the end of the line.
-- - A fingerprint is its own fingerprint: no quote, bracket or digit is left to be masked. So another text is refused as a filter.
-- - "C" makes letters and digits those of ASCII, whatever the locale and the encoding.
create or replace function kanthorq_schema._kanthorq_fingerprint(error text)
returns text
language sql
immutable
return btrim(left(
  regexp_replace(regexp_replace(regexp_replace(
    split_part(translate(btrim(left(error, 1000), e' \t\r\n'), e'\r', e'\n'), e'\n', 1) collate "C",
    -- An empty text, control characters, and what is quoted: an apostrophe within a word is not.
    e'^$|[[:cntrl:]]+|"([^"\\\\]|\\\\.?)*("|$)|`[^`]*(`|$)|(?<![^ =:,([{<])''([^''\\\\]|\\\\.?)*(''|$)'
    -- What is in brackets; < may also mean less.
    || e'|\\[[^]]*\\]*|\\([^)]*\\)*|\\{.*\\}|\\{[^}]*$|<[^> =-][^>]*>'
    -- URLs and e-mail addresses.
    || e'|[a-zA-Z][a-zA-Z0-9+.-]*://[^ ]*[a-zA-Z0-9/]|[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+',
    '*', 'g'
  ),
    -- Long hex numbers, UUIDs, and addresses with colons.
    e'\\m([0-9a-fA-F]{8,}(-[0-9a-fA-F]+)*|[0-9a-fA-F]+:[0-9a-fA-F]*:[0-9a-fA-F:]*)\\M'
    -- Words with a digit before a letter, such as ids; numbers; and what hangs on them, such as the rest of a date.
    || '|([a-zA-Z_]+[0-9]+[a-zA-Z]|[0-9])[a-zA-Z0-9_]*([-+.:/,]+[a-zA-Z_]*[0-9][a-zA-Z0-9_]*)*',
    '*', 'g'
  ),
    -- A list is one value.
    '[*](, ?[*])+', '*', 'g'
  ),
  200
), ' ');

comment on function kanthorq_schema._kanthorq_fingerprint is 'Internal. The first line of an error with * for each value in it, at most 200 characters.';
