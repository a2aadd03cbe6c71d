import ts from 'typescript'

/** What can have TSDoc. */
type Documented = ts.Symbol | ts.Signature

/** What TSDoc says about something, but for its tags, in Markdown. */
export function textOf(documented: Documented, checker: ts.TypeChecker): string {
  return markdown(documented.getDocumentationComment(checker))
}

/** What its tags say about parameters, the result and what is thrown: an item of a list for each. */
export function linesOf(documented: Documented, checker: ts.TypeChecker): string[] {
  const items = documented.getJsDocTags(checker).flatMap(({ name, text }) => {
    switch (name) {
      case 'param': {
        const [, parameter = '', said = ''] = /^(\S+)\s+(?:-\s+)?([^]*)$/.exec(markdown(text)) ?? []
        return [`- \`${parameter}\`: ${said}`]
      }
      case 'returns':
        return [`- Returns ${markdown(text)}`]
      case 'throws':
        return [`- Throws ${markdown(text)}`]
      default:
        throw new Error(`@${name} is a tag that scripts/reference/tsdoc.ts does not know`)
    }
  })
  return items.length === 0 ? [] : [items.map((item) => item.replaceAll('\n', ' ')).join('\n')]
}

/** A declaration without its body, on one line if it is not too long for one. */
export function signatureOf(
  declaration: ts.FunctionDeclaration | ts.MethodDeclaration | ts.ConstructorDeclaration,
): string {
  const parameters = declaration.parameters.map((parameter) => {
    // What has a default may be left out; which one, its description says.
    const isOptional = parameter.questionToken !== undefined || parameter.initializer !== undefined
    const name = parameter.name.getText() + (isOptional ? '?' : '')
    return `${name}: ${parameter.type?.getText() ?? ''}`
  })
  const name = ts.isConstructorDeclaration(declaration)
    ? `new ${declaration.parent.name?.text ?? ''}`
    : (declaration.name?.getText() ?? '')
  const result = declaration.type === undefined ? '' : `: ${declaration.type.getText()}`
  const line = `${name}(${parameters.join(', ')})${result}`
  return line.length <= 100 ? line : `${name}(\n  ${parameters.join(',\n  ')},\n)${result}`
}

/** Links lead to the heading of what they name, which is the last part of `TaskClient.cancel`. */
function markdown(parts: readonly ts.SymbolDisplayPart[] | undefined): string {
  return ts
    .displayPartsToString([...(parts ?? [])])
    .replace(/\{@link (\S+?) ?\}/g, (_, name: string) => {
      const [last = ''] = name.split('.').slice(-1)
      return `[\`${name}\`](#${last.toLowerCase()})`
    })
}
