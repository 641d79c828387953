/**
 * The row of a route in a table of all routes: by its method and its pattern; a `*` at its end stands for whatever is below,
 * and a HEAD has the row of its GET.
 *
 * @param url the route's pattern
 * @param advice what is to be done where there is none, with the file
 * @throws {Error} the table has no row for it
 */
export function rowOf<Row>(
  rows: Readonly<Record<string, Row>>,
  { method, url }: { readonly method: string; readonly url: string },
  advice: string,
): Row {
  const name = `${method === 'HEAD' ? 'GET' : method} ${url}`;
  const row = rows[name] ?? rows[name.replace(/(?<=.\/)[^/]+$/, '*')];
  if (row === undefined) throw new Error(`${name} has no row in ${advice}`);
  return row;
}
