/** A number for people: `200,000`. */
export function formatNumber(number: number): string {
  return number.toLocaleString('en-US')
}

/** So many of them: `1 task`, `2,000 tasks`. */
export function counted(number: number, noun: string): string {
  return `${formatNumber(number)} ${noun}${number === 1 ? '' : 's'}`
}
