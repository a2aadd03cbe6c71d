/** A point in time for people: `2026-01-31 03:00:00+01`, in local time, as psql writes it and our options take it. */
export function formatTime(time: Date | null): string {
  if (time === null) return ''
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0')
  const offset = -time.getTimezoneOffset()
  const minutes = Math.abs(offset) % 60
  return (
    `${String(time.getFullYear())}-${two(time.getMonth() + 1)}-${two(time.getDate())} ` +
    `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}` +
    `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}${minutes === 0 ? '' : `:${two(minutes)}`}`
  )
}

/** How long something takes: `8s`, `3m 20s`, `1h 5m`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes}m ${seconds % 60}s`
    : `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}
