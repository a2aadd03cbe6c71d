/**
 * How much of what tests do at random, or over and over, they do: KANTHORQ_TEST_EFFORT, or 1. The soak test does several
 * times as much; where a second server of much the same kind is tested, a tenth is enough.
 */
export const effort = Number(process.env['KANTHORQ_TEST_EFFORT'] ?? 1)
if (!(effort > 0)) throw new Error('KANTHORQ_TEST_EFFORT has to be a number greater than 0')

/** How many times to do what is usually done this often; at least once. */
export function times(usually: number): number {
  return Math.ceil(usually * effort)
}
