/** A kind of row that is only ever inserted, under a key that nobody else has: such rows can be written many at once. */
export interface NewRows {
  readonly table: string
  /** Inserts one: a parameter per column. */
  readonly one: string
  /** Inserts many: a parameter per column again, each of them the array of that column's values. */
  readonly many: string
}

/** From the columns and their Postgres types, in the order of the values. */
export function newRows(table: string, columns: Readonly<Record<string, string>>): NewRows {
  const names = Object.keys(columns)
  const into = `insert into ${table} (${names.join(', ')})`
  const arrays = Object.values(columns).map((type, index) => `$${index + 1}::${type}[]`)
  return {
    table,
    one: `${into} values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    many: `${into} select * from unnest(${arrays.join(', ')})`,
  }
}
