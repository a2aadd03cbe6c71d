/** A comment on a function, taken apart. */
export interface FunctionComment {
  /** What it does. */
  lead: string
  /** What it says about a name, in its order; a name may come twice, as what goes in and as what comes out. */
  entries: Entry[]
  /** What it says otherwise; `columns` is where it comes to what comes out. */
  rest: (string | typeof columns)[]
}

export interface Entry {
  name: string
  text: string
}

/** Stands where a comment lists the columns of a result. */
export const columns = Symbol('columns')

/** From this length on a line ends because the page does, and not because something does. */
const pageWidth = 100

/**
 * Takes a comment apart: a sentence about the whole, then paragraphs. A line of a name, two blanks and a text says something
 * about a parameter or a column; lines under it that are indented go on with it.
 */
export function parseComment(comment: string): FunctionComment {
  const [lead = '', ...paragraphs] = comment.split(/\n\n+/)
  const entries: Entry[] = []
  const rest: FunctionComment['rest'] = []
  for (const paragraph of paragraphs) {
    const lines = paragraph.split('\n')
    const prose = lines.filter((line) => !/^(\w+ )? /.test(line)).join(' ')
    const before = entries.length
    let width = 0
    for (const line of lines) {
      const [, name, text] = /^(\w+) {2,}(.*)$/.exec(line) ?? []
      const last = entries.at(-1)
      if (name !== undefined && text !== undefined) entries.push({ name, text })
      else if (line.startsWith(' ') && last !== undefined)
        last.text += (width > pageWidth ? ' ' : '<br>') + line.trim()
      width = line.length
    }
    if (prose !== '') rest.push(prose)
    // The paragraph that says what is returned has the columns below it; the others have parameters, or nothing.
    if (prose !== '' && entries.length > before) rest.push(columns)
  }
  return { lead: lead.replaceAll('\n', ' '), entries, rest }
}
