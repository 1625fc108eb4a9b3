// Rows moved by pointer: they are held at their grip, and a line shows where they would go.

// The places between rows that the layer at `path` can go to, in pixels of the table.
const slotsOf = (table, { items, map, rows, formRow, open }, path) => {
  const origin = table.getBoundingClientRect().top;
  const boxOf = (key) => rows.get(key).row.getBoundingClientRect();
  const bottom = (key) => (key === open ? formRow.getBoundingClientRect() : boxOf(key)).bottom - origin;
  const free = (place) => !isInside(place, path);
  const before = map.layers.map((item) => ({ path: item.path, y: boxOf(item.path).top - origin, x: depthOf(item.path) * 20 + 24 }));
  const owners = ["", ...items.filter(({ branch }) => branch !== undefined).map((item) => item.path)];
  const ends = owners.map((owner) => {
    const last = items.filter((item) => owner === "" || item.path === owner || isInside(item.path, owner)).at(-1).path;
    const to = within(owner, map.lengthOf(owner));
    return { path: to, y: bottom(last), x: depthOf(to) * 20 + 24 };
  });
  return [...before, ...ends].filter((slot) => free(slot.path));
};

const createDrag = (table, { slots, drop }) => {
  const line = element("div", { class: "drop", hidden: "" });
  table.append(line);
  let held = null;

  // Of the places between rows the nearest; where several are at one height, the one at that depth.
  const nearest = (x, y) => {
    const far = (slot) => Math.abs(slot.y - y) * 8 + Math.abs(slot.x - x);
    return held.slots.reduce((best, slot) => (far(slot) < far(best) ? slot : best));
  };

  const follow = (event) => {
    const at = table.getBoundingClientRect();
    held.to = nearest(event.clientX - at.left, event.clientY - at.top);
    held.moved ||= Math.abs(event.clientY - held.from) > 4;
    line.hidden = !held.moved;
    Object.assign(line.style, { top: `${held.to.y}px`, left: `${held.to.x}px` });
    held.row.classList.toggle("held", held.moved);
  };

  const end = (drops) => {
    if (!held) return;
    const { row, path, to, moved } = held;
    row.classList.remove("held");
    line.hidden = true;
    held = null;
    if (drops && moved && to) drop(path, to.path);
  };

  const grip = (button, row, pathOf) => {
    button.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      held = { row, path: pathOf(), slots: slots(pathOf()), from: event.clientY, moved: false, to: null };
    });
    button.addEventListener("pointermove", (event) => held && follow(event));
    button.addEventListener("pointerup", () => end(true));
    button.addEventListener("pointercancel", () => end(false));
  };
  const cancel = (event) => event.key === "Escape" && end(false);
  document.addEventListener("keydown", cancel);
  return { grip, destroy: () => document.removeEventListener("keydown", cancel) };
};
