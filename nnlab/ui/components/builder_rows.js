// The rows of the list: a layer with its numbers, or the head of a branch. Rows are kept and only brought up to
// date, so that nothing blinks and the focus stays.

const exact = (count) => count.toLocaleString("en-US");
const bytesText = (count) => {
  const unit = count < 1e3 ? 0 : count < 1e6 ? 1 : count < 1e9 ? 2 : 3;
  return `${Number((count / 1000 ** unit).toPrecision(3))} ${["B", "KB", "MB", "GB"][unit]}`;
};
const write = (node, text) => node.textContent !== text && (node.textContent = text);
const setting = (node, name, value) => {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
};

const COLUMNS = ["shape", "params", "macs", "bytes", "sees"];
const SHARED = ["params", "macs", "bytes"]; // with a bar for the share of the largest

const createLayerRow = () => {
  const grip = element("button", { type: "button", class: "grip", tabindex: -1 }, iconOf("grip"));
  const [name, kind, text, said] = ["b", "span", "span", "p"].map((tag, at) => element(tag, { class: ["name", "kind", "text", "said"][at] }));
  const what = element("div", { class: "what", role: "gridcell" }, grip, element("i", { class: "chip", "aria-hidden": "true" }), name, kind, text);
  const cells = Object.fromEntries(COLUMNS.map((column) => [column, element("div", { class: `cell number ${column}`, role: "gridcell" })]));
  const row = element("div", { class: "row layer", role: "row", tabindex: -1 }, what, ...Object.values(cells), said);

  const show = (item, { catalogue, largest, total, wrong }) => {
    const told = catalogue.kinds[item.kind];
    row.dataset.path = item.path;
    row.className = row.className.replace(/\bkind-\S+|\b(wrong|after|join)\b/g, "").trim();
    row.classList.add(`kind-${told?.family ?? "join"}`);
    row.classList.toggle("wrong", Boolean(item.wrong));
    row.classList.toggle("after", item.shape === undefined && !item.wrong);
    row.style.setProperty("--depth", depthOf(item.path));
    setting(row, "aria-level", depthOf(item.path) + 1);
    setting(grip, "aria-label", catalogue.texts.drag.replace("{name}", item.name));
    write(name, item.name);
    write(kind, told?.title ?? catalogue.texts[item.kind].replace("{count}", item.branches));
    write(text, item.text ?? "");
    setting(text, "title", item.text ?? null);
    write(said, item.wrong ? wrong : "");
    write(cells.shape, item.shape ?? "–");
    write(cells.sees, item.sees ?? "–");
    setting(cells.bytes, "title", item.bytes === undefined ? null : `${exact(item.bytes)} B`);
    for (const column of SHARED) {
      const count = item[column];
      write(cells[column], count === undefined ? "–" : column === "bytes" ? bytesText(count) : exact(count));
      cells[column].classList.toggle("none", !count);
      cells[column].style.setProperty("--share", count ? count / largest[column] : 0);
    }
    for (const column of COLUMNS) setting(cells[column], "data-label", catalogue.texts[column]);
  };
  return { row, grip, show };
};

const createBranchRow = (act) => {
  const [title, note] = [element("span", { class: "title" }), element("span", { class: "quiet note" })];
  const button = (name, icon) => element("button", { type: "button", class: "small", tabindex: -1, onclick: (event) => act(name, row.dataset.path, event.currentTarget) }, iconOf(icon));
  const [add, remove] = [button("addHere", "add"), button("removeBranch", "remove")];
  const row = element("div", { class: "row branch", role: "row", tabindex: -1 }, element("div", { class: "what", role: "gridcell" }, title, note, add, remove));
  const show = (item, { catalogue: { texts }, branches }) => {
    row.dataset.path = item.path;
    row.style.setProperty("--depth", depthOf(ownerOf(item.path)));
    setting(row, "aria-level", depthOf(ownerOf(item.path)) + 2);
    const say = (text) => text.replace("{number}", item.branch);
    write(title, say(texts.branch));
    write(note, item.layers ? "" : texts.same);
    setting(add, "aria-label", say(texts.addHere));
    setting(add, "title", say(texts.addHere));
    setting(remove, "aria-label", say(texts.removeBranch));
    setting(remove, "title", say(texts.removeBranch));
    remove.hidden = branches(ownerOf(item.path)) <= 2;
  };
  return { row, show };
};
