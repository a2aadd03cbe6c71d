// The client in a transaction of Drizzle: both use the same PoolClient.
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { TaskClient } from 'kanthorq-tasks'
import { consumer, demonstrate, pool, type Order } from './shop.ts'

const shopOrder = pgTable('shop_order', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  status: text().notNull().default('open'),
})

async function withdraw(order: Order): Promise<void> {
  const client = await pool.connect()
  try {
    await drizzle({ client }).transaction(async (transaction) => {
      await transaction.update(shopOrder).set({ status: 'withdrawn' }).where(eq(shopOrder.id, order.id))
      const { noop } = await new TaskClient(client).cancel(consumer, order.emails, {
        reason: `order ${order.id} was withdrawn`,
      })
      if (noop.length > 0) throw new Error('an e-mail has been sent')
    })
  } finally {
    client.release()
  }
}

await demonstrate(withdraw)
