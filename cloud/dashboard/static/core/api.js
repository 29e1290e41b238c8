// Reads the cloud's API with the browser's session.

export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Return what a path answers; parameters that are null are left out. Who is not signed in any more is sent there. */
export async function read(path, query = {}) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (response.status === 401) {
    location.assign(`/login?${new URLSearchParams({ next: location.pathname + location.search })}`);
    return new Promise(() => {}); // the page is being left
  }
  const body = await response.json();
  if (!response.ok) throw new ApiError(response.status, body.detail ?? `${response.status}: ${path}`);
  return body;
}

/** Return what `work` makes of each item, a few at a time, in the items' order. */
export async function each(items, work, atOnce = 6) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
