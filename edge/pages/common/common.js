// What all local pages share: the secret leaves the address bar, and requests that fail say what to do.
"use strict";

history.replaceState(null, "", location.pathname);

/** Shows one line to the operator in the element with the id `message`; an empty text hides it. */
function say(text, kind = "") {
  const place = document.getElementById("message");
  place.textContent = text;
  place.className = `message ${kind}`;
}

/** Asks the command for something. Throws an Error whose message is fit for the operator. */
async function ask(method, path, value) {
  let reply;
  try {
    const body = value === undefined ? undefined : JSON.stringify(value);
    reply = await fetch(path, { method, body });
  } catch {
    throw new Error("The command that serves this page has ended. Start it again and open the address it prints.");
  }
  if (!reply.ok) throw new Error((await reply.text()).trim());
  return reply.headers.get("Content-Type") === "application/json" ? reply.json() : reply.blob();
}
