// Links inside the documents lead to a file and a heading, and each guarantee to its proof.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { anchorsOf, documents, readDocument } from '../support/documents.ts'
import { projectFolder } from '../support/run-program.ts'

for (const document of documents()) {
  test(`the links of ${document} lead somewhere`, (t) => {
    const broken = linksOf(document).filter(({ file, anchor }) => {
      if (!existsSync(join(projectFolder, file))) return true
      return anchor !== undefined && !anchorsOf(file).includes(anchor)
    })
    t.deepEqual(broken, [])
  })
}

test('every document can be reached from the README', (t) => {
  const reached = new Set(['README.md'])
  for (const document of reached) {
    const files = linksOf(document).map(({ file }) => file)
    for (const file of files) if (documents().includes(file)) reached.add(file)
  }
  t.deepEqual([...reached].sort(), documents().sort())
})

for (const [document, least] of [
  ['docs/guarantees.md', 40],
  ['docs/security.md', 20],
] as const) {
  test(`each promise of ${document} names a test that proves it`, (t) => {
    const [promises = ''] = readDocument(document).split('## Not guaranteed')
    const proofs = referencesOf(document)
    t.deepEqual(
      proofs.map(([, file]) => file).filter((file) => !/^\.\.\/(test|db\/tests)\/./.test(file)),
      [],
    )
    const items = promises
      .split(/^- /m)
      .slice(1)
      .map((item) => item.split('\n\n')[0] ?? '')
    t.true(items.length >= least, String(items.length))
    const named = items.map((item) => [...item.matchAll(/\[([^\]]+)\](?!\()/g)].map(([, name]) => name))
    t.deepEqual(
      items.filter((item, number) => named[number]?.length === 0 && !item.includes('nothing stops')),
      [],
    )
    const used = [...promises.matchAll(/\[([^\]]+)\](?![(:])/g)].map(([, name]) => name)
    t.deepEqual([...new Set(used)].sort(), proofs.map(([name]) => name).sort())
  })
}

/** Those that do not lead out of the project. Of each, the file as a path from the project's folder. */
function linksOf(document: string): { file: string; anchor: string | undefined }[] {
  const links = [...readDocument(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return [...links, ...referencesOf(document).map(([, link]) => link)]
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor] = link.split('#')
      return { file: path === '' ? document : join(dirname(document), path), anchor }
    })
}

/** The links that a document defines at its end, by their names. */
function referencesOf(document: string): [name: string, link: string][] {
  return [...readDocument(document).matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name = '', link = '']) => [name, link])
}
