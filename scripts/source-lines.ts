import { parse } from 'libpg-query'

/**
 * The statements of an SQL text, and the line on which each begins, counted from 1. A text that does not parse is one
 * statement; the server then says itself what is wrong with it.
 */
export async function statementsOf(sql: string): Promise<{ text: string; line: number }[]> {
  const bytes = Buffer.from(sql)
  try {
    const { stmts = [] } = await parse(sql)
    return stmts.map(({ stmt_location: start = 0, stmt_len: length = bytes.length }) => ({
      text: bytes.toString('utf8', start, start + length),
      line: countLines(bytes.toString('utf8', 0, start)),
    }))
  } catch {
    return [{ text: sql, line: 1 }]
  }
}

/** The line of a position as PostgreSQL reports it: in characters (not UTF-16 units), counted from 1. */
export function lineOfPosition(sql: string, position: number): number {
  return countLines(
    Array.from(sql)
      .slice(0, position - 1)
      .join(''),
  )
}

function countLines(textBefore: string): number {
  return textBefore.split('\n').length
}
