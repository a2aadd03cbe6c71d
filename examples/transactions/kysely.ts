// The client in a transaction of Kysely: both use the same PoolClient, which Kysely gets as a pool of one connection.
import { Kysely, PostgresDialect, type Generated } from 'kysely'
import { TaskClient } from 'kanthorq-tasks'
import type pg from 'pg'
import { consumer, demonstrate, pool, type Order } from './shop.ts'

interface Database {
  shop_order: { id: Generated<number>; status: Generated<string> }
}

async function withdraw(order: Order): Promise<void> {
  const client = await pool.connect()
  try {
    await kyselyOn(client)
      .transaction()
      .execute(async (transaction) => {
        await transaction.updateTable('shop_order').set({ status: 'withdrawn' }).where('id', '=', order.id).execute()
        const { noop } = await new TaskClient(client).cancel(consumer, order.emails, {
          reason: `order ${order.id} was withdrawn`,
        })
        if (noop.length > 0) throw new Error('an e-mail has been sent')
      })
  } finally {
    client.release()
  }
}

function kyselyOn(client: pg.PoolClient): Kysely<Database> {
  // The owner of the connection releases it, not Kysely.
  const lent = { query: client.query.bind(client), release: () => undefined }
  return new Kysely<Database>({
    dialect: new PostgresDialect({
      pool: { connect: () => Promise.resolve(lent), end: () => Promise.resolve() },
    }),
  })
}

await demonstrate(withdraw)
