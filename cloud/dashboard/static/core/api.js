// Reads the cloud's API with the browser's session.

const MOST_ROWS = 10_000;

export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(path, query, options) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const response = await fetch(url, { ...options, headers: { Accept: "application/json", ...options.headers } });
  if (response.status === 401) {
    location.assign(`/login?${new URLSearchParams({ next: location.pathname + location.search })}`);
    return new Promise(() => {}); // the page is being left
  }
  const body = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new ApiError(response.status, body.detail ?? `${response.status}: ${path}`);
  return body;
}

/** Return what a path answers; parameters that are null are left out. Who is not signed in any more is sent there. */
export const read = (path, query = {}) => ask(path, query, {});

/** Change something, where the cloud opens that to pages. */
export const send = (method, path, body) =>
  ask(path, {}, { method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });

/** Return all rows of an answer that comes in pages. */
export async function readRows(path, query) {
  const rows = [];
  let cursor = null;
  do {
    const answer = await read(path, { ...query, cursor, limit: MOST_ROWS });
    rows.push(...answer.rows);
    cursor = answer.next_cursor;
  } while (cursor);
  return rows;
}
