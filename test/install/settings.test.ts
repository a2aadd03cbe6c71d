// Installing depends on no setting of a session, a role or a database, nor on encodings.
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import { catalog, only } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { ways } from './ways.ts'

const server = useServer(test)

const settings = {
  standard_conforming_strings: 'off',
  backslash_quote: 'off',
  quote_all_identifiers: 'on',
  transform_null_equals: 'on',
  array_nulls: 'off',
  check_function_bodies: 'on',
  'plpgsql.extra_errors': "'all'",
  'plpgsql.variable_conflict': 'use_column',
  default_transaction_isolation: "'repeatable read'",
  default_transaction_read_only: 'on',
  client_min_messages: 'debug5',
  'kanthorq.schema': "'elsewhere'",
}

for (const [way, install] of Object.entries(ways)) {
  test(`${way} installs the same under any settings, takes it back and repairs nothing`, async (t) => {
    const plain = await server.emptyDatabase(t)
    await migrate({ database: plain.url })
    const { client, url } = await server.emptyDatabase(t)
    const name = new URL(url).pathname.slice(1)
    for (const [setting, value] of Object.entries(settings))
      await client.query(`alter database ${name} set ${setting} to ${value}`)
    await install(url)
    const installed = async () => only(await catalog(client), /kanthorq_migrate\(/, false)
    t.deepEqual(await installed(), await catalog(plain.client))
    t.deepEqual(await migrate({ database: url }), [])
    await migrate({ database: url, direction: 'down' })
    t.is((await migrate({ database: url })).length, 1)
    t.deepEqual(await installed(), await catalog(plain.client))
  })

  test(`${way} installs the same in databases of any encoding, and for clients of any`, async (t) => {
    const plain = await server.emptyDatabase(t)
    await migrate({ database: plain.url })
    for (const [encoding, clientEncoding] of [
      ['LATIN1', 'LATIN1'],
      ['LATIN9', 'UTF8'],
      ['KOI8R', 'UTF8'],
      ['EUC_JP', 'SJIS'],
      ['UTF8', 'GBK'],
      ['UTF8', 'WIN1252'],
    ] as const) {
      const url = await databaseIn(t, plain.url, encoding)
      const client = await connect(t, url)
      await client.query(`alter database ${new URL(url).pathname.slice(1)} set client_encoding to ${clientEncoding}`)
      await install(url)
      t.deepEqual(only(await catalog(client), /kanthorq_migrate\(/, false), await catalog(plain.client), encoding)
    }
  })
}

/** Makes a database in this encoding. */
async function databaseIn(t: ExecutionContext, beside: string, encoding: string): Promise<string> {
  const { client, url } = await server.emptyDatabase(t)
  const name = `${new URL(url).pathname.slice(1)}_${encoding.toLowerCase()}`
  await client.query(`create database ${name} template template0 encoding ${encoding} locale 'C'`)
  t.teardown(() => client.query(`drop database ${name} with (force)`))
  return Object.assign(new URL(beside), { pathname: `/${name}` }).href
}
