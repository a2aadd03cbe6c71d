import { buffer } from 'node:stream/consumers'
import { Command, Option } from 'commander'
import { metadata, type Metadata } from '../arguments/option-parsers.ts'
import type { Database } from '../database.ts'
import { NothingError, UsageError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'

interface PublishFlags {
  metadata?: Metadata
  lines?: boolean
}

/** The number of events a statement. */
const chunk = 1000

export function publishCommand(): Command {
  const command = new Command('publish')
    .summary('Publish events to a stream')
    .description(
      'Publishes an event, whose body is an argument or all of standard input, byte by byte; or an event for each line of standard ' +
        'input. Prints the ids of the events.',
    )
    .argument('<stream>', 'name of the stream')
    .argument('<subject>', 'letters and digits with single dots, hyphens or underscores between them')
    .argument('[body]', 'the payload; - or none is standard input')
    .addOption(
      new Option(
        '--metadata <key=value>',
        'a text for the metadata; repeat it for more, or pass JSON: {"customer": 42}',
      ).argParser(metadata),
    )
    .option('--lines', 'publish an event for each line of standard input, in their order')
    .action(async (stream: string, subject: string, body: string | undefined, flags: PublishFlags) => {
      const isGiven = body !== undefined && body !== '-'
      if (flags.lines && isGiven) throw new UsageError('a body and --lines cannot be combined: omit one of the two')
      if (!isGiven && process.stdin.isTTY) throw new UsageError('pass a body, or pipe it to standard input')
      await withSession(command, async ({ db, output }) => {
        const event = { stream, subject, metadata: flags.metadata?.json }
        let published = 0
        const bodies = flags.lines ? linesOf(process.stdin) : [[isGiven ? Buffer.from(body) : await buffer(process.stdin)]]
        for await (const some of bodies) {
          const ids = await publish(db, event, some)
          published += ids.length
          if (output.isData) await output.records(ids.map((eventId) => ({ eventId })))
          else await output.ids(ids)
        }
        if (published === 0) throw new NothingError('standard input has no lines')
        return exitCode.done
      })
    })
  return addExamples(
    command,
    {
      why: 'an event',
      line: `kanthorq-tasks publish order_update order.created '{"order": 42}' --metadata customer=42`,
    },
    {
      why: 'an event for each line',
      line: String.raw`printf '{"order": 43}\n{"order": 44}\n' | kanthorq-tasks publish order_update order.created --lines`,
    },
  )
}

/** Publishes events that differ only in their bodies. The metadata goes as it was typed: JavaScript would round its numbers. */
async function publish(
  db: Database,
  { stream, subject, metadata: json }: { stream: string; subject: string; metadata: string | undefined },
  bodies: readonly Buffer[],
): Promise<string[]> {
  const { ids } = await db.row<{ ids: string[] }>({
    name: 'kanthorq_stream_publish_many',
    args: { stream, subjects: bodies.map(() => subject), bodies, metadatas: json && bodies.map(() => json) },
    columns: 'kanthorq_stream_publish_many as ids',
  })
  return ids
}

/** The lines of a stream as they are, so many at a time. */
async function* linesOf(input: NodeJS.ReadStream): AsyncGenerator<Buffer[]> {
  let lines: Buffer[] = []
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of input) {
    rest = Buffer.concat([rest, piece as Buffer])
    let start = 0
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
      lines.push(rest.subarray(start, end))
      start = end + 1
      if (lines.length === chunk) {
        yield lines
        lines = []
      }
    }
    rest = rest.subarray(start)
  }
  if (rest.length > 0) lines.push(rest)
  if (lines.length > 0) yield lines
}
