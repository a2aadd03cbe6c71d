/** Prints what a client finds, to be compared with what another one finds. */
export async function check(tasks) {
  const found = await tasks.find(
    'send_email',
    { states: ['completed', 'discarded'], createdAfter: new Date(0) },
    { maxTasks: 3 },
  )
  const explained = await tasks.explain('send_email', found)
  const [operation] = await tasks.operations('send_email', { maxOperations: 1 })
  console.log(JSON.stringify([found, explained, await tasks.stats('send_email'), operation?.reason, operation?.tasks]))
}
