import type { Database } from './database.ts'

/** What stands for all consumers. */
export const allConsumers = '*'

/** The name, or the names of all consumers for `*`. */
export async function consumersOf(db: Database, consumer: string): Promise<string[]> {
  if (consumer !== allConsumers) return [consumer]
  const rows = await db.rows<{ consumerName: string }>({ name: 'kanthorq_consumer_list', args: {}, columns: 'consumer_name' })
  return rows.map(({ consumerName }) => consumerName)
}

/** A consumer in a sentence. */
export function shownConsumer(consumer: string): string {
  return consumer === allConsumers ? 'all consumers' : consumer
}
