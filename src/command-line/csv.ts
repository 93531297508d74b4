/** The records of an RFC 4180 text; `line` is where each begins. Fields may be quoted and hold line breaks. */
export function parseCsv(
  text: string,
): readonly { readonly line: number; readonly fields: readonly string[] }[] {
  const input = text.replace(/^\uFEFF/, '')
  // Spreadsheets in half of the world write semicolons.
  const heading = input.slice(0, Math.max(0, input.search(/[\r\n]|$/)))
  const separator = heading.includes(',') ? ',' : ';'
  const records: { line: number; fields: string[] }[] = []
  let fields: string[] = []
  let field = ''
  let quoted = false
  let line = 1
  let begun = 1

  function endField(): void {
    fields.push(field)
    field = ''
  }
  function endRecord(): void {
    endField()
    if (fields.length > 1 || fields[0] !== '') records.push({ line: begun, fields })
    fields = []
    begun = line
  }

  for (let index = 0; index < input.length; index += 1) {
    const character = input[index]
    if (character === '\n') line += 1
    if (quoted) {
      if (character !== '"') field += character
      else if (input[index + 1] === '"') {
        field += '"'
        index += 1
      } else quoted = false
    } else if (character === '"' && field === '') quoted = true
    else if (character === separator) endField()
    else if (character === '\n') endRecord()
    else if (character !== '\r' || input[index + 1] !== '\n') field += character
  }
  if (field !== '' || fields.length > 0) endRecord()
  return records
}

/** One RFC 4180 record, without its line break. */
export function csvRecord(fields: readonly string[]): string {
  return fields
    .map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',')
}
