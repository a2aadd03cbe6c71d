// Links inside the documents lead somewhere.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { documents, readDocument } from '../support/documents.ts'
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

/** Those that do not lead out of the project. Of each, the file as a path from the project's folder. */
function linksOf(document: string): { file: string; anchor: string | undefined }[] {
  return [...readDocument(document).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor] = link.split('#')
      return { file: path === '' ? document : join(dirname(document), path), anchor }
    })
}

/** As GitHub makes them of headings. */
function anchorsOf(document: string): string[] {
  return [...readDocument(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}
