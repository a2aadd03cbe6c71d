/** How many milliseconds to wait after so many failures in a row: up to five seconds, and not the same for all workers. */
export function retryDelay(failures: number): number {
  return jittered(Math.min(100 * 2 ** (failures - 1), 5000))
}

/** A time around this one. */
export function jittered(milliseconds: number): number {
  return milliseconds * (0.75 + Math.random() / 2)
}
