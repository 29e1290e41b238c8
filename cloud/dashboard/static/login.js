// A link such as /login#key=... fills the form and sends it. The fragment never reaches the server, nor the history.
const fragment = new URLSearchParams(location.hash.slice(1));
const key = fragment.get("key");
if (key) {
  history.replaceState(null, "", "/login");
  document.getElementById("key").value = key;
  document.getElementById("signin").submit();
}
