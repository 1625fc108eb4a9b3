// The keys of the list of layers: rows are walked over, opened, moved, doubled and removed without a pointer.

const isUnfinished = (input) =>
  input.matches?.("input[type=text], input.title") && (input.classList.contains("title") || input.getAttribute("aria-invalid") === "true" || (input.dataset.typed && input.dataset.sent !== input.value));

const createKeys = (host, body, formRow, { items, map, open, awaited, act, toggle, focusRow, move, change }) => {
  // Where a row is on its way to another place, a further key means it there.
  const pathOf = (target) => awaited() ?? (formRow.contains(target) ? open() : target.closest(".row")?.dataset.path);

  const walk = (path, by) => {
    const paths = items().map((item) => item.path);
    if (!paths.includes(path)) return;
    const to = { Home: 0, End: paths.length - 1 }[by] ?? paths.indexOf(path) + by;
    if (paths[to] !== undefined) focusRow(paths[to]);
  };

  // On a row itself, not in its form.
  const onRow = (path, branch) => ({
    ArrowUp: () => walk(path, -1),
    ArrowDown: () => walk(path, 1),
    Home: () => walk(path, "Home"),
    End: () => walk(path, "End"),
    ArrowRight: () => !branch && toggle(path, true),
    ArrowLeft: () => !branch && toggle(path, false),
    Enter: () => (branch ? act("addHere", path, rowButton(path)) : toggle(path, true, true)),
    " ": () => !branch && toggle(path, open() !== path),
    Insert: () => act(branch ? "addHere" : "add", path, rowButton(path)),
    "+": () => act(branch ? "addHere" : "add", path, rowButton(path)),
    Delete: () => act(branch ? "removeBranch" : "remove", path),
    Backspace: () => act(branch ? "removeBranch" : "remove", path),
    Escape: () => toggle(path, false),
  });
  const rowButton = (path) => body.querySelector(`.row[data-path="${path}"] button:last-of-type`);

  body.addEventListener("keydown", (event) => {
    const path = pathOf(event.target);
    if (path === undefined || path === null || event.isComposing) return;
    const layer = isLayer(path); // one that is on its way is not on the map yet
    const done = (what) => {
      event.preventDefault();
      event.stopPropagation();
      what();
    };
    const steps = map().moves[event.key];
    if (event.altKey && steps && layer && !event.target.matches("select")) return done(() => move(path, steps(path)));
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d" && layer) return done(() => act("duplicate", path));
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (formRow.contains(event.target)) {
      if (event.key === "Escape") done(() => focusRow(path));
      return;
    }
    if (!event.target.matches(".row")) return;
    const known = onRow(path, !layer)[event.key];
    if (known) done(known);
  });

  host.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
    if (isUnfinished(event.target)) return; // there the keys take back what was typed
    event.preventDefault();
    change(key === "y" || event.shiftKey ? "redo" : "undo");
  });
};
