/** Text from the database for a line of a terminal: without line breaks, and without what would steer the terminal. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim()
}
