import { parse } from 'libpg-query'

/**
 * The line on which each statement of an SQL text begins, counted from 1, in the order of the statements.
 *
 * Empty when the text does not parse; the server then says itself what is wrong with it.
 */
export async function statementLines(sql: string): Promise<number[]> {
  const bytes = Buffer.from(sql)
  try {
    const { stmts = [] } = await parse(sql)
    return stmts.map(({ stmt_location = 0 }) =>
      countLines(bytes.toString('utf8', 0, stmt_location)),
    )
  } catch {
    return []
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
