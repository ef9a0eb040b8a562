// Small comforts; every page works without them.
document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && e.target.id === "sql") {
    e.preventDefault();
    document.getElementById("ask").requestSubmit();
  }
});
