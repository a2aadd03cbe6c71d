// The client in a transaction of Knex: the transaction's connection is a node-postgres Client.
import knex, { type Knex } from 'knex'
import { TaskClient } from 'kanthorq-tasks'
import type pg from 'pg'
import { consumer, demonstrate, type Order } from './shop.ts'

const db = knex({ client: 'pg', connection: process.env['DATABASE_URL'] ?? '' })

async function withdraw(order: Order): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction('shop_order').update({ status: 'withdrawn' }).where({ id: order.id })
    const client = (await (transaction.client as Knex.Client).acquireConnection()) as pg.Client
    const { noop } = await new TaskClient(client).cancel(consumer, order.emails, {
      reason: `order ${order.id} was withdrawn`,
    })
    if (noop.length > 0) throw new Error('an e-mail has been sent')
  })
}

await demonstrate(withdraw)
await db.destroy()
