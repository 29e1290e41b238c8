// What is looked at stands in the address, so that a link shows the same to whoever opens it.

const CARRIED = { period: ["period", "from", "to"], stores: ["store"] };
const REMEMBERED = "shopthread-store";

export const param = (name) => new URLSearchParams(location.search).get(name);

/** Change parameters of the address; null takes one away. */
export function setParams(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
  followAddress();
}

/** Return the address of another view, with what this one's shares with it. */
export function viewAddress(view, values = {}) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
  const text = query.toString();
  return `/${view}${text ? `?${text}` : ""}`;
}

/** Let links that carry the store and the period, and the choices of language and colours, name what is shown now. */
export function followAddress() {
  const query = new URLSearchParams(location.search);
  for (const link of document.querySelectorAll("[data-carries]")) {
    const carried = new URLSearchParams();
    const names = link.dataset.carries.split(" ").flatMap((name) => CARRIED[name] ?? [name]);
    for (const name of names) if (query.has(name)) carried.set(name, query.get(name));
    const text = carried.toString();
    link.setAttribute("href", new URL(link.href).pathname + (text ? `?${text}` : ""));
  }
  for (const link of document.querySelectorAll("[data-choice]")) {
    const [name, value] = link.dataset.choice.split("=");
    const asked = new URLSearchParams(location.search);
    asked.set(name, value);
    link.setAttribute("href", `${location.pathname}?${asked}`);
  }
}

/** The store that was looked at last in this browser; an address without one shows it. */
export const rememberedStore = () => localStorage.getItem(REMEMBERED);
export const rememberStore = (store) => localStorage.setItem(REMEMBERED, store);
