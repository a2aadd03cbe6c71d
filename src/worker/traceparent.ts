/** The W3C traceparent in the metadata of an event, if it is valid: of version 00, and of neither trace nor span 0. */
export function traceparentOf(metadata: Record<string, unknown>): string | undefined {
  const { traceparent } = metadata
  return typeof traceparent === 'string' && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
    ? traceparent
    : undefined
}
