// The client in a transaction of node-postgres: it uses the PoolClient of the transaction.
import { TaskClient } from 'kanthorq-tasks'
import { consumer, demonstrate, pool, type Order } from './shop.ts'

async function withdraw(order: Order): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query("update shop_order set status = 'withdrawn' where id = $1", [order.id])
    const { noop } = await new TaskClient(client).cancel(consumer, order.emails, {
      reason: `order ${order.id} was withdrawn`,
    })
    if (noop.length > 0) throw new Error('an e-mail has been sent')
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

await demonstrate(withdraw)
