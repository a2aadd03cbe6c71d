// Links inside the documents lead somewhere.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { documents, readDocument } from './support/documents.ts'
import { projectFolder } from './support/run-program.ts'

for (const document of documents()) {
  test(`the links of ${document} lead somewhere`, (t) => {
    for (const link of linksOf(readDocument(document))) {
      const [path = '', anchor] = link.split('#')
      const file = path === '' ? document : join(dirname(document), path)
      t.true(existsSync(join(projectFolder, file)), link)
      if (anchor !== undefined) t.true(anchorsOf(readDocument(file)).includes(anchor), link)
    }
  })
}

test('every document can be reached from the README', (t) => {
  const reached = new Set(['README.md'])
  for (const document of reached) {
    const files = linksOf(readDocument(document)).map((link) =>
      join(dirname(document), link.replace(/#.*/, '')),
    )
    for (const file of files) if (file.endsWith('.md')) reached.add(file)
  }
  t.deepEqual(
    documents().filter((document) => !reached.has(document)),
    [],
  )
})

/** Those that do not lead out of the project. */
function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
}

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}
