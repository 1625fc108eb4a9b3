// The scale of signed values with its ends, under a name.
const createLegend = (host) => {
  const bar = element("canvas", { class: "scale", "aria-hidden": "true" });
  const ends = [0, 1, 2].map(() => element("span", { class: "number" }));
  const title = element("span", { class: "quiet" });
  const box = element("div", { class: "legend" }, title, element("div", {}, bar, element("div", { class: "ends" }, ...ends)));
  host.append(box);

  // `limit`: a number, a word for it, or null where there is nothing to explain.
  const show = (name, limit, dark) => {
    box.hidden = limit === null;
    if (box.hidden) return;
    title.textContent = name;
    drawSignedBar(bar, 180, 10, dark);
    const end = typeof limit === "number" ? shortNumber(limit) : limit;
    [`−${end}`, "0", end].forEach((written, at) => (ends[at].textContent = written));
  };
  return { show };
};
