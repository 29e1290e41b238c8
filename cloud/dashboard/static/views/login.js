// A link such as /login#key=... fills the form and sends it. The fragment never reaches the server, nor the history.
const key = new URLSearchParams(location.hash.slice(1)).get("key");
if (key) {
  history.replaceState(null, "", location.pathname + location.search);
  document.getElementById("key").value = key;
  document.getElementById("signin").submit();
}
