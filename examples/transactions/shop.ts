// The shop of the other examples in this folder. Each order has two e-mails, each of them a task of KanthorQ. A customer
// withdraws an order: either the order is withdrawn and neither e-mail is sent, or nothing changes.
//
// DATABASE_URL names a database with kanthorq-tasks. The shop creates the table `shop_order` there.
import pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'

export const consumer = 'mail_customer'

export const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })

export interface Order {
  id: number
  /** The event ids of its e-mails. */
  emails: string[]
}

/** Withdraws an order without sent e-mails, then one whose first e-mail has been sent, and shows both. */
export async function demonstrate(withdraw: (order: Order) => Promise<void>): Promise<void> {
  await open()
  const orders = [
    await takeOrder({ confirmation: 'available', invoice: 'available' }),
    await takeOrder({ confirmation: 'completed', invoice: 'available' }),
  ]
  for (const order of orders) {
    try {
      await withdraw(order)
    } catch (error) {
      console.log(`rolled back: ${error instanceof Error ? error.message : String(error)}`)
    }
    await show(order)
  }
  await pool.end()
}

async function open(): Promise<void> {
  await pool.query(`
    create table if not exists shop_order (
      id integer generated always as identity primary key,
      status text not null default 'open'
    )`)
  await pool.query('select kanthorq_consumer_register($1, $2, $3)', ['shop', consumer, ['order.>']])
}

async function takeOrder(emails: Record<string, TaskState>): Promise<Order> {
  const { rows } = await pool.query<{ id: number }>('insert into shop_order default values returning id')
  const id = rows[0]?.id ?? 0
  const tasks = []
  for (const [email, state] of Object.entries(emails)) {
    const { rows: made } = await pool.query<{ event_id: string }>(
      `select event_id from kanthorq_task_convert($1, array[kanthorq_stream_publish('shop', $2, '{}')], $3)`,
      [consumer, `order.${id}.${email}`, state],
    )
    tasks.push(made[0]?.event_id ?? '')
  }
  return { id, emails: tasks }
}

async function show({ id }: Order): Promise<void> {
  const { rows: orders } = await pool.query<{ status: string }>('select status from shop_order where id = $1', [id])
  const { rows: tasks } = await pool.query<{ subject: string; state: string }>(
    'select subject, state from kanthorq_task_find($1, subject => $2, oldest_first => true)',
    [consumer, `order.${id}.>`],
  )
  const emails = tasks.map(({ subject, state }) => `${subject} is ${state}`)
  console.log(`order ${id} is ${orders[0]?.status ?? 'gone'}; ${emails.join(', ')}`)
}
